/**
 * Alex's face: a sun whose rays are the visualizer and whose mouth follows the real voice. What is slow (rising, setting,
 * blinking, breathing) is CSS on `data-mood`; here is only what follows sound.
 *
 * @typedef {import('./meter.js').Levels} Levels
 * @typedef {'idle'|'asking'|'calling'|'listening'|'thinking'|'speaking'|'away'|'asleep'|'sorry'} AvatarMood
 */
import { BANDS } from './meter.js';

const CENTRE = { x: 180, y: 190 };
/** Rays start here, just outside the head. */
const INNER = 86;
/** Each band twice, mirrored, so that the voice is even on both sides. */
const RAYS = BANDS * 2;
const SVG = 'http://www.w3.org/2000/svg';

export class Avatar {
  #rays;
  #mouths;
  #gaze;
  /** @type {AvatarMood} */
  #mood = 'idle';
  #open = 0;
  #lengths = new Float32Array(RAYS);

  /**
   * @param {SVGElement} root
   * @param {boolean} calm whether the viewer asked for less motion
   */
  constructor(root, calm) {
    this.calm = calm;
    this.#rays = drawRays(/** @type {SVGElement} */ (root.querySelector('.rays')));
    this.#mouths = [...root.querySelectorAll('.mouth-shape')];
    this.#gaze = /** @type {SVGElement} */ (root.querySelector('.gaze'));
    this.rest('idle');
  }

  /** Draws a mood that no sound moves. @param {AvatarMood} mood */
  rest(mood) {
    this.#mood = mood;
    this.#open = 0;
    for (let i = 0; i < RAYS; i += 1) this.#ray(i, REST[mood](i), 1);
    this.#mouth(0);
    this.#look();
  }

  /**
   * Draws one frame of a call.
   *
   * @param {AvatarMood} mood
   * @param {{mine: Levels, alex: Levels, seconds: number}} now levels of both sides, and a running clock
   */
  frame(mood, { mine, alex, seconds }) {
    if (mood !== this.#mood) {
      this.#mood = mood;
      this.#look();
    }
    const clock = this.calm ? 0 : seconds;
    for (let i = 0; i < RAYS; i += 1) {
      const band = i < BANDS ? i : RAYS - 1 - i;
      this.#ray(i, this.#target(i, band, mine, alex, clock), this.calm ? 0.12 : 0.45);
    }
    // A mouth that follows loudness alone chews; half of the low bands makes vowels wider than hisses.
    const vowels = ((alex.bands[4] ?? 0) + (alex.bands[5] ?? 0) + (alex.bands[6] ?? 0)) / 3;
    const wanted = mood === 'speaking' ? Math.min(1, alex.level * 0.55 + vowels * 0.6) : 0;
    this.#open += (wanted - this.#open) * (this.calm ? 0.15 : 0.5);
    this.#mouth(this.#open);
  }

  /** @param {number} i @param {number} band @param {Levels} mine @param {Levels} alex @param {number} clock */
  #target(i, band, mine, alex, clock) {
    const angle = (i / RAYS) * Math.PI * 2;
    switch (this.#mood) {
      case 'speaking':
        // The power pulls loud and less loud bands apart, or a steady voice makes a plain ring.
        return 7 + (alex.bands[band] ?? 0) ** 1.6 * 48 * (i % 2 ? 0.78 : 1);
      case 'listening':
        return 3 + (mine.bands[band] ?? 0) * 26;
      case 'thinking':
      case 'calling':
      case 'away':
        return this.calm ? REST[this.#mood](i) : 4 + 15 * Math.max(0, Math.cos(angle - clock * 3.2)) ** 6;
      default:
        return REST[this.#mood](i);
    }
  }

  /** @param {number} i @param {number} target @param {number} speed share of the way to go in this frame */
  #ray(i, target, speed) {
    const before = this.#lengths[i] ?? 0;
    const length = before + (target - before) * speed;
    this.#lengths[i] = length;
    const ray = this.#rays[i];
    if (ray && (speed === 1 || Math.abs(length - before) > 0.05)) ray.setAttribute('x2', String(INNER + Math.max(0.1, length)));
  }

  /** @param {number} open 0 (a smile) to 1 (a wide vowel) */
  #mouth(open) {
    const { width, smile } = SMILE[this.#mood];
    const half = width - open * 5;
    const top = smile * (1 - open * 0.9);
    const low = smile + 6 * Math.sign(open) + open * 30;
    const path = `M${-half} 0Q0 ${top.toFixed(1)} ${half} 0Q0 ${low.toFixed(1)} ${-half} 0Z`;
    for (const mouth of this.#mouths) mouth.setAttribute('d', path);
  }

  #look() {
    const [x, y] = GAZE[this.#mood];
    this.#gaze.style.transform = `translate(${x}px, ${y}px)`;
  }
}

/** Length of ray `i` when nothing moves it. @type {Record<AvatarMood, (i: number) => number>} */
const REST = {
  idle: (i) => (i % 2 ? 9 : 17),
  asking: (i) => (i % 2 ? 5 : 9),
  calling: (i) => (i % 4 ? 4 : 12),
  listening: () => 3,
  thinking: (i) => (i % 4 ? 4 : 12),
  speaking: (i) => (i % 2 ? 9 : 14),
  away: (i) => (i % 4 ? 3 : 9),
  asleep: () => 5,
  sorry: () => 2,
};

/** Where the eyes go: to the browser's question, up into a thought. @type {Record<AvatarMood, [number, number]>} */
const GAZE = {
  idle: [0, 0],
  asking: [-9, -9],
  calling: [0, -4],
  listening: [0, 1],
  thinking: [8, -9],
  speaking: [0, 0],
  away: [-8, 0],
  asleep: [0, 4],
  sorry: [0, 4],
};

/** @type {Record<AvatarMood, {width: number, smile: number}>} */
const SMILE = {
  idle: { width: 24, smile: 24 },
  asking: { width: 13, smile: 10 },
  calling: { width: 18, smile: 14 },
  listening: { width: 19, smile: 16 },
  thinking: { width: 11, smile: 5 },
  speaking: { width: 22, smile: 18 },
  away: { width: 12, smile: 0 },
  asleep: { width: 18, smile: 15 },
  sorry: { width: 14, smile: -9 },
};

/** @param {SVGElement} group */
function drawRays(group) {
  return Array.from({ length: RAYS }, (_, i) => {
    const ray = document.createElementNS(SVG, 'line');
    ray.setAttribute('class', 'ray');
    ray.setAttribute('x1', String(INNER));
    ray.setAttribute('x2', String(INNER));
    const degrees = ((i + 0.5) / RAYS) * 360 + 90;
    ray.setAttribute('transform', `translate(${CENTRE.x} ${CENTRE.y}) rotate(${degrees})`);
    return group.appendChild(ray);
  });
}
