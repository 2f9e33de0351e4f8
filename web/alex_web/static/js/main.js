/** Wires the call to the view; the only file that knows both. */
import { Avatar } from './avatar.js';
import { Call } from './call.js';
import { drawBars, Meter, SILENCE } from './meter.js';
import { strings } from './strings.js';
import { moodOf, View } from './view.js';

const SDK = '/static/vendor/livekit-client-2.23.0.umd.js';
const TOKENS = '/api/token';
const HANG_UPS = '/api/hangup';

/** Thirty pictures a second look the same as sixty here and cost a phone half as much; in milliseconds. */
const FRAME = 1000 / 31;

const { language, words } = strings(navigator.languages);
document.documentElement.lang = language;
const view = new View(document, words);
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const avatar = new Avatar(view.avatar, calm.matches);
const call = new Call({ sdk, tokenUrl: TOKENS, hangUpUrl: HANG_UPS });

let soundOn = true;
let volume = 1;
let lastStart = { voice: true };
/** @type {AudioContext|null} */
let context = null;
/** @type {Meter|null} */
let mine = null;
/** @type {Meter|null} */
let alex = null;
/** @type {Promise<any>|null} */
let loading = null;
let drawing = 0;
let drawnAt = 0;

const around = () => ({ soundOn, seconds: Date.now() / 1000 });

call.addEventListener('changed', () => {
  view.render(call.snapshot, around());
  animate();
});
call.addEventListener('caption', (event) => {
  const caption = /** @type {CustomEvent<import('./call.js').Caption>} */ (event).detail;
  view.caption(caption);
  if (caption.who === 'alex' && caption.final && !soundOn) view.announce(words.announce.alexSaid(caption.text));
});
call.addEventListener('figures', (event) => {
  view.figures(/** @type {CustomEvent<import('./figures.js').Figures>} */ (event).detail);
});
call.addEventListener('microphone', (event) => {
  const track = /** @type {CustomEvent<MediaStreamTrack|null>} */ (event).detail;
  mine?.clear();
  if (track) mine?.add(track);
});
call.addEventListener('sound', (event) => {
  const track = /** @type {CustomEvent<any>} */ (event).detail;
  const player = track.attach();
  player.muted = !soundOn;
  player.volume = volume;
  view.voices.append(player);
  alex?.add(track.mediaStreamTrack);
});
call.addEventListener('sound-ended', (event) => {
  const track = /** @type {CustomEvent<any>} */ (event).detail;
  for (const player of track.detach()) player.remove();
  alex?.remove(track.mediaStreamTrack);
});

view.addEventListener('intent', (event) => {
  const { intent, value } = /** @type {CustomEvent} */ (event).detail;
  switch (/** @type {import('./view.js').Intent} */ (intent)) {
    case 'talk':
      return start(true);
    case 'type':
      return start(false);
    case 'again':
      return start(lastStart.voice);
    case 'cancel':
    case 'hang-up':
      return call.hangUp();
    case 'hear':
      return void call.allowAudio();
    case 'microphone':
      return void toggleMicrophone();
    case 'sound':
      return setSound(!soundOn);
    case 'volume':
      volume = value;
      return setSound(value > 0);
    case 'say':
      return void call.say(value);
  }
});

setInterval(() => view.tick(call.snapshot, around()), 500);
calm.addEventListener('change', () => {
  avatar.calm = calm.matches;
});
document.addEventListener('visibilitychange', animate);
addEventListener('pagehide', () => call.abandon());
view.render(call.snapshot, around());
// Ahead of the first click, behind everything that can be seen. If it fails, the call says so.
addEventListener('load', () => setTimeout(() => sdk().catch(() => {}), 200));

/** @param {boolean} voice */
function start(voice) {
  lastStart = { voice };
  view.clearCaptions();
  // Inside the click, or the browser keeps it silent.
  context ??= new AudioContext({ latencyHint: 'interactive' });
  mine ??= new Meter(context);
  alex ??= new Meter(context);
  void context.resume();
  void call.start({ voice });
}

async function toggleMicrophone() {
  await call.setMicrophone(!call.snapshot.microphoneOn);
  view.announce(call.snapshot.microphoneOn ? words.announce.unmuted : words.announce.muted);
}

/** @param {boolean} on */
function setSound(on) {
  const changed = on !== soundOn;
  soundOn = on;
  for (const player of view.voices.querySelectorAll('audio')) {
    player.muted = !on;
    player.volume = volume;
  }
  view.render(call.snapshot, around());
  if (changed) view.announce(on ? words.announce.soundOn : words.announce.soundOff);
}

/** Draws while there is something to see, and rests otherwise. */
function animate() {
  if (!call.active) {
    cancelAnimationFrame(drawing);
    drawing = 0;
    avatar.rest(moodOf(call.snapshot));
  } else if (!drawing && !document.hidden) {
    drawing = requestAnimationFrame(frame);
  }
}

/** @param {number} time in milliseconds */
function frame(time) {
  drawing = document.hidden ? 0 : requestAnimationFrame(frame);
  if (time - drawnAt < FRAME) return;
  drawnAt = time;
  const levels = { mine: (call.snapshot.microphoneOn && mine?.read()) || SILENCE, alex: alex?.read() ?? SILENCE };
  avatar.frame(moodOf(call.snapshot), { ...levels, seconds: time / 1000 });
  drawBars(view.bars, levels.mine);
}

/** @returns {Promise<any>} LiveKit's SDK, loaded once; a failed load may be tried again */
function sdk() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = SDK;
    script.onload = () => {
      const { LivekitClient } = /** @type {any} */ (globalThis);
      LivekitClient.setLogLevel('error');
      resolve(LivekitClient);
    };
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error('the SDK did not load'));
    };
    document.head.append(script);
  });
  return loading;
}
