/**
 * LiveKit's room in the words of a call: what happens in it, each thing once.
 *
 * @typedef {import('./captions.js').Caption} Caption
 * @typedef {'good'|'poor'|'lost'} Quality
 *
 * @typedef {object} Told what is done about what happens
 * @property {() => void} agentChanged Alex came, or says what it does
 * @property {(who: any, reason: number|undefined) => void} left
 * @property {(caption: Caption) => void} caption
 * @property {(told: any) => void} turn what the agent tells of a turn
 * @property {(track: any) => void} sound
 * @property {(track: any) => void} soundEnded
 * @property {() => void} nobodyComes the server says so
 * @property {() => void} microphoneLost
 * @property {() => void} playback whether the browser plays sound has changed
 * @property {(quality: Quality) => void} quality of the caller's connection
 * @property {() => void} reconnecting
 * @property {() => void} reconnected
 * @property {(reason: number|undefined) => void} disconnected
 */
import { CaptionReader } from './captions.js';
import { CallProblem } from './problems.js';

const TOPIC_CAPTIONS = 'lk.transcription';
const TOPIC_TYPED = 'lk.chat';
/** From the agent: what each turn took. */
const TOPIC_FIGURES = 'alex.turn';
/** From web: nobody is free, and nobody is coming. */
const TOPIC_BUSY = 'alex.busy';

/** LiveKit's ConnectionQuality in our three words. @type {Record<string, Quality>} */
const QUALITY = { excellent: 'good', good: 'good', poor: 'poor', lost: 'lost' };

/**
 * @param {any} sdk
 * @param {any} room
 * @param {Told} told
 */
export function listen(sdk, room, told) {
  const { RoomEvent } = sdk;
  const captions = new CaptionReader();
  room.registerTextStreamHandler(TOPIC_CAPTIONS, (/** @type {any} */ reader, /** @type {any} */ from) => {
    const mine = from.identity === room.localParticipant.identity;
    // An agent that dies leaves a stream that rejects: the text that came stays, nobody needs to know.
    captions.read(reader, mine, told.caption).catch(() => {});
  });
  room.registerTextStreamHandler(TOPIC_FIGURES, (/** @type {any} */ reader) => {
    // Figures are for whoever is curious: one turn without them is no loss.
    readTurn(reader, told.turn).catch(() => {});
  });
  room
    .on(RoomEvent.ParticipantConnected, told.agentChanged)
    .on(RoomEvent.ParticipantAttributesChanged, told.agentChanged)
    .on(RoomEvent.ParticipantDisconnected, told.left)
    .on(RoomEvent.TrackSubscribed, (/** @type {any} */ track) => track.kind === 'audio' && told.sound(track))
    .on(RoomEvent.TrackUnsubscribed, told.soundEnded)
    // Only the server speaks without being anybody in the room.
    .on(RoomEvent.DataReceived, (/** @type {any} */ _data, /** @type {any} */ who, /** @type {any} */ _kind, /** @type {string} */ topic) => {
      if (!who && topic === TOPIC_BUSY) told.nobodyComes();
    })
    .on(RoomEvent.LocalTrackUnpublished, told.microphoneLost)
    .on(RoomEvent.AudioPlaybackStatusChanged, told.playback)
    .on(RoomEvent.ConnectionQualityChanged, (/** @type {string} */ quality, /** @type {any} */ who) => {
      const known = QUALITY[quality];
      if (known && who === room.localParticipant) told.quality(known);
    })
    .on(RoomEvent.SignalReconnecting, told.reconnecting)
    .on(RoomEvent.Reconnecting, told.reconnecting)
    .on(RoomEvent.Reconnected, told.reconnected)
    .on(RoomEvent.Disconnected, told.disconnected);
}

/** @param {any} sdk @param {any} room @param {import('./line.js').Pass} pass */
export async function join(sdk, room, pass) {
  try {
    await room.connect(pass.server_url, pass.participant_token);
  } catch (cause) {
    const { reason } = /** @type {{reason?: number}} */ (cause ?? {});
    const refused = cause instanceof sdk.ConnectionError && reason === sdk.ConnectionErrorReason.NotAllowed;
    throw new CallProblem(refused ? 'refused' : navigator.onLine ? 'media-unreachable' : 'offline', { cause });
  }
}

/** @param {any} room @returns {any} the participant that is Alex, or null */
export function agentOf(room) {
  for (const participant of room?.remoteParticipants.values() ?? []) {
    if (participant.isAgent) return participant;
  }
  return null;
}

/** @param {any} room @param {string} text @returns {Promise<unknown>} */
export function send(room, text) {
  return room.localParticipant.sendText(text, { topic: TOPIC_TYPED });
}

/** @param {any} reader @param {(told: any) => void} turn */
async function readTurn(reader, turn) {
  turn(JSON.parse(await reader.readAll()));
}
