/**
 * The page's elements, and nothing else: draws snapshots and captions, and says what the caller wants as `intent` events.
 *
 * @typedef {import('./call.js').Snapshot} Snapshot
 * @typedef {import('./call.js').Caption} Caption
 * @typedef {import('./figures.js').Figures} Figures
 * @typedef {import('./strings.js').Strings} Strings
 * @typedef {import('./strings.js').Words} Words
 * @typedef {import('./avatar.js').AvatarMood} AvatarMood
 *
 * @typedef {'talk'|'type'|'again'|'cancel'|'hear'|'microphone'|'sound'|'volume'|'hang-up'|'say'} Intent
 */

import { bars } from './figures.js';

/** Long enough for a screen reader to finish a click's own announcement, in milliseconds. */
const ANNOUNCE_AFTER = 250;

/** Closer to the end than this, new captions keep scrolling along; in pixels. */
const NEAR_END = 80;

export class View extends EventTarget {
  #words;
  #parts;
  /** @type {Map<string, HTMLElement>} */
  #lines = new Map();
  /** @type {Snapshot|null} */
  #shown = null;
  #announced = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #announcing;

  /**
   * @param {Document} page
   * @param {Strings} words
   */
  constructor(page, words) {
    super();
    this.#words = words;
    /** @template {HTMLElement} [T=HTMLElement] @param {string} id */
    const part = (id) => /** @type {T} */ (page.getElementById(id));
    this.#parts = {
      page,
      app: part('app'),
      stage: part('stage'),
      heading: part('heading'),
      hint: part('hint'),
      clock: part('clock'),
      actions: part('actions'),
      dock: part('dock'),
      talk: part('talk'),
      scroll: part('scroll'),
      empty: part('empty'),
      captions: part('captions'),
      figures: part('figures'),
      waited: part('figures-waited'),
      compose: /** @type {HTMLFormElement} */ (page.getElementById('compose')),
      field: /** @type {HTMLInputElement} */ (page.getElementById('field')),
      microphone: part('microphone'),
      microphoneLabel: part('microphone-label'),
      sound: part('sound'),
      soundLabel: part('sound-label'),
      volume: /** @type {HTMLInputElement} */ (page.getElementById('volume')),
      announcer: part('announcer'),
    };
    this.avatar = /** @type {SVGElement} */ (/** @type {unknown} */ (part('avatar')));
    this.voices = part('voices');
    /** @type {HTMLElement[]} */
    this.bars = [...this.#parts.microphone.querySelectorAll('i')];
    this.#translate();
    this.#wire();
  }

  /** @param {Snapshot} now @param {{soundOn: boolean, seconds: number}} around */
  render(now, around) {
    const { app, stage, dock, talk, actions, compose, page } = this.#parts;
    const before = this.#shown;
    this.#shown = now;
    const focused = page.activeElement;
    const words = this.words(now, around);
    app.dataset.phase = now.phase;
    app.dataset.mood = moodOf(now);
    this.#say(words);

    const inCall = ['live', 'reconnecting'].includes(now.phase) || (now.phase === 'waiting' && now.startedAt !== null);
    const offers = this.#offers(now);
    for (const button of actions.querySelectorAll('button')) {
      button.hidden = !offers.has(button.dataset.intent ?? '');
      button.disabled = false; // as delivered they wait for this code
    }
    actions.hidden = offers.size === 0;
    dock.hidden = !inCall;
    talk.hidden = !inCall && this.#lines.size === 0;
    compose.hidden = !inCall;
    this.#parts.empty.hidden = this.#lines.size > 0;
    this.#talkLabel(now);
    this.#controls(now, around.soundOn);
    this.#clock(now);

    // The button that was pressed is gone: bring the keyboard to what replaced it.
    if (focused !== page.body && focused instanceof HTMLElement && focused.offsetParent === null) {
      stage.focus({ preventScroll: true });
    }
    if (before?.phase !== 'live' && now.phase === 'live' && !now.voice) this.#parts.field.focus();
    this.#announcePhase(before, now, words);
  }

