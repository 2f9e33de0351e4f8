/**
 * The page's elements around the conversation, and nothing else: draws snapshots, and says what the caller wants as `intent`
 * events (detail: Want).
 *
 * @typedef {import('./snapshot.js').Snapshot} Snapshot
 * @typedef {import('./figures.js').Figures} Figures
 * @typedef {import('./strings.js').Strings} Strings
 * @typedef {import('./strings.js').Words} Words
 * @typedef {import('./strings.js').Key} Key
 * @typedef {{soundOn: boolean, time: number, talked: boolean}} Around what else decides how the page looks
 *
 * @typedef {'talk'|'type'|'again'|'reload'|'cancel'|'hear'|'microphone'|'sound'|'hang-up'|'copy'|'save'|'settings'} Press what a
 *   button is for, by its data-intent
 * @typedef {{intent: Press} | {intent: 'say'|'code'|'language', value: string} | {intent: 'volume', value: number}} Want
 */
import { bars } from './figures.js';
import { ACTIONS } from './problems.js';
import { moodOf, wordsOf } from './words.js';

/** Long enough for a screen reader to finish a click's own announcement, in milliseconds. */
const ANNOUNCE_AFTER = 250;
/** How long a button says that it has done its work, in milliseconds. */
const DONE = 2_000;
/** Other buttons come up where "Hang up" was: a second press this soon, in milliseconds, was not meant for them. */
const SAME_PRESS = 600;

/** Where index.html says which words stand: the server fills it in by the same marks. @type {Record<string, string>} */
const MARKS = { label: 'aria-label', placeholder: 'placeholder', content: 'content' };

export class View extends EventTarget {
  #strings;
  #parts;
  /** @type {Snapshot|null} */
  #shown = null;
  #announced = '';
  /** @type {Figures|null} */
  #figures = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #announcing;

  /** @param {Document} page @param {Strings} strings */
  constructor(page, strings) {
    super();
    this.#strings = strings;
    /** @param {string} id */
    const part = (id) => /** @type {HTMLElement} */ (page.getElementById(id));
    this.#parts = {
      page,
      app: part('app'),
      stage: part('stage'),
      heading: part('heading'),
      hint: part('hint'),
      clock: part('clock'),
      signal: part('signal'),
      signalWords: part('signal-words'),
      actions: part('actions'),
      dock: part('dock'),
      talk: part('talk'),
      figures: part('figures'),
      waited: part('figures-waited'),
      compose: /** @type {HTMLFormElement} */ (part('compose')),
      field: /** @type {HTMLInputElement} */ (part('field')),
      code: /** @type {HTMLFormElement} */ (part('code-form')),
      codeField: /** @type {HTMLInputElement} */ (part('code')),
      microphone: part('microphone'),
      microphoneLabel: part('microphone-label'),
      sound: part('sound'),
      soundLabel: part('sound-label'),
      volume: /** @type {HTMLInputElement} */ (part('volume')),
      language: /** @type {HTMLSelectElement} */ (part('language')),
      announcer: part('announcer'),
    };
    this.avatar = /** @type {SVGElement} */ (/** @type {unknown} */ (part('avatar')));
    this.voices = part('voices');
    this.microphone = this.#parts.microphone;
    /** @type {HTMLElement[]} */
    this.bars = [...this.#parts.microphone.querySelectorAll('i')];
    // As delivered they wait for this code.
    for (const button of page.querySelectorAll('[data-intent]')) button.removeAttribute('disabled');
    this.#wire();
  }

