/**
 * Hold to talk: a button held with a finger, a mouse or a key, or the space bar anywhere but in a field. A short tap keeps the
 * microphone on until the next, for whoever cannot hold.
 */

/** A press shorter than this is a tap, in milliseconds. */
const TAP = 300;

export class Hold {
  #wanted = false;
  #kept = false;
  #since = 0;
  /** Whether the click that may follow has been dealt with. */
  #dealt = false;
  #open;
  #active;

  /**
   * @param {HTMLElement} button
   * @param {object} does
   * @param {() => boolean} does.active whether holding means anything now
   * @param {(open: boolean) => void} does.open
   */
  constructor(button, { active, open }) {
    this.#active = active;
    this.#open = open;
    button.addEventListener('pointerdown', (event) => {
      if (!active()) return;
      // Its release counts wherever the finger has slid to.
      button.setPointerCapture(event.pointerId);
      this.#press();
    });
    for (const end of ['pointerup', 'pointercancel']) button.addEventListener(end, () => this.#release());
    button.addEventListener('contextmenu', (event) => active() && event.preventDefault()); // a long press on a phone
    addEventListener('keydown', (event) => {
      if (!active() || !talks(event, button)) return;
      event.preventDefault();
      if (!event.repeat) this.#press();
    });
    addEventListener('keyup', (event) => {
      if (!active() || !talks(event, button)) return;
      event.preventDefault(); // or the button is clicked as well
      this.#release();
    });
    // A screen reader clicks without pressing anything.
    button.addEventListener('click', () => {
      if (active() && !this.#dealt) {
        this.#press();
        this.#release();
      }
      this.#dealt = false;
    });
    addEventListener('blur', () => this.stop());
  }

  /** Lets go, whatever is held. */
  stop() {
    if (!this.#wanted) return;
    this.#wanted = this.#kept = false;
    this.#open(false);
  }

  #press() {
    this.#since = performance.now();
    this.#dealt = true;
    if (this.#kept) return;
    this.#wanted = true;
    this.#open(true);
  }

  #release() {
    if (!this.#wanted || !this.#active()) return;
    const tapped = performance.now() - this.#since < TAP;
    if (tapped && !this.#kept) this.#kept = true;
    else this.stop();
  }
}

/** @param {KeyboardEvent} event @param {HTMLElement} button @returns {boolean} whether the key is one to talk with, here */
function talks(event, button) {
  const at = event.target instanceof Element ? event.target : null;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (at === button) return [' ', 'Enter'].includes(event.key);
  return event.key === ' ' && !at?.closest('button, input, select, textarea, summary, a, dialog, [role=log]');
}
