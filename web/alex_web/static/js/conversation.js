/**
 * What was said, on the page: lines that grow, can be read back, copied and saved.
 *
 * @typedef {import('./captions.js').Caption} Caption
 * @typedef {import('./strings.js').Strings} Strings
 * @typedef {import('./strings.js').Key|'alex'} Word one of ours, or what Alex is called
 */

/** Closer to the end than this, new captions keep scrolling along; in pixels. */
const NEAR_END = 80;

export class Conversation {
  #parts;
  #strings;
  /** @type {Map<string, HTMLElement>} */
  #lines = new Map();
  /** Whether what comes is scrolled to: until somebody looks back. */
  #following = true;

  /** @param {Document} page @param {Strings} strings */
  constructor(page, strings) {
    this.#strings = strings;
    /** @param {string} id */
    const part = (id) => /** @type {HTMLElement} */ (page.getElementById(id));
    this.#parts = { scroll: part('scroll'), empty: part('empty'), list: part('captions'), tools: part('tools'), newest: part('newest') };
    this.#parts.scroll.addEventListener('scroll', () => this.#look(), { passive: true });
    // What opens below it takes some of its room.
    new ResizeObserver(() => this.#following && this.#follow()).observe(this.#parts.scroll);
    this.#parts.newest.addEventListener('click', () => this.#follow());
  }

  get empty() {
    return this.#lines.size === 0;
  }

  /** @param {Caption} caption */
  show({ id, who, text, final, failed = false }) {
    const line = this.#lines.get(id) ?? this.#begin(id, who);
    line.classList.toggle('is-interim', !final);
    const paragraph = /** @type {HTMLElement} */ (line.querySelector('.text'));
    if (paragraph.textContent !== text) paragraph.textContent = text;
    if (failed) this.#note(line, 'not-sent', 'notSent');
    if (this.#following) this.#follow();
    else this.#look();
  }

  /** Marks where the caller took the word: the last thing that Alex said. */
  interrupted() {
    const said = [...this.#lines.values()].filter((line) => line.classList.contains('from-alex')).pop();
    if (!said || said.querySelector('.cut')) return;
    said.classList.add('is-cut');
    this.#note(said, 'cut', 'interruptedHere');
    if (this.#following) this.#follow();
  }

  /** Nothing more will come: what was half said stays as it is. */
  settle() {
    for (const line of this.#lines.values()) line.classList.remove('is-interim');
  }

  /** Another call begins: what was said before stays above a line. */
  divide() {
    const { list } = this.#parts;
    if (list.lastElementChild?.classList.contains('divider') === false) {
      this.#say(list, 'li', 'divider', 'anotherCall');
    }
    this.#follow();
  }

  /** @param {Strings} strings another language for what is ours in the lines */
  speak(strings) {
    this.#strings = strings;
    for (const name of this.#parts.list.querySelectorAll('[data-word]')) {
      name.textContent = this.#word(/** @type {Word} */ (/** @type {HTMLElement} */ (name).dataset.word));
    }
  }

  refresh() {
    this.#parts.empty.hidden = !this.empty;
    this.#parts.tools.hidden = this.empty;
  }

  /** @returns {string} the conversation as plain text, a line for each thing said */
  asText() {
    return [...this.#parts.list.children]
      .map((child) => {
        const line = /** @type {HTMLElement} */ (child);
        if (line.classList.contains('divider')) return `\n${line.textContent}\n\n`;
        const said = line.querySelector('.text')?.textContent?.trim();
        const notes = [...line.querySelectorAll('.note')].map((note) => ` [${note.textContent}]`).join('');
        return `${line.dataset.at}  ${line.querySelector('.who')?.textContent}: ${said}${notes}\n`;
      })
      .join('');
  }

  /** @returns {Promise<boolean>} whether it is on the clipboard */
  async copy() {
    try {
      await navigator.clipboard.writeText(this.asText());
      return true;
    } catch {
      return false;
    }
  }

  /** Hands the conversation to the browser as a file. */
  save() {
    const link = document.createElement('a');
    const day = new Date().toLocaleDateString('sv'); // 2026-01-31, which sorts
    link.href = URL.createObjectURL(new Blob([this.asText()], { type: 'text/plain' }));
    link.download = `${day} ${this.#strings.text('fileName')}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  #begin(/** @type {string} */ id, /** @type {'you'|'alex'} */ who) {
    const line = document.createElement('li');
    line.className = `line from-${who}`;
    line.dataset.at = new Date().toLocaleTimeString(this.#strings.language, { hour: '2-digit', minute: '2-digit' });
    this.#say(line, 'span', 'who', who);
    line.appendChild(document.createElement('p')).className = 'text';
    this.#lines.set(id, line);
    this.#parts.list.append(line);
    this.refresh();
    return line;
  }

  #note(/** @type {HTMLElement} */ line, /** @type {string} */ kind, /** @type {Word} */ word) {
    this.#say(line, 'p', `note ${kind}`, word);
  }

  /** Adds words of ours, which another language changes. */
  #say(/** @type {HTMLElement} */ place, /** @type {'li'|'p'|'span'} */ tag, /** @type {string} */ name, /** @type {Word} */ word) {
    const element = place.appendChild(document.createElement(tag));
    element.className = name;
    element.dataset.word = word;
    element.textContent = this.#word(word);
  }

  #word(/** @type {Word} */ key) {
    return key === 'alex' ? this.#strings.name : this.#strings.text(key);
  }

  #look() {
    const { scroll, newest } = this.#parts;
    this.#following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
    newest.hidden = this.#following;
  }

  #follow() {
    const { scroll, newest } = this.#parts;
    this.#following = true;
    scroll.scrollTop = scroll.scrollHeight;
    newest.hidden = true;
  }
}