  /** @param {Snapshot} now @param {Around} around */
  render(now, around) {
    const { app, stage, dock, talk, actions, compose, code, codeField, language, page } = this.#parts;
    const before = this.#shown;
    this.#shown = now;
    const focused = page.activeElement;
    const words = wordsOf(now, around, this.#strings);
    app.dataset.phase = now.phase;
    app.dataset.mood = moodOf(now);
    app.classList.toggle('is-interrupted', now.phase === 'live' && now.interrupted);
    app.classList.toggle('is-muted', now.phase === 'live' && now.voice && !now.microphoneOn && !now.pushToTalk);
    this.#say(words);

    const inCall = ['live', 'reconnecting'].includes(now.phase) || (now.phase === 'waiting' && now.startedAt !== null);
    const offers = this.#offers(now);
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (actions.querySelectorAll('[data-intent]'))) {
      button.hidden = !offers.has(button.dataset.intent ?? '');
    }
    code.hidden = !offers.has('code');
    actions.hidden = offers.size === 0;
    if (before && before.phase !== 'ended' && now.phase === 'ended') {
      actions.classList.add('is-fresh');
      setTimeout(() => actions.classList.remove('is-fresh'), SAME_PRESS);
    }
    dock.hidden = !inCall;
    talk.hidden = !inCall && !around.talked;
    compose.hidden = !inCall;
    language.hidden = !['idle', 'ended'].includes(now.phase);
    this.#talkLabel(now);
    this.#controls(now, around.soundOn);
    this.#clock(now);
    this.#signal(now.quality);

    // The button that was pressed is gone: bring the keyboard to what replaced it.
    if (!code.hidden && before?.problem !== now.problem) {
      codeField.value = '';
      codeField.focus();
    } else if (focused !== page.body && focused instanceof HTMLElement && focused.offsetParent === null && !focused.closest('dialog')) {
      stage.focus({ preventScroll: true });
    }
    if (before?.phase !== 'live' && now.phase === 'live' && !now.voice) this.#parts.field.focus();
    this.#announcePhase(before, now, words);
  }

  /** Redraws what moves with the clock only. @param {Snapshot} now @param {Around} around */
  tick(now, around) {
    if (now.retryAt !== null) this.#say(wordsOf(now, around, this.#strings));
    this.#clock(now);
  }

  /** Shows where the time before the last answer went, or nothing. @param {Figures|null} now */
  figures(now) {
    const { figures, waited } = this.#parts;
    this.#figures = now;
    figures.hidden = now === null;
    if (now === null) return;
    const tenths = (/** @type {number} */ seconds) => ({ seconds: this.#strings.tenths.format(seconds) });
    waited.textContent = this.#strings.text('waited', tenths(now.waited));
    for (const [step, { from, to }] of Object.entries(bars(now))) {
      const line = /** @type {HTMLElement} */ (figures.querySelector(`[data-step="${step}"]`));
      line.style.setProperty('--from', String(from));
      line.style.setProperty('--to', String(to));
      const took = /** @type {HTMLElement} */ (line.querySelector('b'));
      took.textContent = this.#strings.text('took', tenths(now[/** @type {'heard'|'thought'|'spoke'} */ (step)]));
    }
  }

  /** Shows that the caller is heard while Alex speaks. @param {boolean} heard */
  heard(heard) {
    this.#parts.app.classList.toggle('is-heard', heard);
  }

  /** @param {number} volume 0 to 1 */
  set volume(volume) {
    this.#parts.volume.valueAsNumber = Math.round(volume * 100);
  }

  /** Reads a sentence out to a screen reader. @param {string} text */
  announce(text) {
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => {
      this.#parts.announcer.textContent = text;
    }, ANNOUNCE_AFTER);
  }

  /** Lets a button say for a moment that it has done what it is for. @param {Press} intent @param {Key} key */
  done(intent, key) {
    const { page } = this.#parts;
    const label = page.querySelector(`[data-intent="${intent}"] [data-text]`);
    if (!(label instanceof HTMLElement)) return;
    label.textContent = `${this.#strings.text(key)} ✓`;
    this.announce(this.#strings.text(key));
    setTimeout(() => {
      label.textContent = this.#strings.text(/** @type {Key} */ (label.dataset.text));
    }, DONE);
  }

  /** Says everything in another language. @param {Strings} strings */
  speak(strings) {
    const { page } = this.#parts;
    this.#strings = strings;
    page.documentElement.lang = strings.language;
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll('[data-text]'))) {
      element.textContent = strings.text(/** @type {Key} */ (element.dataset.text));
    }
    for (const [mark, attribute] of Object.entries(MARKS)) {
      for (const element of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(`[data-${mark}]`))) {
        element.setAttribute(attribute, strings.text(/** @type {Key} */ (element.dataset[mark])));
      }
    }
    this.figures(this.#figures);
  }

