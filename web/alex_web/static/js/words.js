/**
 * Which words and which face belong to a moment of a call.
 *
 * @typedef {import('./snapshot.js').Snapshot} Snapshot
 * @typedef {import('./strings.js').Strings} Strings
 * @typedef {import('./strings.js').Words} Words
 * @typedef {keyof import('./strings.js').English['states']} State
 * @typedef {import('./avatar.js').AvatarMood} AvatarMood
 */

/** @type {Record<Snapshot['wait'], State>} */
const WAITING = { first: 'waiting', long: 'waitingLong', again: 'waitingAgain' };

/**
 * @param {Snapshot} now
 * @param {{soundOn: boolean, time: number}} around time in epoch milliseconds
 * @param {Strings} strings
 * @returns {Words}
 */
export function wordsOf(now, around, strings) {
  if (now.phase === 'ended' && now.problem) return problem(now.problem, now.retryAt, around.time, strings);
  if (now.phase === 'busy' && now.retryAt !== null) {
    return strings.pair('states.busy', { count: Math.max(1, Math.ceil((now.retryAt - around.time) / 1000)) });
  }
  return strings.pair(`states.${stateOf(now, around.soundOn)}`);
}

/** @param {Snapshot} now @param {boolean} soundOn @returns {State} */
function stateOf(now, soundOn) {
  if (now.audioBlocked && ['waiting', 'live'].includes(now.phase)) return 'blocked';
  switch (now.phase) {
    case 'busy':
      return 'trying';
    case 'waiting':
      return WAITING[now.wait];
    case 'live':
      if (now.mood === 'thinking') return 'thinking';
      if (now.mood === 'speaking') return speaking(now, soundOn);
      return listening(now);
    case 'ended':
      return now.endedBy === 'alex' ? 'endedByAlex' : 'endedByYou';
    default:
      return now.phase;
  }
}

/** @param {Snapshot} now @param {boolean} soundOn @returns {State} */
function speaking(now, soundOn) {
  if (!soundOn) return 'speakingSilent';
  if (!now.voice) return 'speakingTyping';
  return now.microphoneOn || now.pushToTalk ? 'speaking' : 'speakingMuted';
}

/** @param {Snapshot} now @returns {State} */
function listening(now) {
  if (!now.voice) return now.microphoneLost ? 'listeningLost' : 'listeningTyping';
  if (now.interrupted && now.microphoneOn) return 'interrupted';
  if (now.pushToTalk) return now.microphoneOn ? 'listeningHolding' : 'listeningHold';
  return now.microphoneOn ? 'listening' : 'listeningMuted';
}

/** @param {import('./problems.js').Problem} code @param {number|null} retryAt @param {number} time @param {Strings} strings @returns {Words} */
function problem(code, retryAt, time, strings) {
  return strings.pair(`problems.${code}`, {
    undo: strings.text(`undo.${browserFamily()}`),
    wait: wait(retryAt, time, strings),
  });
}

/** @param {number|null} retryAt @param {number} time @param {Strings} strings */
function wait(retryAt, time, strings) {
  if (retryAt === null) return strings.text('wait.unknown');
  const seconds = Math.ceil((retryAt - time) / 1000);
  if (seconds <= 0) return strings.text('wait.now');
  if (seconds < 90) return strings.text('wait.seconds', { count: seconds });
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? strings.text('wait.minutes', { count: minutes }) : strings.text('wait.hours', { count: Math.ceil(minutes / 60) });
}

/** @param {Snapshot} now @returns {AvatarMood} */
export function moodOf(now) {
  switch (now.phase) {
    case 'live':
      return now.mood;
    case 'ended':
      return now.problem ? 'sorry' : 'asleep';
    case 'reconnecting':
      return 'away';
    case 'microphone':
      return 'asking';
    case 'idle':
      return 'idle';
    default:
      return 'calling';
  }
}

/** @returns {'chrome'|'firefox'|'safari'|'ios'|'android'|'elsewhere'} whose words tell how to allow the microphone again */
export function browserFamily(agent = navigator.userAgent) {
  if (/iPhone|iPad/.test(agent)) return 'ios';
  if (/Android/.test(agent)) return 'android';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Chrome\//.test(agent)) return 'chrome';
  return /Safari\//.test(agent) ? 'safari' : 'elsewhere';
}
