/**
 * Microphones and speakers: which there are, and which the user chose, also last time.
 *
 * @typedef {{id: string, label: string}} Device label is empty until the microphone is allowed
 */
import { recall, remember } from './store.js';

export class Devices extends EventTarget {
  /** Ids; empty means the device's own choice. */
  chosen = { microphone: recall('microphone'), speaker: recall('speaker') };

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener('devicechange', () => this.dispatchEvent(new Event('changed')));
  }

  /** @returns {Promise<{microphones: Device[], speakers: Device[]}>} */
  async list() {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const of = (/** @type {MediaDeviceKind} */ kind) =>
      all
        // Chromium lists its own choice as one more device; ours stands first and says so in words.
        .filter((device) => device.kind === kind && !['', 'default', 'communications'].includes(device.deviceId))
        .map((device) => ({ id: device.deviceId, label: device.label }));
    return { microphones: of('audioinput'), speakers: of('audiooutput') };
  }

  /** @param {'microphone'|'speaker'} what @param {string} id */
  choose(what, id) {
    this.chosen[what] = id;
    remember(what, id);
  }
}
