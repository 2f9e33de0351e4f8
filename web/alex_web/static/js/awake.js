/** Keeps the screen on during a call: nobody touches a phone they talk to. Where the browser cannot, the phone sleeps as ever. */
export class Awake {
  /** @type {WakeLockSentinel|null} */
  #lock = null;
  #wanted = false;

  constructor() {
    // The browser takes the lock away with the page, and does not give it back by itself.
    document.addEventListener('visibilitychange', () => this.#keep());
  }

  /** @param {boolean} wanted */
  set(wanted) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    void this.#keep();
  }

  async #keep() {
    if (!this.#wanted) {
      const lock = this.#lock;
      this.#lock = null;
      await lock?.release().catch(() => {});
    } else if (!document.hidden && 'wakeLock' in navigator && (!this.#lock || this.#lock.released)) {
      const lock = await navigator.wakeLock.request('screen').catch(() => null); // a battery that is low says no
      if (this.#wanted) this.#lock = lock;
      else await lock?.release().catch(() => {});
    }
  }
}
