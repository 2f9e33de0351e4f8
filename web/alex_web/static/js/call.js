/**
 * One call with Alex: microphone, token, room, agent, captions, and how it ends. Knows nothing of the page.
 *
 * Events: `changed` (read `snapshot`), `caption` (detail: Caption), `sound` and `sound-ended` (detail: one of LiveKit's
 * remote tracks; Alex may have several, and a successor's may come before its predecessor's goes), `microphone` (detail:
 * the caller's MediaStreamTrack or null), `figures` (detail: Figures, after each answer).
 *
 * @typedef {'idle'|'microphone'|'connecting'|'busy'|'waiting'|'live'|'reconnecting'|'ended'} Phase
 * @typedef {'listening'|'thinking'|'speaking'} Mood
 *
 * @typedef {object} Snapshot
 * @property {Phase} phase
 * @property {Mood} mood what Alex does; means something in `live` and `reconnecting`
 * @property {boolean} voice whether this call has a microphone
 * @property {boolean} microphoneOn
 * @property {boolean} microphoneLost it was there and went away during the call
 * @property {boolean} audioBlocked the browser wants a click before it plays sound
 * @property {'first'|'long'|'again'} wait why we wait for Alex; means something in `waiting`
 * @property {number|null} retryAt when the next try for a line starts (epoch milliseconds), null while trying
 * @property {number|null} startedAt when Alex picked up (epoch milliseconds)
 * @property {number|null} endedAt
 * @property {'you'|'alex'|null} endedBy
 * @property {string|null} problem a code of strings.js; only in `ended`
 *
 * @typedef {object} Caption
 * @property {string} id
 * @property {'you'|'alex'} who
 * @property {string} text the whole text so far, never a part of it
 * @property {boolean} final false while it may still change
 * @property {boolean} [failed] it was typed and did not reach Alex
 */

import { figuresOf } from './figures.js';

const TOPIC_CAPTIONS = 'lk.transcription';
const TOPIC_TYPED = 'lk.chat';
/** From the agent: what each turn took. */
const TOPIC_FIGURES = 'alex.turn';
/** From web: nobody is free, and nobody is coming. */
const TOPIC_BUSY = 'alex.busy';
const AGENT_STATE = 'lk.agent.state';

/** Waits in milliseconds, each with its reason. */
const WAIT = {
  /** After this a caller wonders; an agent is normally here in 0.7 s. */
  long: 6_000,
  /** web replaces a dead agent within seconds, and says so when it cannot; nothing else takes this long. */
  agent: 30_000,
  /** An agent that says goodbye closes the room at once; one that had to go is followed by another within this. */
  goodbye: 8_000,
  /** Nobody waits longer for a free line without wanting to be asked again. */
  line: 300_000,
  /** A token is a matter of milliseconds; a hanging server must not look like a slow one. */
  token: 15_000,
  /** What a busy server without a usable Retry-After gets. */
  retryDefault: 5_000,
  /** A longer Retry-After is not a wait one should watch. */
  retryMost: 60_000,
};

/** LiveKit's DisconnectReason, as far as it changes what we say. */
const REASON = { clientInitiated: 1, duplicateIdentity: 2, participantRemoved: 4, roomDeleted: 5, roomClosed: 10 };

/** A problem with a code that strings.js has words for. */
export class CallProblem extends Error {
  /** @param {string} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/** @returns {Snapshot} */
const fresh = () => ({
  phase: 'idle',
  mood: 'listening',
  voice: false,
  microphoneOn: false,
  microphoneLost: false,
  audioBlocked: false,
  wait: 'first',
  retryAt: null,
  startedAt: null,
  endedAt: null,
  endedBy: null,
  problem: null,
});

export class Call extends EventTarget {
  /** @type {Snapshot} */
  #snapshot = Object.freeze(fresh());
  /** Ends everything this attempt has begun. @type {AbortController} */
  #attempt = new AbortController();
  /** @type {any} LiveKit's Room */
  #room = null;
  /** What the room was joined with. @type {string} */
  #token = '';
  /** @type {any} LiveKit's LocalAudioTrack */
  #microphone = null;
  /** @type {any} */
  #sdk = null;
  /** @type {Map<string, number>} newest stream of each caption segment: older ones stop writing */
  #segments = new Map();
  #streams = 0;
  #typed = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];

