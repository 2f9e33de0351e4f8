/**
 * A stand-in for LiveKit's SDK, for the states of the page only: no network, no room, events on command through
 * `globalThis.standin`. What a real room does is tested with a real server in test_room.py.
 */
(() => {
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

  /** Behaviour of the next call; tests change it before they press a button. */
  const plan = Object.assign({ microphone: '', connect: '', playback: true }, globalThis.standinPlan);
  const sent = [];
  let room = null;

  class Room {
    constructor() {
      room = this;
      this.handlers = new Map();
      this.readers = new Map();
      this.remoteParticipants = new Map();
      this.canPlaybackAudio = plan.playback;
      this.localParticipant = {
        identity: 'caller',
        publishTrack: async () => {},
        sendText: async (text, options) => {
          if (plan.sending === 'fails') throw new Error('as planned');
          sent.push({ text, ...options });
        },
      };
    }
    on(name, handler) {
      if (!RoomEvent[name]) throw new Error(`the stand-in knows no event ${name}`);
      this.handlers.set(name, handler);
      return this;
    }
    emit(name, ...args) {
      this.handlers.get(name)?.(...args);
    }
    registerTextStreamHandler(topic, handler) {
      this.readers.set(topic, handler);
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
    async setDeviceId(id) {
      if (plan.device === 'fails') throw new DOMException('as planned', 'OverconstrainedError');
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId: id } });
      this.mediaStreamTrack.stop();
      [this.mediaStreamTrack] = stream.getAudioTracks();
      this.restarted();
      return true;
    }
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

  /** Something to hear and see: a vowel-like tone with syllables. */
  function voice() {
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const loudness = context.createGain();
    loudness.gain.value = 0.3;
    loudness.connect(out);
    for (const [hertz, gain] of [[160, 1], [320, 0.8], [640, 0.7], [1100, 0.5], [1900, 0.35], [3000, 0.25]]) {
      const tone = context.createOscillator();
      tone.type = 'sawtooth';
      tone.frequency.value = hertz;
      const part = context.createGain();
      part.gain.value = gain * 0.4;
      tone.connect(part).connect(loudness);
      tone.start();
    }
    const [mediaStreamTrack] = out.stream.getAudioTracks();
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

  const alex = () => room.remoteParticipants.get('alex');

  const standin = (globalThis.standin = {
    plan,
    sent,
    left: () => room.left === true,
    joins(state) {
      room.remoteParticipants.set('alex', { identity: 'alex', isAgent: true, attributes: { 'lk.agent.state': state } });
      room.emit('ParticipantConnected', alex());
    },
    state(state) {
      alex().attributes = { 'lk.agent.state': state };
      room.emit('ParticipantAttributesChanged', { 'lk.agent.state': state }, alex());
    },
    voice() {
      const track = voice();
      room.emit('TrackSubscribed', track);
      return { silence: () => room.emit('TrackUnsubscribed', track) };
    },
    leaves(reason) {
      const gone = alex();
      room.remoteParticipants.delete('alex');
      room.emit('ParticipantDisconnected', gone, reason);
    },
    emit: (name, ...args) => room.emit(name, ...args),
    quality: (quality) => room.emit('ConnectionQualityChanged', quality, room.localParticipant),
    blockAudio() {
      room.canPlaybackAudio = false;
      room.emit('AudioPlaybackStatusChanged');
    },
    /** One text stream; `ends` is `close`, `fail` (a sender that died) or `open`. */
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
      room.readers.get('lk.transcription')(reader, { identity: who === 'you' ? 'caller' : 'alex' });
    },
    /** What the agent tells of a turn. */
    turn(told) {
      room.readers.get('alex.turn')({ readAll: async () => JSON.stringify(told) });
    },
  });

  globalThis.LivekitClient = {
    Room,
    RoomEvent,
    TrackEvent: { Restarted: 'restarted' },
    ConnectionError: class extends Error {},
    ConnectionErrorReason: { NotAllowed: 0 },
    setLogLevel() {},
    async createLocalAudioTrack(constraints) {
      if (plan.microphone === 'asking') await new Promise(() => {});
      if (plan.microphone) throw new DOMException(plan.message ?? 'as planned', plan.microphone);
      const stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
      [standin.microphone] = stream.getAudioTracks();
      return (standin.track = new LocalTrack(standin.microphone));
    },
  };
})();
