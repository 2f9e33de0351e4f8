/**
 * One call with Alex: microphone, token, room, agent, captions, and how it ends. Knows nothing of the page.
 *
 * Events: `changed` (read `snapshot`), `caption` (detail: Caption), `interrupted` (the caller took the word while Alex spoke),
 * `sound` and `sound-ended` (detail: Track; Alex may have several, and a successor's may come before its predecessor's goes),
 * `microphone` (detail: the caller's MediaStreamTrack or null), `figures` (detail: Figures, after each answer).
 *
 * @typedef {import('./snapshot.js').Snapshot} Snapshot
 * @typedef {import('./snapshot.js').Mood} Mood
 * @typedef {import('./captions.js').Caption} Caption
 * @typedef {import('./microphone.js').Microphone} Microphone
 * @typedef {import('./room.js').Sdk} Sdk
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').Track} Track
 * @typedef {import('./room.js').Reason} Reason
 *
 * @typedef {{caption: Caption, interrupted: null, sound: Track, 'sound-ended': Track, microphone: MediaStreamTrack|null,
 *   figures: import('./figures.js').Figures}} Details what each event carries
 */
import { figuresOf } from './figures.js';
import { Line } from './line.js';
import { openMicrophone } from './microphone.js';
import { CallProblem } from './problems.js';
import { agentOf, join, listen, send } from './room.js';
import { fresh } from './snapshot.js';

const AGENT_STATE = 'lk.agent.state';

/** Waits in milliseconds, each with its reason. */
const WAIT = {
  /** After this a caller wonders; an agent is normally here in 0.7 s. */
  long: 6_000,
  /** web replaces a dead agent within seconds, and says so when it cannot; nothing else takes this long. */
  agent: 30_000,
  /** An agent that says goodbye closes the room at once; one that had to go is followed by another within this. */
  goodbye: 8_000,
  /** Alex stops half a second after the caller began: words that came within this took the word from Alex. */
  tookTheWord: 1_500,
};

/** LiveKit's DisconnectReason, as far as it changes what we say. */
const REASON = { clientInitiated: 1, duplicateIdentity: 2, participantRemoved: 4, roomDeleted: 5, roomClosed: 10 };

export class Call extends EventTarget {
  /** @type {Snapshot} */
  #snapshot = Object.freeze(fresh());
  /** Ends everything this attempt has begun. @type {AbortController} */
  #attempt = new AbortController();
  /** @type {Room|null} */
  #room = null;
  /** What the room was joined with. @type {string} */
  #token = '';
  /** @type {Microphone|null} */
  #microphone = null;
  #typed = 0;
  /** When the caller's last words came (epoch milliseconds). */
  #saidAt = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];