  /**
   * @param {object} needs
   * @param {() => Promise<any>} needs.sdk resolves to LiveKit's JS SDK
   * @param {string} needs.tokenUrl
   * @param {string} needs.hangUpUrl
   */
  constructor({ sdk, tokenUrl, hangUpUrl }) {
    super();
    this.loadSdk = sdk;
    this.tokenUrl = tokenUrl;
    this.hangUpUrl = hangUpUrl;
  }

  get snapshot() {
    return this.#snapshot;
  }

  get active() {
    return !['idle', 'ended'].includes(this.#snapshot.phase);
  }

  /**
   * Starts a call, with a microphone or for typing only. Every outcome arrives as `changed`.
   *
   * @param {{voice: boolean}} options
   */
  async start({ voice }) {
    if (this.active) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#segments.clear();
    this.#set({ ...fresh(), phase: voice ? 'microphone' : 'connecting', voice, microphoneOn: voice });
    try {
      const sdk = await this.#loaded(voice);
      this.#sdk = sdk;
      if (voice) await this.#openMicrophone(sdk, attempt.signal);
      this.#set({ phase: 'connecting' });
      const pass = await this.#line(attempt.signal);
      await this.#join(sdk, pass, attempt.signal);
    } catch (error) {
      if (attempt.signal.aborted) return;
      // The page says it to the caller; this is for whoever is asked why.
      console.info('The call failed:', error);
      this.#end({ problem: error instanceof CallProblem ? error.code : 'server-trouble' });
    }
  }

  /** Ends the call or the attempt to make one. */
  hangUp() {
    if (this.active) this.#end(this.#snapshot.startedAt ? { endedBy: 'you' } : { phase: 'idle' });
  }

  /**
   * Ends the call because the page goes away. What is still on its way to the media server may go with it, and then the
   * room would wait twenty seconds for a caller who is not coming back; a beacon outlives the page.
   */
  abandon() {
    if (this.#room && this.#token) {
      const body = JSON.stringify({ participant_token: this.#token });
      navigator.sendBeacon(this.hangUpUrl, new Blob([body], { type: 'application/json' }));
    }
    this.hangUp();
  }

  /** Puts an ended call away. */
  dismiss() {
    if (this.#snapshot.phase === 'ended') this.#set(fresh());
  }

  /** @param {boolean} on */
  async setMicrophone(on) {
    if (!this.#microphone) return;
    await (on ? this.#microphone.unmute() : this.#microphone.mute());
    this.#set({ microphoneOn: !this.#microphone.isMuted });
  }

  /**
   * Says something by typing. It shows as the caller's own caption at once.
   *
   * @param {string} text
   */
  async say(text) {
    const trimmed = text.trim();
    if (!trimmed || !this.#room || this.#snapshot.phase !== 'live') return;
    /** @type {Caption} */
    const caption = { id: `typed-${(this.#typed += 1)}`, who: 'you', text: trimmed, final: true };
    this.#emit('caption', caption);
    try {
      await this.#room.localParticipant.sendText(trimmed, { topic: TOPIC_TYPED });
    } catch (error) {
      console.info('A typed message was not sent:', error);
      this.#emit('caption', { ...caption, failed: true });
    }
  }

  /** Lets sound play where the browser waited for a click. Call it from one. */
  async allowAudio() {
    await this.#room?.startAudio();
    this.#set({ audioBlocked: this.#room ? !this.#room.canPlaybackAudio : false });
  }

  /** @param {boolean} voice */
  async #loaded(voice) {
    if (typeof RTCPeerConnection === 'undefined') throw new CallProblem('browser-too-old');
    if (voice && !navigator.mediaDevices) throw new CallProblem('page-insecure');
    try {
      return await this.loadSdk();
    } catch (error) {
      throw new CallProblem('page-incomplete', error);
    }
  }

  /** Before the token: the question may stay open for minutes, a token lives two. */
  async #openMicrophone(/** @type {any} */ sdk, /** @type {AbortSignal} */ signal) {
    let track;
    try {
      track = await sdk.createLocalAudioTrack({
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      });
    } catch (error) {
      throw new CallProblem(microphoneProblem(error), error);
    }
    if (signal.aborted) {
      track.stop();
      throw new CallProblem('cancelled');
    }
    this.#microphone = track;
    this.#emit('microphone', track.mediaStreamTrack);
  }

  /**
   * Asks for a line until there is one.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<{server_url: string, participant_token: string}>}
   */
  async #line(signal) {
    const until = Date.now() + WAIT.line;
    for (;;) {
      const response = await this.#askForToken(signal);
      if (response.ok) {
        try {
          return await response.json();
        } catch (error) {
          throw new CallProblem('server-trouble', error);
        }
      }
      const wait = retryAfter(response);
      if (response.status === 429 && (wait === null || wait > WAIT.retryMost)) throw new CallProblem('too-many');
      if (![429, 503].includes(response.status) || wait === null) {
        throw new CallProblem(response.status >= 500 ? 'server-trouble' : 'refused');
      }
      const retryAt = Date.now() + Math.min(wait, WAIT.retryMost);
      if (retryAt > until) throw new CallProblem('still-busy');
      this.#set({ phase: 'busy', retryAt });
      await this.#sleep(retryAt - Date.now(), signal);
      this.#set({ retryAt: null });
    }
  }

  async #askForToken(/** @type {AbortSignal} */ signal) {
    try {
      return await fetch(this.tokenUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: '{}',
        cache: 'no-store',
        credentials: 'same-origin',
        signal: AbortSignal.any([signal, AbortSignal.timeout(WAIT.token)]),
      });
    } catch (error) {
      throw new CallProblem(navigator.onLine ? 'server-down' : 'offline', error);
    }
  }

  async #join(
    /** @type {any} */ sdk,
    /** @type {{server_url: string, participant_token: string}} */ pass,
    /** @type {AbortSignal} */ signal,
  ) {
    this.#set({ phase: 'connecting', retryAt: null });
    const room = new sdk.Room({ disconnectOnPageLeave: false }); // `abandon` does
    this.#room = room;
    this.#token = pass.participant_token;
    this.#listen(sdk, room);
    try {
      await room.connect(pass.server_url, pass.participant_token);
    } catch (error) {
      const { reason } = /** @type {{reason?: number}} */ (error ?? {});
      const refused = error instanceof sdk.ConnectionError && reason === sdk.ConnectionErrorReason.NotAllowed;
      throw new CallProblem(refused ? 'refused' : navigator.onLine ? 'media-unreachable' : 'offline', error);
    }
    if (signal.aborted) {
      await room.disconnect();
      return;
    }
    this.#set({ phase: 'waiting', wait: 'first', audioBlocked: !room.canPlaybackAudio });
    this.#waitForAlex();
    this.#noticeAlex();
    if (this.#microphone) {
      await room.localParticipant.publishTrack(this.#microphone);
      if (!this.#snapshot.microphoneOn) await this.#microphone.mute();
    }
  }

  #listen(/** @type {any} */ sdk, /** @type {any} */ room) {
    const { RoomEvent } = sdk;
    /** Drops what an earlier room still says. @param {(...args: any[]) => void} handler */
    const mine = (handler) => (/** @type {any[]} */ ...args) => {
      if (this.#room === room) handler(...args);
    };
    room.registerTextStreamHandler(TOPIC_CAPTIONS, (/** @type {any} */ reader, /** @type {any} */ from) => {
      // An agent that dies leaves a stream that rejects: the text that came stays, nobody needs to know.
      this.#readCaption(room, reader, from.identity).catch(() => {});
    });
    room.registerTextStreamHandler(TOPIC_FIGURES, (/** @type {any} */ reader) => {
      // Figures are for whoever is curious: one turn without them is no loss.
      this.#readFigures(room, reader).catch(() => {});
    });
    room
      .on(RoomEvent.ParticipantConnected, mine(() => this.#noticeAlex()))
      .on(RoomEvent.ParticipantAttributesChanged, mine(() => this.#noticeAlex()))
      .on(RoomEvent.ParticipantDisconnected, mine((who, reason) => this.#alexLeft(who, reason)))
      .on(RoomEvent.TrackSubscribed, mine((track) => track.kind === 'audio' && this.#emit('sound', track)))
      // Not only mine: what a room that has ended still plays must stop too.
      .on(RoomEvent.TrackUnsubscribed, (/** @type {any} */ track) => this.#emit('sound-ended', track))
      .on(RoomEvent.DataReceived, mine((_data, who, _kind, topic) => who || this.#told(topic)))
      .on(RoomEvent.LocalTrackUnpublished, mine(() => this.#microphoneLost()))
      .on(RoomEvent.AudioPlaybackStatusChanged, mine(() => this.#set({ audioBlocked: !room.canPlaybackAudio })))
      .on(RoomEvent.SignalReconnecting, mine(() => this.#set({ phase: 'reconnecting' })))
      .on(RoomEvent.Reconnecting, mine(() => this.#set({ phase: 'reconnecting' })))
      .on(RoomEvent.Reconnected, mine(() => this.#reconnected()))
      .on(RoomEvent.Disconnected, mine((reason) => this.#disconnected(reason)));
  }

  async #readFigures(/** @type {any} */ room, /** @type {any} */ reader) {
    const figures = figuresOf(await reader.readAll());
    if (figures && this.#room === room) this.#emit('figures', figures);
  }

  /** Takes what the server itself says; nobody in the room can say it. */
  #told(/** @type {string|undefined} */ topic) {
    if (topic === TOPIC_BUSY) this.#end({ problem: this.#snapshot.startedAt ? 'agent-lost' : 'still-busy' });
  }

  /** @returns {any} the participant that is Alex */
  #alex() {
    for (const participant of this.#room?.remoteParticipants.values() ?? []) {
      if (participant.isAgent) return participant;
    }
    return null;
  }

  /** Takes Alex's state from the room; the first usable one means that Alex picked up. */
  #noticeAlex() {
    const state = this.#alex()?.attributes?.[AGENT_STATE];
    if (!state || state === 'initializing') return;
    if (!['waiting', 'live'].includes(this.#snapshot.phase)) return;
    this.#clearTimers();
    const mood = state === 'speaking' || state === 'thinking' ? state : 'listening';
    this.#set({ phase: 'live', mood, startedAt: this.#snapshot.startedAt ?? Date.now() });
  }

  #waitForAlex() {
    this.#clearTimers();
    this.#later(WAIT.long, () => this.#snapshot.wait === 'first' && this.#set({ wait: 'long' }));
    this.#later(WAIT.agent, () => this.#end({ problem: this.#snapshot.startedAt ? 'agent-lost' : 'no-agent' }));
  }

  #alexLeft(/** @type {any} */ who, /** @type {number|undefined} */ reason) {
    if (!who.isAgent || this.#alex()) return;
    // The SDK forgets everybody before it joins anew: who is really gone shows once it is back.
    if (this.#snapshot.phase === 'reconnecting') return;
    if (this.#snapshot.startedAt && reason === REASON.clientInitiated) {
      this.#set({ mood: 'listening' });
      this.#later(WAIT.goodbye, () => this.#alex() || this.#end({ endedBy: 'alex' }));
      return;
    }
    this.#set({ phase: 'waiting', wait: this.#snapshot.startedAt ? 'again' : 'first' });
    this.#waitForAlex();
  }

  /** The SDK tries another microphone first; when it unpublishes there is none. */
  #microphoneLost() {
    this.#microphone?.stop();
    this.#microphone = null;
    this.#emit('microphone', null);
    this.#set({ voice: false, microphoneOn: false, microphoneLost: true });
  }

  #reconnected() {
    const { startedAt } = this.#snapshot;
    const here = this.#alex() !== null;
    this.#set({ phase: here && startedAt ? 'live' : 'waiting', wait: startedAt ? 'again' : 'first' });
    if (!here) this.#waitForAlex();
    this.#noticeAlex();
  }

  #disconnected(/** @type {number|undefined} */ reason) {
    if (this.#snapshot.phase === 'connecting') return; // room.connect() rejects and says more
    const closed = [REASON.participantRemoved, REASON.roomDeleted, REASON.roomClosed].includes(reason ?? 0);
    if (closed) this.#end(this.#snapshot.startedAt ? { endedBy: 'alex' } : { problem: 'no-agent' });
    else this.#end({ problem: reason === REASON.duplicateIdentity ? 'elsewhere' : 'network-lost' });
  }

  async #readCaption(/** @type {any} */ room, /** @type {any} */ reader, /** @type {string} */ identity) {
    const { attributes = {}, id } = reader.info;
    const segment = attributes['lk.segment_id'] ?? id;
    const mine = identity === room.localParticipant.identity;
    const stream = (this.#streams += 1);
    this.#segments.set(segment, stream);
    const current = () => this.#room === room && this.#segments.get(segment) === stream;
    const show = (/** @type {string} */ text, /** @type {boolean} */ final) => {
      if (current() && text.trim()) this.#emit('caption', { id: segment, who: mine ? 'you' : 'alex', text, final });
    };
    // The caller's interims are a stream each, marked final or not; Alex's text is one stream, final when it closes.
    const final = attributes['lk.transcription_final'] === 'true';
    let text = '';
    try {
      for await (const chunk of reader) {
        text += chunk;
        show(text, final);
      }
    } finally {
      show(text, final || !mine);
    }
  }

  #end(/** @type {Partial<Snapshot>} */ how) {
    const room = this.#room;
    this.#attempt.abort();
    this.#clearTimers();
    this.#room = null;
    this.#microphone?.stop();
    this.#microphone = null;
    this.#emit('microphone', null);
    room?.disconnect().catch(() => {});
    this.#set({
      phase: 'ended',
      endedAt: Date.now(),
      microphoneOn: false,
      audioBlocked: false,
      retryAt: null,
      ...how,
    });
  }

  #later(/** @type {number} */ milliseconds, /** @type {() => unknown} */ then) {
    this.#timers.push(setTimeout(then, milliseconds));
  }

  #clearTimers() {
    this.#timers.splice(0).forEach(clearTimeout);
  }

  /** @returns {Promise<void>} */
  #sleep(/** @type {number} */ milliseconds, /** @type {AbortSignal} */ signal) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
    });
  }

  #set(/** @type {Partial<Snapshot>} */ change) {
    this.#snapshot = Object.freeze({ ...this.#snapshot, ...change });
    this.dispatchEvent(new Event('changed'));
  }

  #emit(/** @type {string} */ name, /** @type {unknown} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * @param {unknown} error what getUserMedia threw
 * @returns {string} the problem's code
 */
export function microphoneProblem(error) {
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'microphone-denied';
    case 'NotReadableError':
    case 'AbortError':
      return 'microphone-in-use';
    default:
      return 'microphone-missing';
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
