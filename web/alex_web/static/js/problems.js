/**
 * What can end a call before its time. lang/ has words for each code, here is what can be done about it.
 *
 * @typedef {'again'|'type'|'reload'|'code'} Action
 * @typedef {keyof typeof ACTIONS} Problem
 */

/** @satisfies {Record<string, Action[]>} */
export const ACTIONS = {
  'microphone-denied': ['again', 'type'],
  'microphone-blocked': ['again', 'type'],
  'microphone-dismissed': ['again', 'type'],
  'microphone-missing': ['again', 'type'],
  'microphone-in-use': ['again', 'type'],
  'page-insecure': ['type'],
  'browser-too-old': ['reload'],
  'page-incomplete': ['again'],
  offline: ['again'],
  'server-down': ['again'],
  'server-trouble': ['again'],
  'still-busy': ['again'],
  'too-many': ['again'],
  'too-many-calls': ['again'],
  'too-many-guesses': ['again'],
  closed: ['again'],
  'sign-in': ['code', 'reload'],
  'code-wrong': ['code', 'reload'],
  refused: ['reload'],
  'media-unreachable': ['again'],
  'no-agent': ['again'],
  'agent-lost': ['again'],
  'network-lost': ['again'],
  elsewhere: ['again'],
};

/** A problem that the page has words for. */
export class CallProblem extends Error {
  /** @param {Problem} code @param {{cause?: unknown, retryAt?: number|null}} [more] when it makes sense to try again */
  constructor(code, { cause, retryAt = null } = {}) {
    super(code, { cause });
    this.code = code;
    this.retryAt = retryAt;
  }
}
