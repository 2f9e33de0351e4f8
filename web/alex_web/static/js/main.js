/**
 * The first code of the page: its words and its buttons. They answer at once, also on a slow line; what a call needs comes behind.
 */
import { fresh } from './snapshot.js';
import { strings } from './strings.js';
import { View } from './view.js';

const { name = '', maker = '', greeting = '' } = document.documentElement.dataset;
export const brand = { name, maker, greeting };
export const words = await strings(document.documentElement.lang, brand);
export const view = new View(document, words);

show({});

let ready = false;
const desk = import('./desk.js').then((module) => {
  ready = true;
  return module;
});

view.addEventListener('intent', async (event) => {
  const want = /** @type {CustomEvent<import('./view.js').Want>} */ (event).detail;
  if (!ready && ['talk', 'type'].includes(want.intent)) show({ phase: 'connecting' });
  let act;
  try {
    ({ act } = await desk);
  } catch {
    if (want.intent === 'again') location.reload();
    else show({ phase: 'ended', problem: 'page-incomplete' });
    return;
  }
  act(want);
});

/** Shows what there is to say before there can be a call. @param {Partial<import('./snapshot.js').Snapshot>} now */
function show(now) {
  view.render({ ...fresh(), ...now }, { soundOn: true, time: Date.now(), talked: false });
}
