/**
 * One moment of a call, as the page needs to know it.
 *
 * @typedef {'idle'|'microphone'|'connecting'|'busy'|'waiting'|'live'|'reconnecting'|'ended'} Phase
 * @typedef {'listening'|'thinking'|'speaking'} Mood
 *
 * @typedef {object} Snapshot
 * @property {Phase} phase
 * @property {Mood} mood what Alex does; means something in `live` and `reconnecting`
 * @property {boolean} interrupted it listens because the caller took the word
 * @property {boolean} voice whether this call has a microphone
 * @property {boolean} microphoneOn
 * @property {boolean} pushToTalk it is on only while the caller holds it
 * @property {boolean} microphoneLost it was there and went away during the call
 * @property {boolean} audioBlocked the browser wants a click before it plays sound
 * @property {import('./room.js').Quality|null} quality of the caller's connection, as the server measures it
 * @property {'first'|'long'|'again'} wait why we wait for Alex; means something in `waiting`
 * @property {number|null} retryAt when the next try for a line starts, or makes sense (epoch milliseconds), null while trying
 * @property {number|null} startedAt when Alex picked up (epoch milliseconds)
 * @property {number|null} endedAt
 * @property {'you'|'alex'|null} endedBy
 * @property {import('./problems.js').Problem|null} problem only in `ended`
 */

/** @returns {Snapshot} */
export const fresh = () => ({
  phase: 'idle',
  mood: 'listening',
  interrupted: false,
  voice: false,
  microphoneOn: false,
  pushToTalk: false,
  microphoneLost: false,
  audioBlocked: false,
  quality: null,
  wait: 'first',
  retryAt: null,
  startedAt: null,
  endedAt: null,
  endedBy: null,
  problem: null,
});
