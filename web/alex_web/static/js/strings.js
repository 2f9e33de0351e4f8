/**
 * The page's words in one language. They stand in ../lang/, one file per language, which the server reads too: it fills the
 * page in before this code runs, in the language that <html lang> tells.
 *
 * @typedef {{heading: string, hint: string}} Words the large line, and the line under it
 * @typedef {{name: string, maker: string, greeting: string}} Brand what an operator calls things
 * @typedef {Record<string, string|number>} Values
 * @typedef {{[part: string]: string|Tree}} Tree what a file of ../lang/ holds
 *
 * @typedef {typeof import('../lang/en.js').default} English whose keys every language has
 * @typedef {Path<English>} Key such as `states.idle.hint`
 * @typedef {`states.${keyof English['states']}`|`problems.${keyof English['problems']}`} Pair key of a heading and a hint
 */

/**
 * What leads through an object to its words; a pair of "one" and "other" is words too.
 *
 * @template Words
 * @typedef {{[Part in keyof Words & string]: Words[Part] extends string|{other: string} ? Part : `${Part}.${Path<Words[Part]>}`}[
 *   keyof Words & string]} Path
 */

/** The server reads this cookie when it delivers the page; for a year, in seconds. */
const COOKIE = 'alex-language';
const KEPT = 31_536_000;

export class Strings {
  #words;
  #brand;
  #plural;

  /** @param {string} language @param {Tree} words @param {Brand} brand */
  constructor(language, words, brand) {
    this.language = language;
    this.#words = words;
    this.#brand = brand;
    this.#plural = new Intl.PluralRules(language);
    this.tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  /**
   * @param {Key} key
   * @param {Values} [values] what stands in {braces}; `count` chooses between one and other
   * @returns {string}
   */
  text(key, values = {}) {
    /** @type {string|Tree|undefined} */
    let found = this.#words;
    for (const part of key.split('.')) found = typeof found === 'object' ? found[part] : undefined;
    if (key === 'states.idle.hint' && this.#brand.greeting) found = this.#brand.greeting;
    if (key === 'maker' && !this.#brand.maker) found = '';
    if (key === `speaks.${this.language}`) found = ''; // who reads this takes it for granted
    if (typeof found === 'object' && found.other) found = found[this.#plural.select(Number(values.count))] ?? found.other;
    if (typeof found !== 'string') throw new Error(`no words for ${key} in ${this.language}`);
    const all = /** @type {Values} */ ({ ...this.#brand, ...values });
    return found.replace(/\{(\w+)\}/g, (whole, name) => String(all[name] ?? whole));
  }

  /** What the assistant is called. */
  get name() {
    return this.#brand.name;
  }

  /** @param {Pair} key @param {Values} [values] @returns {Words} */
  pair(key, values) {
    return { heading: this.text(`${key}.heading`, values), hint: this.text(`${key}.hint`, values) };
  }
}

/** @param {string} language one of those the server offers @param {Brand} brand @returns {Promise<Strings>} */
export async function strings(language, brand) {
  /** @type {{default: Tree}} */
  const { default: words } = await import(`../lang/${language}.js`);
  return new Strings(language, words, brand);
}

/** @param {string} language to be delivered from now on */
export function prefer(language) {
  document.cookie = `${COOKIE}=${language}; path=/; max-age=${KEPT}; samesite=strict`;
}
