/**
 * How the silence before Alex's last answer was spent, drawn as three bars on one clock.
 *
 * @typedef {object} Figures seconds, as the agent tells them in the text stream `alex.turn`
 * @property {number} waited from the end of the caller's words to Alex's voice
 * @property {number} heard until Alex was sure that the caller had finished
 * @property {number} thought until the first word of the answer was there
 * @property {number} spoke until the first sound of it was
 *
 * @typedef {{from: number, to: number}} Bar shares of the whole, 0 to 1
 */

/**
 * Takes what the agent told, or null for a turn without an answer.
 *
 * @param {import('./room.js').Turn} told
 * @returns {Figures|null}
 */
export function figuresOf(told) {
  const seconds = (/** @type {string} */ name) => Number(told[name]);
  const all = {
    waited: seconds('turn_seconds'),
    heard: seconds('end_of_turn_seconds'),
    thought: seconds('llm_seconds'),
    spoke: seconds('tts_seconds'),
  };
  return Object.values(all).every((value) => Number.isFinite(value) && value >= 0) && all.waited > 0 ? all : null;
}

/**
 * Lays the three steps out: hearing from the start, the voice up to the end, thinking before the voice. Thinking may
 * have begun while Alex still listened.
 *
 * @param {Figures} figures
 * @returns {Record<'heard'|'thought'|'spoke', Bar>}
 */
export function bars({ waited, heard, thought, spoke }) {
  const share = (/** @type {number} */ seconds) => Math.min(1, Math.max(0, seconds / waited));
  const voice = waited - spoke;
  return {
    heard: { from: 0, to: share(heard) },
    thought: { from: share(voice - thought), to: share(voice) },
    spoke: { from: share(voice), to: 1 },
  };
}
