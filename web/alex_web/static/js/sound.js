/** Alex's voice: the players of its tracks, how loud they are and on which speaker. */
export class Sound {
  on = true;
  /** 0 to 1 */
  volume = 1;
  #speaker = '';
  #place;

  /** Safari and older browsers play on the speaker of the device and offer no other. */
  static canChoose = 'setSinkId' in HTMLMediaElement.prototype;

  /** @param {HTMLElement} place where players stand, unseen @param {string} speaker a device's id; empty for the usual one */
  constructor(place, speaker) {
    this.#place = place;
    this.#speaker = speaker;
  }

  /** @param {import('./room.js').Track} track */
  add(track) {
    const player = track.attach();
    this.#tune(player);
    this.#place.append(player);
  }

  /** @param {import('./room.js').Track} track */
  remove(track) {
    for (const player of track.detach()) player.remove();
  }

  /** @param {boolean} on @param {number} [volume] */
  set(on, volume = this.volume) {
    this.on = on;
    this.volume = volume;
    for (const player of this.#place.querySelectorAll('audio')) this.#tune(player);
  }

  /** @param {string} id @returns {Promise<boolean>} whether sound comes from there now */
  async use(id) {
    const before = this.#speaker;
    this.#speaker = id;
    try {
      await Promise.all([...this.#place.querySelectorAll('audio')].map((player) => player.setSinkId(id)));
      return true;
    } catch {
      this.#speaker = before;
      return false;
    }
  }

  /** Plays two soft notes where Alex would be heard. @param {AudioContext} context */
  async chime(context) {
    const out = context.createMediaStreamDestination();
    const seconds = 0.9;
    [523.25, 659.25].forEach((hertz, i) => {
      const note = context.createOscillator();
      const loudness = context.createGain();
      const from = context.currentTime + 0.05 + i * 0.25;
      note.frequency.value = hertz;
      loudness.gain.setValueAtTime(0, from);
      loudness.gain.linearRampToValueAtTime(0.25, from + 0.03);
      loudness.gain.exponentialRampToValueAtTime(0.001, from + seconds - 0.3);
      note.connect(loudness).connect(out);
      note.start(from);
      note.stop(from + seconds);
    });
    const player = this.#place.appendChild(document.createElement('audio'));
    player.srcObject = out.stream;
    this.#tune(player);
    player.muted = false; // whoever asks for it wants to hear it
    await player.play();
    setTimeout(() => player.remove(), (seconds + 0.6) * 1000);
  }

  #tune(/** @type {HTMLMediaElement} */ player) {
    player.muted = !this.on;
    player.volume = this.volume;
    // A speaker that was chosen once may be gone: the usual one is better than none.
    if (this.#speaker && Sound.canChoose) player.setSinkId(this.#speaker).catch(() => {});
  }
}
