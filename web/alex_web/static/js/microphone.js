/**
 * The caller's microphone in a call. Muted, the server sends nothing on. With hold to talk it sends silence while it is not
 * held: Alex must hear a pause, or it waits for the end of a sentence for good.
 *
 * @typedef {import('./problems.js').Problem} Problem
 * @typedef {import('./room.js').Sdk} Sdk
 * @typedef {import('livekit-client').LocalAudioTrack} LocalAudioTrack
 */
import { CallProblem } from './problems.js';

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Microphone {
  track;
  #held;

  /** @param {Sdk} sdk @param {LocalAudioTrack} track @param {boolean} held whether it is open only while somebody holds it */
  constructor(sdk, track, held) {
    this.track = track;
    this.#held = held;
    this.#apply();
    // The SDK opens the device anew after a phone's pause or when one is unplugged, and then it is on.
    track.on(sdk.TrackEvent.Restarted, () => {
      this.#apply();
      this.changed();
    });
  }

  /** For whoever wants to know that another source is heard. */
  changed = () => {};

  /** The one that is heard now; another one after a change of device. @returns {MediaStreamTrack} */
  get source() {
    return this.track.mediaStreamTrack;
  }

  #open = false;

  get on() {
    return this.#held ? this.#open : !this.track.isMuted;
  }

  /** @param {boolean} on */
  async set(on) {
    this.#open = on;
    if (!this.#held) await (on ? this.track.unmute() : this.track.mute());
    this.#apply();
  }

  /** @param {boolean} held */
  async hold(held) {
    if (held && this.track.isMuted) await this.track.unmute();
    this.#held = held;
    this.#open = false;
    this.#apply();
    if (!held) this.source.enabled = true;
  }

  /** @param {string} id of a device; empty means the browser's choice @returns {Promise<boolean>} whether it is used now */
  async use(id) {
    try {
      await this.track.setDeviceId(id ? { exact: id } : 'default');
      return true;
    } catch {
      return false;
    } finally {
      this.#apply();
    }
  }

  stop() {
    this.track.stop();
  }

  #apply() {
    if (this.#held) this.source.enabled = this.#open;
  }
}

/**
 * @param {Sdk} sdk
 * @param {{deviceId: string, pushToTalk: boolean}} wanted the device is one that was chosen once and may be gone
 * @returns {Promise<Microphone>}
 */
export async function openMicrophone(sdk, { deviceId, pushToTalk }) {
  const track = await openChosen(deviceId, (device) => sdk.createLocalAudioTrack({ ...CONSTRAINTS, ...device }));
  return new Microphone(sdk, track, pushToTalk);
}

/**
 * Opens the device that was chosen once; when it is gone, another one is better than none.
 *
 * @template T
 * @param {string} deviceId empty for the browser's choice
 * @param {(device: {deviceId?: {exact: string}}) => Promise<T>} open
 * @returns {Promise<T>}
 */
export async function openChosen(deviceId, open) {
  try {
    if (deviceId) return await open({ deviceId: { exact: deviceId } });
  } catch (error) {
    const gone = ['OverconstrainedError', 'NotFoundError'].includes(/** @type {Error} */ (error).name);
    if (!gone) throw new CallProblem(microphoneProblem(error), { cause: error });
  }
  try {
    return await open({});
  } catch (cause) {
    throw new CallProblem(microphoneProblem(cause), { cause });
  }
}

/**
 * @param {unknown} error what getUserMedia threw
 * @returns {Problem}
 */
export function microphoneProblem(error) {
  const { name, message } = error instanceof Error || error instanceof DOMException ? error : { name: '', message: '' };
  switch (name) {
    case 'NotAllowedError':
      // Only Chromium tells these apart, and only so.
      if (/dismissed/i.test(message)) return 'microphone-dismissed';
      return /system/i.test(message) ? 'microphone-blocked' : 'microphone-denied';
    case 'SecurityError':
      return 'microphone-denied';
    case 'NotReadableError':
    case 'AbortError':
      return 'microphone-in-use';
    default:
      return 'microphone-missing';
  }
}
