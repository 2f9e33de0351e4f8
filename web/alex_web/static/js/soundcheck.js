/** The microphone outside a call: opened only for a check, and closed with it. */
import { openChosen } from './microphone.js';
import { CallProblem } from './problems.js';

export class SoundCheck {
  /** @type {MediaStream|null} */
  #stream = null;
  #tries = 0;

  get isOpen() {
    return this.#stream !== null;
  }

  /** @param {string} deviceId empty for the device's own choice @returns {Promise<MediaStreamTrack>} */
  async open(deviceId) {
    this.close();
    const mine = this.#tries;
    if (!navigator.mediaDevices) throw new CallProblem('page-insecure');
    const stream = await openChosen(deviceId, (device) =>
      navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, ...device } }),
    );
    if (mine !== this.#tries) for (const track of stream.getTracks()) track.stop(); // closed meanwhile
    else this.#stream = stream;
    return /** @type {MediaStreamTrack} */ (stream.getAudioTracks()[0]);
  }

  close() {
    this.#tries += 1;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
  }
}
