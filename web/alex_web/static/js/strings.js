/**
 * Every word the page says, one object per language, so that a translation is one more object.
 * Plain words, short enough to read at a glance; a problem always says what to do next.
 *
 * @typedef {object} Words
 * @property {string} heading what the large line says
 * @property {string} hint what the line under it says
 *
 * @typedef {Words & {actions: ('again' | 'type' | 'close')[]}} ProblemWords
 */

/** @param {number} seconds */
const inSeconds = (seconds) => (seconds <= 1 ? 'in a second' : `in ${seconds} seconds`);

/** @param {number} seconds */
const inTenths = (seconds) => `${seconds.toFixed(1)} s`;

const en = {
  title: 'Talk to Alex',
  pageTitle: {
    live: 'In a call · Alex',
    busy: 'Waiting for a line · Alex',
    ended: 'Call ended · Alex',
  },
  maker: 'by Stremini AI',
  noScript: 'Alex needs JavaScript to hear you. Please switch it on for this page and reload.',

  talk: 'Talk to Alex',
  talkAgain: 'Talk again',
  typeInstead: 'Type instead',
  again: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  hearAlex: 'Turn the sound on',

  conversation: 'Conversation',
  conversationEmpty: 'What you and Alex say shows up here.',
  controls: 'Call controls',
  microphoneOn: 'Mute me',
  microphoneOff: 'Unmute me',
  microphoneNone: 'No mic',
  soundOn: 'Mute Alex',
  soundOff: 'Hear Alex',
  volume: 'Volume',
  hangUp: 'Hang up',
  compose: 'Type a message to Alex',
  composeHint: 'Or type here…',
  send: 'Send',
  finePrint: 'The microphone is on during the call only. Alex is an AI and can be wrong.',
  notSent: 'Not sent. Please try again.',
  you: 'You',
  alex: 'Alex',
  callLength: 'Length of the call',

  figures: 'How quick was that?',
  /** @param {number} seconds */
  waited: (seconds) => `You waited ${inTenths(seconds)} for the last answer.`,
  stepHeard: 'Heard you out',
  stepThought: 'Thought',
  stepSpoke: 'Found the voice',
  took: inTenths,

  /** @type {Record<string, Words>} by what is happening */
  states: {
    idle: { heading: "Hi, I'm Alex.", hint: 'Ask me anything out loud. I listen, and answer in plain words.' },
    microphone: { heading: 'May I hear you?', hint: 'Your browser is asking for the microphone. Please choose “Allow”.' },
    connecting: { heading: 'Connecting…', hint: 'This takes a second or two.' },
    waiting: { heading: 'Calling Alex…', hint: 'Alex is about to pick up.' },
    waitingLong: { heading: 'Still calling…', hint: 'It takes a little longer than usual. Please stay on the line.' },
    waitingAgain: { heading: 'One moment…', hint: 'Alex dropped out of the call. We are getting Alex back.' },
    listening: { heading: 'Listening', hint: 'Go ahead, just talk.' },
    listeningMuted: { heading: 'You are muted', hint: 'Alex cannot hear you. Unmute, or type a message.' },
    listeningLost: { heading: 'The microphone is gone', hint: 'Alex cannot hear you any more. Type a message, or call again.' },
    listeningTyping: { heading: 'Ready when you are', hint: 'Type a message. Alex answers out loud.' },
    thinking: { heading: 'Thinking', hint: 'One moment.' },
    speaking: { heading: 'Speaking', hint: 'You can interrupt any time.' },
    speakingTyping: { heading: 'Speaking', hint: 'You can type any time.' },
    speakingSilent: { heading: 'Speaking', hint: 'Alex is muted. Read along, or turn the sound on.' },
    reconnecting: { heading: 'Reconnecting…', hint: 'The network is shaky. Stay here, the call goes on by itself.' },
    endedByYou: { heading: 'Bye for now!', hint: 'You hung up. It was nice talking to you.' },
    endedByAlex: { heading: 'Bye for now!', hint: 'Alex ended the call. It was nice talking to you.' },
  },
  /** @param {number} seconds until the next try */
  busy: (seconds) => ({
    heading: 'All lines are busy',
    hint: `You are waiting for a free one. Trying again ${inSeconds(seconds)}.`,
  }),
  trying: { heading: 'All lines are busy', hint: 'Trying again now…' },

  /** @type {Record<string, ProblemWords>} by the code of the problem */
  problems: {
    'microphone-denied': {
      heading: 'I cannot hear you',
      hint:
        'The microphone is blocked for this page. Allow it with the button next to the address, then try again. ' +
        'Or just type.',
      actions: ['again', 'type'],
    },
    'microphone-missing': {
      heading: 'No microphone found',
      hint: 'Plug one in or switch it on, and try again. Or type instead: Alex still answers out loud.',
      actions: ['again', 'type'],
    },
    'microphone-in-use': {
      heading: 'The microphone is taken',
      hint: 'Another program is using it. Close that program and try again, or type instead.',
      actions: ['again', 'type'],
    },
    'page-insecure': {
      heading: 'The microphone needs a safe address',
      hint: 'Browsers only allow it on https:// or on localhost. Open this page there, or type instead.',
      actions: ['type'],
    },
    'browser-too-old': {
      heading: 'This browser cannot make calls',
      hint: 'Please use a current Chrome, Edge, Firefox or Safari.',
      actions: ['again'],
    },
    'page-incomplete': {
      heading: 'The page did not load fully',
      hint: 'A part of it is missing. Check your network and reload the page.',
      actions: ['again'],
    },
    offline: {
      heading: 'You are offline',
      hint: 'Your device has no network. Connect it, and try again.',
      actions: ['again'],
    },
    'server-down': {
      heading: 'Alex is out of reach',
      hint: 'The server does not answer. Wait a minute and try again.',
      actions: ['again'],
    },
    'server-trouble': {
      heading: 'Something broke on our side',
      hint: 'The server could not start a call. Wait a minute and try again.',
      actions: ['again'],
    },
    'still-busy': {
      heading: 'All lines are still busy',
      hint: 'Many people are talking to Alex right now. Please try again later.',
      actions: ['again'],
    },
    'too-many': {
      heading: 'That was a lot of calls',
      hint: 'Please take a short break and try again in a few minutes.',
      actions: ['again'],
    },
    refused: {
      heading: 'This call is not allowed',
      hint: 'The server said no. Reload the page; if it happens again, ask whoever runs it.',
      actions: ['again'],
    },
    'media-unreachable': {
      heading: 'The call does not get through',
      hint:
        'The page works, but sound cannot reach the server. A firewall or VPN may block it: try another network, ' +
        'or try again.',
      actions: ['again'],
    },
    'no-agent': {
      heading: 'Alex did not pick up',
      hint: 'Nobody answered the call. Please try again in a moment.',
      actions: ['again'],
    },
    'agent-lost': {
      heading: 'We lost Alex',
      hint: 'Alex dropped out and did not come back. Sorry! Please call again.',
      actions: ['again'],
    },
    'network-lost': {
      heading: 'The connection was lost',
      hint: 'Check your network, and call again.',
      actions: ['again'],
    },
    elsewhere: {
      heading: 'This call moved elsewhere',
      hint: 'It is open in another window. You can start a new one here.',
      actions: ['again'],
    },
  },

  /** Said to screen readers only, and only when it changes something for the caller. */
  announce: {
    live: 'Alex is on the line.',
    muted: 'Your microphone is off.',
    unmuted: 'Your microphone is on.',
    soundOff: 'Sound is off. What Alex says is read out as text.',
    soundOn: 'Sound is on.',
    /** @param {string} text */
    alexSaid: (text) => `Alex: ${text}`,
  },
};

/** @typedef {typeof en} Strings */

/** @type {Record<string, Strings>} */
const languages = { en };

/**
 * The words in the first of the wanted languages that exists, English otherwise.
 *
 * @param {readonly string[]} wanted language tags, best first, as in `navigator.languages`
 * @returns {{language: string, words: Strings}}
 */
export function strings(wanted) {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0] ?? '';
    const words = languages[language];
    if (words) return { language, words };
  }
  return { language: 'en', words: en };
}
