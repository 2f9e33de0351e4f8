/**
 * Everything on the page that follows sound: the avatar, the bars of the microphone, the level of the sound check. Measures the
 * microphone and Alex, draws while there is something to see, and rests otherwise.
 *
 * @typedef {import('./avatar.js').AvatarMood} AvatarMood
 * @typedef {import('./room.js').Track} Track
 */
import { Avatar } from './avatar.js';
import { drawBars, Meter, SILENCE } from './meter.js';

/** Thirty pictures a second look the same as sixty here and cost a phone half as much; in milliseconds. */
const FRAME = 1000 / 31;

/** Loudness of the microphone, 0 to 1, that is a voice and not a room. */
const VOICE = 0.35;

/**
 * @typedef {object} Scene what to draw now
 * @property {AvatarMood} mood
 * @property {boolean} moving
 * @property {boolean} microphoneOn
 * @property {boolean} checking whether the sound check shows the microphone too
 */

export class Stage {
  /** @type {AudioContext|null} */
  context = null;
  /** @type {Meter|null} */
  #mine = null;
  /** @type {Meter|null} */
  #alex = null;
  /** @type {MediaStreamTrack|null} */
  #microphone = null;
  #avatar;
  #bars;
  #scene;
  #level;
  #heard;
  #drawing = 0;
  #drawnAt = 0;

  /**
   * @param {SVGElement} avatar
   * @param {HTMLElement[]} bars
   * @param {object} does
   * @param {() => Scene} does.scene
   * @param {(level: number) => void} does.level told the microphone's loudness during a sound check
   * @param {(heard: boolean) => void} does.heard told whether the microphone hears a voice
   */
  constructor(avatar, bars, { scene, level, heard }) {
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    this.#avatar = new Avatar(avatar, calm.matches);
    calm.addEventListener('change', () => {
      this.#avatar.calm = calm.matches;
    });
    this.#bars = bars;
    this.#scene = scene;
    this.#level = level;
    this.#heard = heard;
    document.addEventListener('visibilitychange', () => this.update());
  }

  /** Lets sound be measured and played. Call it inside a click, or the browser keeps it silent. */
  wake() {
    this.context ??= new AudioContext({ latencyHint: 'interactive' });
    this.#mine ??= new Meter(this.context);
    this.#alex ??= new Meter(this.context);
    void this.context.resume();
    return this.context;
  }

  /** @param {MediaStreamTrack|null} track */
  listen(track) {
    if (track === this.#microphone) return;
    this.#microphone = track;
    this.#mine?.clear();
    if (track) this.#mine?.add(track);
  }

  /** @param {Track} track */
  add(track) {
    this.#alex?.add(track.mediaStreamTrack);
  }

  /** @param {Track} track */
  remove(track) {
    this.#alex?.remove(track.mediaStreamTrack);
  }

  /** Draws, or rests, as the scene is now. */
  update() {
    const { mood, moving, checking } = this.#scene();
    if (!moving && !checking) {
      cancelAnimationFrame(this.#drawing);
      this.#drawing = 0;
    } else if (!this.#drawing && !document.hidden) {
      this.#drawing = requestAnimationFrame((time) => this.#frame(time));
    }
    if (!moving) this.#avatar.rest(mood);
  }

  /** @param {number} time in milliseconds */
  #frame(time) {
    this.#drawing = document.hidden ? 0 : requestAnimationFrame((next) => this.#frame(next));
    if (time - this.#drawnAt < FRAME) return;
    this.#drawnAt = time;
    const { mood, moving, microphoneOn, checking } = this.#scene();
    const mine = (this.#microphone && this.#mine?.read()) || SILENCE;
    if (checking) this.#level(mine.level);
    if (!moving) return;
    const shown = microphoneOn ? mine : SILENCE;
    this.#heard(shown.level > VOICE);
    this.#avatar.frame(mood, { mine: shown, alex: this.#alex?.read() ?? SILENCE, seconds: time / 1000 });
    drawBars(this.#bars, shown);
  }
}
