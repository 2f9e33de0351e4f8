/**
 * A stand-in for LiveKit's SDK, for the states of the page only: no network, no room, events on command through
 * `globalThis.standin`. What a real room does is tested with a real server in test_room.py.
 */
(() => {
  /**
   * @typedef {(...said: any[]) => unknown} Handler any, because each event says something else
   * @typedef {object} Plan what the next call does
   * @property {string} microphone `asking` for good, or the error's name
   * @property {string} [message] of that error
   * @property {string} connect `never` or `fails`
   * @property {boolean} playback
   * @property {string} [sending] `fails`
   * @property {string} [device] `fails`
   */

  const RoomEvent = Object.fromEntries(
    [
      'ParticipantConnected',
      'ParticipantDisconnected',
      'ParticipantAttributesChanged',
      'TrackSubscribed',
      'TrackUnsubscribed',
      'DataReceived',
      'LocalTrackUnpublished',
      'AudioPlaybackStatusChanged',
      'ConnectionQualityChanged',
      'SignalReconnecting',
      'Reconnecting',
      'Reconnected',
      'Disconnected',
    ].map((name) => [name, name]),
  );

  const { standinPlan } = /** @type {typeof globalThis & {standinPlan?: Partial<Plan>}} */ (globalThis);
  /** Behaviour of the next call; tests change it before they press a button. @type {Plan} */
  const plan = { microphone: '', connect: '', playback: true, ...standinPlan };
  /** @type {{text: string}[]} */
  const sent = [];
  /** @type {Room} */
  let room;

  class Room {
    constructor() {
      room = this;
      this.left = false;
      /** @type {Map<string, Handler>} */
      this.handlers = new Map();
      /** @type {Map<string, Handler>} */
      this.readers = new Map();
      /** @type {Map<string, {identity: string, isAgent: boolean, attributes: Record<string, string>}>} */
      this.remoteParticipants = new Map();
      this.canPlaybackAudio = plan.playback;
      this.localParticipant = {
        identity: 'caller',
        publishTrack: async () => {},
        sendText: async (/** @type {string} */ text, /** @type {object} */ options) => {
          if (plan.sending === 'fails') throw new Error('as planned');
          sent.push({ text, ...options });
        },
      };
    }
    /** @param {string} name @param {Handler} handler */
    on(name, handler) {
      if (!RoomEvent[name]) throw new Error(`the stand-in knows no event ${name}`);
      this.handlers.set(name, handler);
      return this;
    }
    /** @param {string} name @param {unknown[]} args */
    emit(name, ...args) {
      this.handlers.get(name)?.(...args);
    }
    /** @param {string} topic @param {Handler} handler */
    registerTextStreamHandler(topic, handler) {
      this.readers.set(topic, handler);
    }
    /** @param {string} topic @param {unknown[]} said */
    tell(topic, ...said) {
      const reader = this.readers.get(topic);
      if (!reader) throw new Error(`nobody reads ${topic}`);
      reader(...said);
    }
    async connect() {
      if (plan.connect === 'never') await new Promise(() => {});
      if (plan.connect === 'fails') throw new Error('no route to the media server');
    }
    async disconnect() {
      this.left = true;
    }
    async startAudio() {
      this.canPlaybackAudio = true;
      this.emit('AudioPlaybackStatusChanged');
    }
  }

  class LocalTrack {
    /** @type {Handler|undefined} */
    handler;

    /** @param {MediaStreamTrack} mediaStreamTrack */
    constructor(mediaStreamTrack) {
      this.mediaStreamTrack = mediaStreamTrack;
      this.isMuted = false;
    }
    async mute() {
      this.isMuted = true;
    }
    async unmute() {
      this.isMuted = false;
    }
    /** @param {ConstrainDOMString} id */
    async setDeviceId(id) {
      if (plan.device === 'fails') throw new DOMException('as planned', 'OverconstrainedError');
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId: id } });
      this.mediaStreamTrack.stop();
      this.mediaStreamTrack = first(stream);
      this.restarted();
      return true;
    }
    /** @param {string} name @param {Handler} handler */
    on(name, handler) {
      if (name === 'restarted') this.handler = handler;
    }
    restarted() {
      standin.microphone = this.mediaStreamTrack;
      this.handler?.();
    }
    stop() {
      this.mediaStreamTrack.stop();
    }
  }

  /** @param {MediaStream} stream */
  const first = (stream) => /** @type {MediaStreamTrack} */ (stream.getAudioTracks()[0]);

  /** Hertz and loudness of what makes a voice. @type {[number, number][]} */
  const VOWEL = [[160, 1], [320, 0.8], [640, 0.7], [1100, 0.5], [1900, 0.35], [3000, 0.25]];

  /** Something to hear and see: a vowel-like tone with syllables. */
  function voice() {
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const loudness = context.createGain();
    loudness.gain.value = 0.3;
    loudness.connect(out);
    for (const [hertz, gain] of VOWEL) {
      const tone = context.createOscillator();
      tone.type = 'sawtooth';
      tone.frequency.value = hertz;
      const part = context.createGain();
      part.gain.value = gain * 0.4;
      tone.connect(part).connect(loudness);
      tone.start();
    }
    const mediaStreamTrack = first(out.stream);
    /** @type {HTMLAudioElement[]} */
    const players = [];
    return {
      kind: 'audio',
      mediaStreamTrack,
      attach() {
        const player = document.createElement('audio');
        player.autoplay = true;
        player.srcObject = new MediaStream([mediaStreamTrack]);
        players.push(player);
        return player;
      },
      detach: () => players.splice(0),
    };
  }

  const alex = () => {
    const here = room.remoteParticipants.get('alex');
    if (!here) throw new Error('Alex has not joined');
    return here;
  };

  const standin = {
    plan,
    sent,
    /** The caller's track, and what it is heard by now. @type {LocalTrack|undefined} */
    track: undefined,
    /** @type {MediaStreamTrack|undefined} */
    microphone: undefined,
    left: () => room.left,
    /** @param {string} state */
    joins(state) {
      room.remoteParticipants.set('alex', { identity: 'alex', isAgent: true, attributes: { 'lk.agent.state': state } });
      room.emit('ParticipantConnected', alex());
    },
    /** @param {string} state */
    state(state) {
      alex().attributes = { 'lk.agent.state': state };
      room.emit('ParticipantAttributesChanged', { 'lk.agent.state': state }, alex());
    },
    voice() {
      const track = voice();
      room.emit('TrackSubscribed', track);
      return { silence: () => room.emit('TrackUnsubscribed', track) };
    },
    /** @param {number} reason */
    leaves(reason) {
      const gone = alex();
      room.remoteParticipants.delete('alex');
      room.emit('ParticipantDisconnected', gone, reason);
    },
    emit: (/** @type {string} */ name, /** @type {unknown[]} */ ...args) => room.emit(name, ...args),
    quality: (/** @type {string} */ quality) => room.emit('ConnectionQualityChanged', quality, room.localParticipant),
    blockAudio() {
      room.canPlaybackAudio = false;
      room.emit('AudioPlaybackStatusChanged');
    },
    /**
     * One text stream; `ends` is `close`, `fail` (a sender that died) or `open`.
     *
     * @param {'you'|'alex'} who
     * @param {string} segment
     * @param {string[]} chunks
     */
    caption(who, segment, chunks, { final = false, ends = 'close' } = {}) {
      const attributes = { 'lk.segment_id': segment, 'lk.transcription_final': String(final) };
      const reader = {
        info: { id: `${segment}-stream`, attributes },
        async *[Symbol.asyncIterator]() {
          yield* chunks;
          if (ends === 'fail') throw new Error('the sender is gone');
          if (ends === 'open') await new Promise(() => {});
        },
      };
      room.tell('lk.transcription', reader, { identity: who === 'you' ? 'caller' : 'alex' });
    },
    /** What the agent tells of a turn. @param {unknown} told */
    turn(told) {
      room.tell('alex.turn', { readAll: async () => JSON.stringify(told) });
    },
  };

  const LivekitClient = {
    Room,
    RoomEvent,
    TrackEvent: { Restarted: 'restarted' },
    ConnectionError: class extends Error {},
    ConnectionErrorReason: { NotAllowed: 0 },
    setLogLevel() {},
    /** @param {MediaTrackConstraints} constraints */
    async createLocalAudioTrack(constraints) {
      if (plan.microphone === 'asking') await new Promise(() => {});
      if (plan.microphone) throw new DOMException(plan.message ?? 'as planned', plan.microphone);
      const stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
      standin.microphone = first(stream);
      return (standin.track = new LocalTrack(standin.microphone));
    },
  };
  Object.assign(globalThis, { standin, LivekitClient });
})();