  /** Redraws what moves with the clock only. @param {Snapshot} now @param {{soundOn: boolean, seconds: number}} around */
  tick(now, around) {
    if (now.phase === 'busy') this.#say(this.words(now, around));
    this.#clock(now);
  }

  /**
   * @param {Snapshot} now
   * @param {{soundOn: boolean, seconds: number}} around
   * @returns {Words}
   */
  words(now, { soundOn, seconds }) {
    const { states, problems, busy, trying } = this.#words;
    const state = (/** @type {string} */ name) => /** @type {Words} */ (states[name]);
    switch (now.phase) {
      case 'busy':
        return now.retryAt === null ? trying : busy(Math.max(1, Math.ceil(now.retryAt / 1000 - seconds)));
      case 'waiting':
        return state({ first: 'waiting', long: 'waitingLong', again: 'waitingAgain' }[now.wait]);
      case 'live':
        if (now.mood === 'speaking') return state(soundOn ? (now.voice ? 'speaking' : 'speakingTyping') : 'speakingSilent');
        if (now.mood === 'thinking') return state('thinking');
        if (!now.voice) return state(now.microphoneLost ? 'listeningLost' : 'listeningTyping');
        return state(now.microphoneOn ? 'listening' : 'listeningMuted');
      case 'ended':
        if (now.problem) return problems[now.problem] ?? /** @type {Words} */ (problems['server-trouble']);
        return state(now.endedBy === 'alex' ? 'endedByAlex' : 'endedByYou');
      default:
        return state(now.phase);
    }
  }

  /** @param {Caption} caption */
  caption({ id, who, text, final, failed = false }) {
    const { captions, scroll, empty } = this.#parts;
    const follow = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
    let line = this.#lines.get(id);
    if (!line) {
      line = captions.appendChild(document.createElement('li'));
      line.className = `line from-${who}`;
      const name = line.appendChild(document.createElement('span'));
      name.className = 'who';
      name.textContent = this.#words[who];
      line.appendChild(document.createElement('p')).className = 'text';
      this.#lines.set(id, line);
      empty.hidden = true;
    }
    line.classList.toggle('is-interim', !final);
    const paragraph = /** @type {HTMLElement} */ (line.querySelector('.text'));
    if (paragraph.textContent !== text) paragraph.textContent = text;
    if (failed) {
      const note = line.appendChild(document.createElement('p'));
      note.className = 'not-sent';
      note.textContent = this.#words.notSent;
      this.announce(this.#words.notSent);
    }
    if (follow) scroll.scrollTop = scroll.scrollHeight;
  }

  /** Shows where the time before the last answer went. @param {Figures} now */
  figures(now) {
    const { figures, waited } = this.#parts;
    waited.textContent = this.#words.waited(now.waited);
    for (const [step, { from, to }] of Object.entries(bars(now))) {
      const line = /** @type {HTMLElement} */ (figures.querySelector(`[data-step="${step}"]`));
      line.style.setProperty('--from', String(from));
      line.style.setProperty('--to', String(to));
      const took = /** @type {HTMLElement} */ (line.querySelector('b'));
      took.textContent = this.#words.took(now[/** @type {'heard'|'thought'|'spoke'} */ (step)]);
    }
    figures.hidden = false;
  }

  clearCaptions() {
    this.#lines.clear();
    this.#parts.figures.hidden = true;
    this.#parts.captions.replaceChildren();
  }

  /** Reads a sentence out to a screen reader. @param {string} text */
  announce(text) {
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => {
      this.#parts.announcer.textContent = text;
    }, ANNOUNCE_AFTER);
  }

  #translate() {
    const { page } = this.#parts;
    const words = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (this.#words));
    const word = (/** @type {string|undefined} */ key) => String(words[key ?? ''] ?? '');
    for (const element of page.querySelectorAll('[data-text]')) {
      element.textContent = word(/** @type {HTMLElement} */ (element).dataset.text);
    }
    for (const element of page.querySelectorAll('[data-label]')) {
      element.setAttribute('aria-label', word(/** @type {HTMLElement} */ (element).dataset.label));
    }
    for (const element of page.querySelectorAll('[data-placeholder]')) {
      element.setAttribute('placeholder', word(/** @type {HTMLElement} */ (element).dataset.placeholder));
    }
  }

