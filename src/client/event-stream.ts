import { KvError } from './kv-error.ts';

/** Server-Sent Events, as WHATWG's HTML writes them and kvstore sends them: lines end in a line feed. */
export interface StreamEvent {
  readonly name: string;
  /** null: it has none. */
  readonly id: string | null;
  readonly data: string;
}

/** In characters: the largest value that a store takes, escaped as badly as JSON can. */
const EVENT_LENGTH_MAX = 128 * 2 ** 20;

/**
 * The events in what arrives. What the end cuts off is no event.
 * @throws KvError `bad-answer` for one that no store sends
 */
export async function* eventsIn(
  chunks: AsyncIterable<Uint8Array>,
  lengthMax = EVENT_LENGTH_MAX,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  for await (const chunk of chunks) {
    // The end of an event may lie on both sides of a seam.
    let from = Math.max(0, text.length - 1);
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n', from); end >= 0; end = text.indexOf('\n\n', from)) {
      const event = eventOf(text.slice(0, end));
      text = text.slice(end + 2);
      from = 0;
      if (event !== null) yield event;
    }
    if (text.length > lengthMax)
      throw new KvError({ code: 'bad-answer', detail: 'An event of a watch is longer than any can be.' });
  }
}

/** null: a comment, or a word about when to come again. */
function eventOf(block: string): StreamEvent | null {
  let [name, id, data]: [string | null, string | null, string | null] = [null, null, null];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    switch (line.slice(0, colon)) {
      case 'event':
        name = value;
        break;
      case 'id':
        id = value;
        break;
      case 'data':
        data = data === null ? value : `${data}\n${value}`;
    }
  }
  return name === null || data === null ? null : { name, id, data };
}
