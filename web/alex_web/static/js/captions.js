/**
 * Captions as they come from the room: text streams, several for one sentence.
 *
 * @typedef {object} Caption
 * @property {string} id
 * @property {'you'|'alex'} who
 * @property {string} text the whole text so far, never a part of it
 * @property {boolean} final false while it may still change
 * @property {boolean} [failed] it was typed and did not reach Alex
 */

export class CaptionReader {
  /** @type {Map<string, number>} newest stream of each caption segment: older ones stop writing */
  #segments = new Map();
  #streams = 0;

  /**
   * Reads one stream to its end.
   *
   * @param {import('./room.js').TextReader} reader
   * @param {boolean} mine whether it is what the caller said
   * @param {(caption: Caption) => void} show
   */
  async read(reader, mine, show) {
    const { attributes = {}, id } = reader.info;
    const segment = attributes['lk.segment_id'] ?? id;
    const stream = (this.#streams += 1);
    this.#segments.set(segment, stream);
    // The caller's interims are a stream each, marked final or not; Alex's text is one stream, final when it closes.
    const final = attributes['lk.transcription_final'] === 'true';
    let text = '';
    const say = (/** @type {boolean} */ last) => {
      if (this.#segments.get(segment) !== stream || !text.trim()) return;
      show({ id: segment, who: mine ? 'you' : 'alex', text, final: last });
    };
    try {
      for await (const chunk of reader) {
        text += chunk;
        say(final);
      }
    } finally {
      say(final || !mine);
    }
  }
}
