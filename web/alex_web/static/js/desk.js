/**
 * Wires the call to the page; the only file that knows both. It comes behind main.js, which has put the page into service.
 *
 * @typedef {import('./call.js').Details} Details
 * @typedef {import('./room.js').Sdk} Sdk
 */
import { Awake } from './awake.js';
import { Call } from './call.js';
import { Conversation } from './conversation.js';
import { Devices } from './devices.js';
import { Hold } from './hold.js';
import { brand, view, words as first } from './main.js';
import { Panel } from './panel.js';
import { fresh } from './snapshot.js';
import { Sound } from './sound.js';
import { SoundCheck } from './soundcheck.js';
import { Stage } from './stage.js';
import { recall, remember } from './store.js';
import { prefer, strings } from './strings.js';
import { moodOf, wordsOf } from './words.js';

const SDK = '/static/vendor/livekit-client-2.23.0.umd.js';
const TOKENS = '/api/token';
const HANG_UPS = '/api/hangup';

let words = first;

const call = new Call({ sdk, tokenUrl: TOKENS, hangUpUrl: HANG_UPS });
const conversation = new Conversation(document, words);
const panel = new Panel(document, words);
const devices = new Devices();
const sound = new Sound(view.voices, devices.chosen.speaker);
const awake = new Awake();
const stage = new Stage(view.avatar, view.bars, {
  scene: () => ({
    mood: moodOf(call.snapshot),
    moving: call.active,
    microphoneOn: call.snapshot.microphoneOn,
    checking: panel.open,
  }),
  level: (level) => panel.level(level),
  heard: (heard) => view.heard(heard),
});
const check = new SoundCheck();
const hold = new Hold(view.microphone, {
  active: () => call.snapshot.pushToTalk && call.snapshot.voice && call.active,
  open: (open) => void call.setMicrophone(open),
});

let lastStart = { voice: true };
let pushToTalk = recall('push-to-talk') === 'yes';
/** @type {Promise<Sdk>|null} */
let loading = null;

const around = () => ({ soundOn: sound.on, time: Date.now(), talked: !conversation.empty });

call.addEventListener('changed', () => {
  if (!call.active) {
    hold.stop();
    conversation.settle();
  }
  view.render(call.snapshot, around());
  awake.set(call.active);
  stage.update();
});
call.addEventListener('caption', (event) => {
  const caption = /** @type {CustomEvent<Details['caption']>} */ (event).detail;
  conversation.show(caption);
  if (caption.who === 'alex' && caption.final && !sound.on) view.announce(words.text('announce.alexSaid', { text: caption.text }));
  if (caption.failed) view.announce(words.text('notSent'));
});
call.addEventListener('interrupted', () => conversation.interrupted());
call.addEventListener('figures', (event) => {
  view.figures(/** @type {CustomEvent<Details['figures']>} */ (event).detail);
});
call.addEventListener('microphone', (event) => {
  stage.listen(/** @type {CustomEvent<Details['microphone']>} */ (event).detail);
});
call.addEventListener('sound', (event) => {
  const track = /** @type {CustomEvent<Details['sound']>} */ (event).detail;
  sound.add(track);
  stage.add(track);
});
call.addEventListener('sound-ended', (event) => {
  const track = /** @type {CustomEvent<Details['sound-ended']>} */ (event).detail;
  sound.remove(track);
  stage.remove(track);
});

panel.addEventListener('choice', (event) => {
  const choice = /** @type {CustomEvent<import('./panel.js').Choice>} */ (event).detail;
  switch (choice.what) {
    case 'microphone':
      return void switchMicrophone(choice.value);
    case 'speaker':
      return void switchSpeaker(choice.value);
    case 'push-to-talk':
      pushToTalk = choice.value;
      remember('push-to-talk', choice.value ? 'yes' : '');
      return void call.holdToTalk(choice.value);
    case 'loudness':
      return setSound(choice.value > 0, choice.value);
    case 'check':
      return void openCheck();
    case 'sound':
      return void sound.chime(stage.wake());
    case 'closed':
      check.close();
      if (!call.active) stage.listen(null);
      return stage.update();
  }
});
devices.addEventListener('changed', () => panel.open && void offerDevices());