  #wire() {
    const { page, compose, field, code, codeField, volume, language } = this.#parts;
    page.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('[data-intent]') : null;
      if (button instanceof HTMLElement) this.#want({ intent: /** @type {Press} */ (button.dataset.intent) });
    });
    volume.addEventListener('input', () => this.#want({ intent: 'volume', value: volume.valueAsNumber / 100 }));
    language.addEventListener('change', () => this.#want({ intent: 'language', value: language.value }));
    compose.addEventListener('submit', (event) => {
      event.preventDefault();
      // Kept in the field until somebody is there to read it.
      if (!field.value.trim() || this.#shown?.phase !== 'live') return;
      this.#want({ intent: 'say', value: field.value });
      field.value = '';
    });
    code.addEventListener('submit', (event) => {
      event.preventDefault();
      if (codeField.value.trim()) this.#want({ intent: 'code', value: codeField.value.trim() });
    });
  }

  #want(/** @type {Want} */ detail) {
    this.dispatchEvent(new CustomEvent('intent', { detail }));
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
        return new Set(now.problem ? ACTIONS[now.problem] : ['talk', 'type']);
      case 'live':
      case 'reconnecting':
        return new Set();
      default:
        return new Set(now.startedAt === null ? ['cancel'] : []);
    }
  }

  #talkLabel(/** @type {Snapshot} */ now) {
    const label = this.#parts.actions.querySelector('[data-text="talk"]');
    if (label) label.textContent = this.#strings.text(now.phase === 'ended' ? 'talkAgain' : 'talk');
  }

  #controls(/** @type {Snapshot} */ now, /** @type {boolean} */ soundOn) {
    const { microphone, microphoneLabel, sound, soundLabel } = this.#parts;
    const { voice, microphoneOn: on, pushToTalk } = now;
    microphone.classList.toggle('is-off', !on && !(voice && pushToTalk));
    microphone.classList.toggle('is-held', voice && pushToTalk && on);
    microphone.toggleAttribute('disabled', !voice);
    const word = pushToTalk ? (on ? 'holding' : 'hold') : on ? 'microphoneOn' : 'microphoneOff';
    microphoneLabel.textContent = this.#strings.text(voice ? word : 'microphoneNone');
    sound.classList.toggle('is-off', !soundOn);
    soundLabel.textContent = this.#strings.text(soundOn ? 'soundOn' : 'soundOff');
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

  #signal(/** @type {Snapshot['quality']} */ quality) {
    const { signal, signalWords } = this.#parts;
    signal.hidden = quality === null;
    if (quality === null) return;
    const words = this.#strings.text(`quality.${quality}`);
    if (signal.dataset.quality !== quality && quality !== 'good') this.announce(words);
    signal.dataset.quality = quality;
    signalWords.textContent = words;
  }

  /** Phases and problems are worth a word; Alex's moods change too often and are heard. */
  #announcePhase(/** @type {Snapshot|null} */ before, /** @type {Snapshot} */ now, /** @type {Words} */ words) {
    const { phase } = now;
    const titled = phase === 'busy' || phase === 'live' || phase === 'ended';
    document.title = this.#strings.text(titled ? `pageTitle.${phase}` : 'title');
    const key = [now.phase, now.problem, now.phase === 'waiting' ? now.wait : '', now.audioBlocked].join();
    if (key === this.#announced) return;
    this.#announced = key;
    if (before === null) return;
    const live = now.phase === 'live' && !now.audioBlocked;
    this.announce(live ? this.#strings.text('announce.live') : `${words.heading} ${words.hint}`);
  }
}
