/**
 * LiveKit's room in the words of a call: what happens in it, each thing once.
 *
 * @typedef {import('./captions.js').Caption} Caption
 * @typedef {'good'|'poor'|'lost'} Quality
 * @typedef {Record<string, unknown>} Turn what the agent tells of a turn
 *
 * @typedef {typeof import('livekit-client')} Sdk LiveKit's own
 * @typedef {import('livekit-client').Room} Room
 * @typedef {import('livekit-client').RemoteParticipant} Participant
 * @typedef {import('livekit-client').RemoteTrack} Track
 * @typedef {import('livekit-client').TextStreamReader} TextReader
 * @typedef {import('livekit-client').DisconnectReason} Reason
 *
 * @typedef {object} Told what is done about what happens
 * @property {() => void} agentChanged Alex came, or says what it does
 * @property {(who: Participant, reason?: Reason) => void} left
 * @property {(caption: Caption) => void} caption
 * @property {(told: Turn) => void} turn
 * @property {(track: Track) => void} sound
 * @property {(track: Track) => void} soundEnded
 * @property {() => void} nobodyComes the server says so
 * @property {() => void} microphoneLost
 * @property {() => void} playback whether the browser plays sound has changed
 * @property {(quality: Quality) => void} quality of the caller's connection
 * @property {() => void} reconnecting
 * @property {() => void} reconnected
 * @property {(reason?: Reason) => void} disconnected
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
 * @param {Sdk} sdk
 * @param {Room} room
 * @param {Told} told
 */
export function listen(sdk, room, told) {
  const { RoomEvent } = sdk;
  const captions = new CaptionReader();
  room.registerTextStreamHandler(TOPIC_CAPTIONS, (reader, from) => {
    const mine = from.identity === room.localParticipant.identity;
    // An agent that dies leaves a stream that rejects: the text that came stays, nobody needs to know.
    captions.read(reader, mine, told.caption).catch(() => {});
  });
  room.registerTextStreamHandler(TOPIC_FIGURES, (reader) => {
    // Figures are for whoever is curious: one turn without them is no loss.
    readTurn(reader, told.turn).catch(() => {});
  });
  room
    .on(RoomEvent.ParticipantConnected, told.agentChanged)
    .on(RoomEvent.ParticipantAttributesChanged, told.agentChanged)
    .on(RoomEvent.ParticipantDisconnected, told.left)
    .on(RoomEvent.TrackSubscribed, (track) => track.kind === 'audio' && told.sound(track))
    .on(RoomEvent.TrackUnsubscribed, told.soundEnded)
    // Only the server speaks without being anybody in the room.
    .on(RoomEvent.DataReceived, (_data, who, _kind, topic) => {
      if (!who && topic === TOPIC_BUSY) told.nobodyComes();
    })
    .on(RoomEvent.LocalTrackUnpublished, told.microphoneLost)
    .on(RoomEvent.AudioPlaybackStatusChanged, told.playback)
    .on(RoomEvent.ConnectionQualityChanged, (quality, who) => {
      const known = QUALITY[quality];
      if (known && who === room.localParticipant) told.quality(known);
    })
    .on(RoomEvent.SignalReconnecting, told.reconnecting)
    .on(RoomEvent.Reconnecting, told.reconnecting)
    .on(RoomEvent.Reconnected, told.reconnected)
    .on(RoomEvent.Disconnected, told.disconnected);
}

/** @param {Sdk} sdk @param {Room} room @param {import('./line.js').Pass} pass */
export async function join(sdk, room, pass) {
  try {
    await room.connect(pass.server_url, pass.participant_token);
  } catch (cause) {
    const refused = cause instanceof sdk.ConnectionError && cause.reason === sdk.ConnectionErrorReason.NotAllowed;
    throw new CallProblem(refused ? 'refused' : navigator.onLine ? 'media-unreachable' : 'offline', { cause });
  }
}

/** @param {Room|null} room @returns {Participant|null} the participant that is Alex */
export function agentOf(room) {
  for (const participant of room?.remoteParticipants.values() ?? []) {
    if (participant.isAgent) return participant;
  }
  return null;
}

/** @param {Room} room @param {string} text @returns {Promise<unknown>} */
export function send(room, text) {
  return room.localParticipant.sendText(text, { topic: TOPIC_TYPED });
}

/** @param {TextReader} reader @param {Told['turn']} turn */
async function readTurn(reader, turn) {
  turn(JSON.parse(await reader.readAll()));
}