  /**
   * @param {object} needs
   * @param {() => Promise<Sdk>} needs.sdk
   * @param {string} needs.tokenUrl
   * @param {string} needs.hangUpUrl
   */
  constructor({ sdk, tokenUrl, hangUpUrl }) {
    super();
    this.loadSdk = sdk;
    this.line = new Line(tokenUrl);
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
   * @param {{voice: boolean, deviceId?: string, pushToTalk?: boolean}} options
   */
  async start({ voice, deviceId = '', pushToTalk = false }) {
    if (this.active) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#set({ ...fresh(), phase: voice ? 'microphone' : 'connecting', voice, pushToTalk, microphoneOn: voice && !pushToTalk });
    try {
      const sdk = await this.#loaded(voice);
      // Before the token: the question may stay open for minutes, a token lives two.
      if (voice) await this.#openMicrophone(sdk, { deviceId, pushToTalk }, attempt.signal);
      this.#set({ phase: 'connecting' });
      const pass = await this.line.wait(attempt.signal, (retryAt) => this.#set({ phase: 'busy', retryAt }));
      await this.#join(sdk, pass, attempt.signal);
    } catch (error) {
      if (attempt.signal.aborted) return;
      // The page says it to the caller; this is for whoever is asked why.
      console.info('The call failed:', error);
      const known = error instanceof CallProblem ? error : new CallProblem('server-trouble');
      this.#end({ problem: known.code, retryAt: known.retryAt });
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

  /** @param {boolean} on muted or not, held or not */
  async setMicrophone(on) {
    await this.#microphone?.set(on);
    this.#tellMicrophone();
  }

  /** @param {boolean} pushToTalk from now on */
  async holdToTalk(pushToTalk) {
    await this.#microphone?.hold(pushToTalk);
    if (this.active) this.#set({ pushToTalk });
    this.#tellMicrophone();
  }

  /** @param {string} deviceId @returns {Promise<boolean>} whether it is used now, or from the next call on */
  async useMicrophone(deviceId) {
    const used = (await this.#microphone?.use(deviceId)) ?? true;
    this.#tellMicrophone();
    return used;
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
    this.#saidAt = Date.now();
    this.#emit('caption', caption);
    try {
      await send(this.#room, trimmed);
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
    } catch (cause) {
      throw new CallProblem('page-incomplete', { cause });
    }
  }

  async #openMicrophone(
    /** @type {Sdk} */ sdk,
    /** @type {{deviceId: string, pushToTalk: boolean}} */ wanted,
    /** @type {AbortSignal} */ signal,
  ) {
    const microphone = await openMicrophone(sdk, wanted);
    if (signal.aborted) {
      microphone.stop();
      signal.throwIfAborted();
    }
    this.#microphone = microphone;
    microphone.changed = () => microphone === this.#microphone && this.#tellMicrophone();
    this.#emit('microphone', microphone.source);
  }

  async #join(
    /** @type {Sdk} */ sdk,
    /** @type {import('./line.js').Pass} */ pass,
    /** @type {AbortSignal} */ signal,
  ) {
    this.#set({ phase: 'connecting', retryAt: null });
    const room = new sdk.Room({ disconnectOnPageLeave: false }); // `abandon` does
    this.#room = room;
    this.#token = pass.participant_token;
    this.#listen(sdk, room);
    await join(sdk, room, pass);
    if (signal.aborted) {
      await room.disconnect();
      return;
    }
    this.#set({ phase: 'waiting', wait: 'first', audioBlocked: !room.canPlaybackAudio });
    this.#waitForAlex();
    this.#noticeAlex();
    if (this.#microphone) {
      const { pushToTalk, microphoneOn } = this.#snapshot;
      await room.localParticipant.publishTrack(this.#microphone.track);
      if (!pushToTalk && !microphoneOn) await this.#microphone.set(false);
    }
  }

  #listen(/** @type {Sdk} */ sdk, /** @type {Room} */ room) {
    /**
     * Drops what an earlier room still says.
     *
     * @template {unknown[]} Said
     * @param {(...said: Said) => void} handler
     * @returns {(...said: Said) => void}
     */
    const mine = (handler) => (...said) => {
      if (this.#room === room) handler(...said);
    };
    listen(sdk, room, {
      agentChanged: mine(() => this.#noticeAlex()),
      left: mine((who, reason) => this.#alexLeft(who, reason)),
      caption: mine((caption) => this.#noticeCaption(caption)),
      turn: mine((told) => this.#noticeTurn(told)),
      sound: mine((track) => this.#emit('sound', track)),
      // Not only mine: what a room that has ended still plays must stop too.
      soundEnded: (track) => this.#emit('sound-ended', track),
      nobodyComes: mine(() => this.#end({ problem: this.#snapshot.startedAt ? 'agent-lost' : 'still-busy' })),
      microphoneLost: mine(() => this.#microphoneLost()),
      playback: mine(() => this.#set({ audioBlocked: !room.canPlaybackAudio })),
      quality: mine((quality) => this.#set({ quality })),
      reconnecting: mine(() => this.#set({ phase: 'reconnecting' })),
      reconnected: mine(() => this.#reconnected()),
      disconnected: mine((reason) => this.#disconnected(reason)),
    });
  }

  #noticeCaption(/** @type {Caption} */ caption) {
    if (caption.who === 'you') this.#saidAt = Date.now();
    this.#emit('caption', caption);
  }

  #noticeTurn(/** @type {import('./room.js').Turn} */ told) {
    // A turn without a latency was cut before Alex said anything; and what is marked is the last that Alex said, not the next.
    if (told.outcome === 'interrupted' && told.turn_seconds && this.#snapshot.mood !== 'speaking') this.#interrupted();
    const figures = figuresOf(told);
    if (figures) this.#emit('figures', figures);
  }

  /** Takes Alex's state from the room; the first usable one means that Alex picked up. */
  #noticeAlex() {
    const state = agentOf(this.#room)?.attributes?.[AGENT_STATE];
    if (!state || state === 'initializing') return;
    const { phase, mood: before, startedAt } = this.#snapshot;
    if (!['waiting', 'live'].includes(phase)) return;
    this.#clearTimers();
    /** @type {Mood} */
    const mood = state === 'speaking' || state === 'thinking' ? state : 'listening';
    const interrupted = before === mood && this.#snapshot.interrupted;
    this.#set({ phase: 'live', mood, interrupted, startedAt: startedAt ?? Date.now() });
    const tookTheWord = Date.now() - this.#saidAt < WAIT.tookTheWord;
    if (before === 'speaking' && mood === 'listening' && tookTheWord) this.#interrupted();
  }

  #interrupted() {
    this.#saidAt = 0; // these words have done it
    this.#set({ interrupted: this.#snapshot.mood === 'listening' });
    this.#emit('interrupted', null);
  }

  #waitForAlex() {
    this.#clearTimers();
    this.#later(WAIT.long, () => this.#snapshot.wait === 'first' && this.#set({ wait: 'long' }));
    this.#later(WAIT.agent, () => this.#end({ problem: this.#snapshot.startedAt ? 'agent-lost' : 'no-agent' }));
  }

  #alexLeft(/** @type {import('./room.js').Participant} */ who, /** @type {Reason|undefined} */ reason) {
    if (!who.isAgent || agentOf(this.#room)) return;
    // The SDK forgets everybody before it joins anew: who is really gone shows once it is back.
    if (this.#snapshot.phase === 'reconnecting') return;
    if (this.#snapshot.startedAt && reason === REASON.clientInitiated) {
      this.#set({ mood: 'listening' });
      this.#later(WAIT.goodbye, () => agentOf(this.#room) || this.#end({ endedBy: 'alex' }));
      return;
    }
    this.#set({ phase: 'waiting', wait: this.#snapshot.startedAt ? 'again' : 'first' });
    this.#waitForAlex();
  }

  #tellMicrophone() {
    if (!this.#microphone) return;
    this.#emit('microphone', this.#microphone.source);
    this.#set({ microphoneOn: this.#microphone.on });
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
    const here = agentOf(this.#room) !== null;
    this.#set({ phase: here && startedAt ? 'live' : 'waiting', wait: startedAt ? 'again' : 'first' });
    if (!here) this.#waitForAlex();
    this.#noticeAlex();
  }

  #disconnected(/** @type {Reason|undefined} */ reason) {
    if (this.#snapshot.phase === 'connecting') return; // room.connect() rejects and says more
    const closed = [REASON.participantRemoved, REASON.roomDeleted, REASON.roomClosed].includes(reason ?? 0);
    if (closed) this.#end(this.#snapshot.startedAt ? { endedBy: 'alex' } : { problem: 'no-agent' });
    else this.#end({ problem: reason === REASON.duplicateIdentity ? 'elsewhere' : 'network-lost' });
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
      quality: null,
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

  #set(/** @type {Partial<Snapshot>} */ change) {
    this.#snapshot = Object.freeze({ ...this.#snapshot, ...change });
    this.dispatchEvent(new Event('changed'));
  }

  /** @template {keyof Details} Name @param {Name} name @param {Details[Name]} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