setInterval(() => view.tick(call.snapshot, around()), 500);
addEventListener('pagehide', () => call.abandon());
conversation.refresh();
view.render(call.snapshot, around());
stage.update();
// Ahead of the first click, behind everything that can be seen. If it fails, the call says so.
if (document.readyState === 'complete') loadSoon();
else addEventListener('load', loadSoon);

function loadSoon() {
  setTimeout(() => sdk().catch(() => {}), 200);
}

/** Does what the caller wants. @param {import('./view.js').Want} want */
export function act(want) {
  switch (want.intent) {
    case 'talk':
      return start(true);
    case 'type':
      return start(false);
    case 'again':
      return start(lastStart.voice);
    case 'code':
      call.line.code = want.value;
      return start(lastStart.voice);
    case 'reload':
      return location.reload();
    case 'cancel':
    case 'hang-up':
      return call.hangUp();
    case 'hear':
      return void call.allowAudio();
    case 'microphone':
      return void toggleMicrophone();
    case 'sound':
      return setSound(!sound.on, sound.volume);
    case 'volume':
      return setSound(want.value > 0, want.value);
    case 'say':
      return void call.say(want.value);
    case 'copy':
      return void conversation.copy().then((done) => (done ? view.done('copy', 'copied') : view.announce(words.text('notCopied'))));
    case 'save':
      conversation.save();
      return view.done('save', 'saved');
    case 'settings':
      return openPanel();
    case 'language':
      return void speak(want.value);
  }
}

/** @param {boolean} voice */
function start(voice) {
  lastStart = { voice };
  conversation.divide();
  view.figures(null);
  stage.wake();
  void call.start({ voice, deviceId: devices.chosen.microphone, pushToTalk });
}

async function toggleMicrophone() {
  if (call.snapshot.pushToTalk) return; // hold.js does
  await call.setMicrophone(!call.snapshot.microphoneOn);
  view.announce(words.text(call.snapshot.microphoneOn ? 'announce.unmuted' : 'announce.muted'));
}

/** @param {boolean} on @param {number} volume 0 to 1 */
function setSound(on, volume) {
  const changed = on !== sound.on;
  sound.set(on, volume);
  view.volume = volume;
  view.render(call.snapshot, around());
  if (changed) view.announce(words.text(on ? 'announce.soundOn' : 'announce.soundOff'));
}

function openPanel() {
  panel.show({ pushToTalk, volume: sound.volume, speakers: Sound.canChoose, canCheck: !call.active });
  // In a call it is open anyway, if it is on.
  if (call.active && call.snapshot.microphoneOn) panel.checking();
  else if (call.active && call.snapshot.voice) panel.tell(words.text('panel.muted'));
  stage.update();
  void offerDevices();
}

async function offerDevices() {
  panel.offer(await devices.list(), devices.chosen);
}

/** Opens the microphone for the sound check, before a call. */
async function openCheck() {
  stage.wake();
  try {
    stage.listen(await check.open(devices.chosen.microphone));
    panel.checking();
    stage.update();
  } catch (error) {
    const { code } = /** @type {import('./problems.js').CallProblem} */ (error);
    const { heading, hint } = wordsOf({ ...fresh(), phase: 'ended', problem: code }, around(), words);
    panel.tell(`${heading}. ${hint}`);
  }
  await offerDevices(); // now that they have names
}

/** @param {string} id */
async function switchMicrophone(id) {
  const used = call.active ? await call.useMicrophone(id) : true;
  if (used) devices.choose('microphone', id);
  else panel.tell(words.text('panel.notSwitched'));
  if (!call.active && check.isOpen) await openCheck();
  else if (!used) await offerDevices();
}

/** @param {string} id */
async function switchSpeaker(id) {
  if (await sound.use(id)) return devices.choose('speaker', id);
  panel.tell(words.text('panel.notSwitched'));
  return offerDevices();
}

/** @param {string} language */
async function speak(language) {
  prefer(language);
  words = await strings(language, brand);
  for (const part of [view, conversation, panel]) part.speak(words);
  view.render(call.snapshot, around());
}

/** @returns {Promise<Sdk>} loaded once; a failed load may be tried again */
function sdk() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = SDK;
    script.onload = () => {
      const { LivekitClient } = /** @type {typeof globalThis & {LivekitClient: Sdk}} */ (globalThis);
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
