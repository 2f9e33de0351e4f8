/**
 * Asks the server for a line until there is one: a token for a room with Alex in it.
 *
 * @typedef {import('./problems.js').Problem} Problem
 * @typedef {{server_url: string, participant_token: string}} Pass
 */
import { CallProblem } from './problems.js';

/** Waits in milliseconds, each with its reason. */
const WAIT = {
  /** Nobody waits longer for a free line without wanting to be asked again. */
  line: 300_000,
  /** A token is a matter of milliseconds; a hanging server must not look like a slow one. */
  token: 15_000,
  /** What a busy server without a usable Retry-After gets. */
  retryDefault: 5_000,
  /** A longer Retry-After is not a wait one should watch. */
  retryMost: 60_000,
};

/** Kinds of problems, the last part of their type, that say more than their status does. @type {Problem[]} */
const KINDS = ['closed', 'too-many-calls', 'too-many-guesses'];

export class Line {
  /** @param {string} tokenUrl */
  constructor(tokenUrl) {
    this.tokenUrl = tokenUrl;
    /** An access code, where not everybody may call; the page asks for it when the server does. */
    this.code = '';
  }

  /**
   * @param {AbortSignal} signal
   * @param {(retryAt: number|null) => void} busy told when the next try starts (epoch milliseconds), and null when it does
   * @returns {Promise<Pass>}
   */
  async wait(signal, busy) {
    const until = Date.now() + WAIT.line;
    for (;;) {
      const response = await this.#ask(signal);
      if (response.ok) return passOf(response);
      const wait = retryAfter(response);
      const kind = await kindOf(response);
      if (response.status !== 503 || kind === 'closed' || wait === null) throw this.#refusal(response.status, kind, wait);
      const retryAt = Date.now() + Math.min(wait, WAIT.retryMost);
      if (retryAt > until) throw new CallProblem('still-busy');
      busy(retryAt);
      await sleep(retryAt - Date.now(), signal);
      busy(null);
    }
  }

  async #ask(/** @type {AbortSignal} */ signal) {
    try {
      return await fetch(this.tokenUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(this.code && { authorization: `Bearer ${this.code}` }),
        },
        body: '{}',
        cache: 'no-store',
        credentials: 'same-origin',
        signal: AbortSignal.any([signal, AbortSignal.timeout(WAIT.token)]),
      });
    } catch (cause) {
      throw new CallProblem(navigator.onLine ? 'server-down' : 'offline', { cause });
    }
  }

  #refusal(/** @type {number} */ status, /** @type {string} */ kind, /** @type {number|null} */ wait) {
    const retryAt = wait === null ? null : Date.now() + wait;
    const known = KINDS.find((one) => one === kind);
    if (known) return new CallProblem(known, { retryAt });
    if (status === 401) return new CallProblem(this.code ? 'code-wrong' : 'sign-in');
    if (status === 429) return new CallProblem('too-many', { retryAt });
    return new CallProblem(status >= 500 ? 'server-trouble' : 'refused');
  }
}

/** @param {Response} response @returns {Promise<Pass>} */
async function passOf(response) {
  try {
    return await response.json();
  } catch (cause) {
    throw new CallProblem('server-trouble', { cause });
  }
}

/** @param {Response} response @returns {Promise<string>} the last part of a problem's type, or nothing */
async function kindOf(response) {
  try {
    return String((await response.json()).type).split(':').pop() ?? '';
  } catch {
    return ''; // a proxy's page
  }
}

/**
 * @param {Response} response
 * @returns {number|null} milliseconds to wait, at least one second; null when the server did not ask to come back
 */
export function retryAfter(response) {
  const header = response.headers.get('retry-after');
  if (header === null) return null;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.max(1_000, Number.isNaN(wait) ? WAIT.retryDefault : wait);
}

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
