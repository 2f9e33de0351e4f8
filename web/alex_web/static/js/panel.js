/**
 * The dialog for sound and microphone: devices, a check of both before or in a call, hold to talk.
 *
 * Says what is wanted as `choice` events (detail: Choice).
 *
 * @typedef {import('./devices.js').Device} Device
 * @typedef {import('./strings.js').Strings} Strings
 *
 * @typedef {{what: 'microphone'|'speaker', value: string} | {what: 'push-to-talk', value: boolean} |
 *   {what: 'loudness', value: number} | {what: 'check'|'sound'|'closed'}} Choice
 */

/** Loudness, 0 to 1, that is a voice and not a room; and how long it may take before we doubt, in milliseconds. */
const VOICE = 0.3;
const DOUBT = 4_000;

export class Panel extends EventTarget {
  #parts;
  #strings;
  #checkingSince = 0;
  #heard = false;

  /** @param {Document} page @param {Strings} strings */
  constructor(page, strings) {
    super();
    this.#strings = strings;
    /** @param {string} id */
    const part = (id) => /** @type {HTMLElement} */ (page.getElementById(id));
    this.#parts = {
      panel: /** @type {HTMLDialogElement} */ (part('panel')),
      microphone: /** @type {HTMLSelectElement} */ (part('pick-microphone')),
      speaker: /** @type {HTMLSelectElement} */ (part('pick-speaker')),
      speakerChoice: part('speaker-choice'),
      unnamed: part('unnamed'),
      check: part('check-microphone'),
      checkLevel: part('check-level'),
      checkResult: part('check-result'),
      sound: part('play-sound'),
      pushToTalk: /** @type {HTMLInputElement} */ (part('push-to-talk')),
      loudness: /** @type {HTMLInputElement} */ (part('loudness')),
      close: part('panel-close'),
    };
    this.#wire();
  }

  get open() {
    return this.#parts.panel.open;
  }

  /** @param {{pushToTalk: boolean, volume: number, speakers: boolean, canCheck: boolean}} now */
  show({ pushToTalk, volume, speakers, canCheck }) {
    const { panel, pushToTalk: box, loudness, speakerChoice, check, checkLevel } = this.#parts;
    box.checked = pushToTalk;
    loudness.valueAsNumber = Math.round(volume * 100);
    speakerChoice.hidden = !speakers;
    check.hidden = !canCheck;
    checkLevel.hidden = true;
    this.#say('');
    panel.showModal();
  }

  /** @param {{microphones: Device[], speakers: Device[]}} devices @param {{microphone: string, speaker: string}} chosen */
  offer({ microphones, speakers }, chosen) {
    const { microphone, speaker, unnamed } = this.#parts;
    this.#fill(microphone, microphones, chosen.microphone, 'panel.microphoneNumber');
    this.#fill(speaker, speakers, chosen.speaker, 'panel.speakerNumber');
    unnamed.hidden = [...microphones, ...speakers].some((device) => device.label);
  }

  /** The microphone is open: shows how loud it is from now on. */
  checking() {
    const { check, checkLevel, close } = this.#parts;
    // Where the keyboard was is gone; it belongs on what is left to do.
    if (document.activeElement === check) close.focus();
    check.hidden = true;
    checkLevel.hidden = false;
    this.#checkingSince = performance.now();
    this.#heard = false;
    this.#say(this.#strings.text('panel.listening'));
  }

  /** @param {number} level loudness of the microphone, 0 to 1 */
  level(level) {
    const { checkLevel, checkResult } = this.#parts;
    checkLevel.style.setProperty('--level', level.toFixed(3));
    if (this.#heard || checkLevel.hidden) return; // nobody asked how loud it is
    if (level > VOICE) {
      this.#heard = true;
      this.#say(this.#strings.text('panel.heard'));
    } else if (performance.now() - this.#checkingSince > DOUBT) {
      const quiet = this.#strings.text('panel.quiet');
      if (checkResult.textContent !== quiet) this.#say(quiet);
    }
  }

  /** @param {string} text a sentence that a screen reader reads too */
  tell(text) {
    this.#say(text);
  }

  /** @param {Strings} strings */
  speak(strings) {
    this.#strings = strings;
  }

  #say(/** @type {string} */ text) {
    this.#parts.checkResult.textContent = text;
  }

  /** @param {HTMLSelectElement} select @param {Device[]} devices @param {string} chosen @param {import('./strings.js').Key} unnamed */
  #fill(select, devices, chosen, unnamed) {
    const option = (/** @type {string} */ id, /** @type {string} */ label) => new Option(label, id, false, id === chosen);
    select.replaceChildren(
      option('', this.#strings.text('panel.systemDefault')),
      ...devices.map(({ id, label }, i) => option(id, label || this.#strings.text(unnamed, { number: i + 1 }))),
    );
  }

  #wire() {
    const { panel, microphone, speaker, check, sound, pushToTalk, loudness, close } = this.#parts;
    const choice = (/** @type {Choice} */ detail) => this.dispatchEvent(new CustomEvent('choice', { detail }));
    microphone.addEventListener('change', () => choice({ what: 'microphone', value: microphone.value }));
    speaker.addEventListener('change', () => choice({ what: 'speaker', value: speaker.value }));
    check.addEventListener('click', () => choice({ what: 'check' }));
    sound.addEventListener('click', () => {
      choice({ what: 'sound' });
      this.#say(this.#strings.text('panel.played'));
    });
    pushToTalk.addEventListener('change', () => choice({ what: 'push-to-talk', value: pushToTalk.checked }));
    loudness.addEventListener('input', () => choice({ what: 'loudness', value: loudness.valueAsNumber / 100 }));
    close.addEventListener('click', () => panel.close());
    panel.addEventListener('close', () => choice({ what: 'closed' }));
    // A click beside the dialog puts it away: only the ground behind it is the dialog itself.
    panel.addEventListener('click', (event) => event.target === panel && panel.close());
  }
}
