/**
 * Loudness of tracks, measured and drawn: one Meter for the microphone, one for Alex.
 *
 * @typedef {object} Levels
 * @property {number} level loudness, 0 (silence) to 1 (loud speech)
 * @property {Float32Array} bands the same over BANDS pitch bands, low to high
 */

/** Enough to look like a voice, few enough to draw sixty times a second on a phone. */
export const BANDS = 16;

/** Speech lives here; log-spaced so that vowels and consonants both move something. In hertz. */
const LOWEST = 90;
const HIGHEST = 5_500;

/** RMS in decibels that reads as silence and as loud. */
const SILENT = -58;
const LOUD = -16;

/** @type {Levels} */
export const SILENCE = Object.freeze({ level: 0, bands: new Float32Array(BANDS) });

export class Meter {
  #context;
  #analyser;
  /** @type {Map<MediaStreamTrack, MediaStreamAudioSourceNode>} */
  #sources = new Map();
  #wave;
  #spectrum;
  #edges;
  #levels = { level: 0, bands: new Float32Array(BANDS) };

  /** @param {AudioContext} context */
  constructor(context) {
    this.#context = context;
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#analyser.smoothingTimeConstant = 0.6;
    this.#wave = new Float32Array(this.#analyser.fftSize);
    this.#spectrum = new Uint8Array(this.#analyser.frequencyBinCount);
    this.#edges = bandEdges(context.sampleRate / this.#analyser.fftSize);
  }

  /** @returns {Levels} now; rises at once and falls slowly, as an eye expects */
  read() {
    this.#analyser.getFloatTimeDomainData(this.#wave);
    this.#analyser.getByteFrequencyData(this.#spectrum);
    const loudness = between(decibels(this.#wave), SILENT, LOUD);
    this.#levels.level = Math.max(loudness, this.#levels.level * 0.82);
    const { bands } = this.#levels;
    for (let i = 0; i < BANDS; i += 1) {
      const peak = this.#spectrum.slice(this.#edges[i], this.#edges[i + 1]).reduce((a, b) => Math.max(a, b), 0);
      // Quiet speech still shows: the square root lifts it, the loudness keeps noise down.
      const target = Math.sqrt(peak / 255) * Math.min(1, loudness * 1.6);
      bands[i] = Math.max(target, (bands[i] ?? 0) * 0.8);
    }
    return this.#levels;
  }

  /** @param {MediaStreamTrack} track */
  add(track) {
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    source.connect(this.#analyser);
    this.#sources.set(track, source);
  }

  /** @param {MediaStreamTrack} track */
  remove(track) {
    this.#sources.get(track)?.disconnect();
    this.#sources.delete(track);
  }

  clear() {
    for (const track of [...this.#sources.keys()]) this.remove(track);
  }
}

/**
 * @param {readonly SVGElement[] | readonly HTMLElement[]} bars
 * @param {Levels} levels
 */
export function drawBars(bars, { level, bands }) {
  const middle = (bars.length - 1) / 2;
  bars.forEach((bar, i) => {
    // The low bands, which are the loud ones, in the middle: it reads as a voice and not as a chart.
    const band = bands[Math.round(Math.abs(i - middle) * 1.6) + 1] ?? 0;
    bar.style.transform = `scaleY(${(0.14 + 0.86 * Math.min(1, band * 0.75 + level * 0.35)).toFixed(3)})`;
  });
}

/** @param {Float32Array} wave @returns {number} root mean square in decibels of full scale */
function decibels(wave) {
  let sum = 0;
  for (const sample of wave) sum += sample * sample;
  return 20 * Math.log10(Math.sqrt(sum / wave.length) + 1e-8);
}

/** @param {number} x @param {number} low @param {number} high @returns {number} 0 to 1 */
function between(x, low, high) {
  return Math.min(1, Math.max(0, (x - low) / (high - low)));
}

/** @param {number} hertzPerBin */
function bandEdges(hertzPerBin) {
  return Array.from({ length: BANDS + 1 }, (_, i) => {
    const hertz = LOWEST * (HIGHEST / LOWEST) ** (i / BANDS);
    return Math.max(1 + i, Math.round(hertz / hertzPerBin));
  });
}