  #wire() {
    const { page, compose, field, volume } = this.#parts;
    page.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('[data-intent]') : null;
      if (button instanceof HTMLElement) this.#want(/** @type {Intent} */ (button.dataset.intent));
    });
    volume.addEventListener('input', () => this.#want('volume', volume.valueAsNumber / 100));
    compose.addEventListener('submit', (event) => {
      event.preventDefault();
      // Kept in the field until somebody is there to read it.
      if (!field.value.trim() || this.#shown?.phase !== 'live') return;
      this.#want('say', field.value);
      field.value = '';
    });
  }

  #want(/** @type {Intent} */ intent, /** @type {unknown} */ value = null) {
    this.dispatchEvent(new CustomEvent('intent', { detail: { intent, value } }));
  }

  /** Writes only what changed: a heading set to itself is still read again by some screen readers. */
  #say(/** @type {Words} */ { heading, hint }) {
    const parts = this.#parts;
    if (parts.heading.textContent !== heading) parts.heading.textContent = heading;
    if (parts.hint.textContent !== hint) parts.hint.textContent = hint;
  }

  /** @returns {Set<string>} the intents offered as large buttons */
  #offers(/** @type {Snapshot} */ now) {
    if (now.audioBlocked) return new Set(['hear']);
    switch (now.phase) {
      case 'idle':
        return new Set(['talk', 'type']);
      case 'ended':
        return new Set(now.problem ? this.#words.problems[now.problem]?.actions ?? ['again'] : ['talk', 'type']);
      case 'live':
      case 'reconnecting':
        return new Set();
      default:
        return new Set(now.startedAt === null ? ['cancel'] : []);
    }
  }

  #talkLabel(/** @type {Snapshot} */ now) {
    const label = this.#parts.actions.querySelector('[data-text="talk"]');
    if (label) label.textContent = now.phase === 'ended' ? this.#words.talkAgain : this.#words.talk;
  }

  #controls(/** @type {Snapshot} */ now, /** @type {boolean} */ soundOn) {
    const { microphone, microphoneLabel, sound, soundLabel } = this.#parts;
    const words = this.#words;
    microphone.classList.toggle('is-off', !now.microphoneOn);
    microphone.toggleAttribute('disabled', !now.voice);
    microphoneLabel.textContent = now.voice ? (now.microphoneOn ? words.microphoneOn : words.microphoneOff) : words.microphoneNone;
    sound.classList.toggle('is-off', !soundOn);
    soundLabel.textContent = soundOn ? words.soundOn : words.soundOff;
  }

  #clock(/** @type {Snapshot} */ now) {
    const { clock } = this.#parts;
    clock.hidden = now.startedAt === null;
    if (now.startedAt === null) return;
    const seconds = Math.max(0, Math.floor(((now.endedAt ?? Date.now()) - now.startedAt) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (clock.textContent !== text) {
      clock.textContent = text;
      clock.setAttribute('datetime', `PT${seconds}S`);
    }
  }

  /** Phases and problems are worth a word; Alex's moods change too often and are heard. */
  #announcePhase(/** @type {Snapshot|null} */ before, /** @type {Snapshot} */ now, /** @type {Words} */ words) {
    const { pageTitle, title, announce } = this.#words;
    document.title = { busy: pageTitle.busy, live: pageTitle.live, ended: pageTitle.ended }[/** @type {string} */ (now.phase)] ?? title;
    const key = [now.phase, now.problem, now.phase === 'waiting' ? now.wait : ''].join();
    if (key === this.#announced) return;
    this.#announced = key;
    if (before === null) return;
    this.announce(now.phase === 'live' ? announce.live : `${words.heading} ${words.hint}`);
  }
}

/** @param {Snapshot} now @returns {AvatarMood} */
export function moodOf(now) {
  switch (now.phase) {
    case 'live':
      return now.mood;
    case 'ended':
      return now.problem ? 'sorry' : 'asleep';
    case 'reconnecting':
      return 'away';
    case 'microphone':
      return 'asking';
    case 'idle':
      return 'idle';
    default:
      return 'calling';
  }
}
