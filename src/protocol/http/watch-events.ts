import { textOf } from '../../core/base/key.ts';
import type { WatchEvent, WatchNews } from '../../core/store/watching.ts';
import { envelopeOf } from './composite.ts';
import { encodeWatchToken } from './watch-token.ts';

/** Server-Sent Events, as WHATWG's HTML writes them: text in UTF-8, each event ended by an empty line. */

/** First of all, so that headers leave at once; and how long a browser waits before it comes again. */
export const STREAM_OPENING = 'retry: 1000\n\n';
/** Keeps the connection alive in the eyes of whoever stands between; no event. */
export const COMMENT = ':\n\n';

/** All that the news say, in the order in which it is read. */
export function textOfNews({ events, place, lineage, synced }: WatchNews): string {
  let text = '';
  for (const event of events) {
    const id = encodeWatchToken({ lineage, place: event.place });
    text += eventText(event.effect.kind, id, dataOf(event, lineage.id));
  }
  if (!synced && events.length > 0) return text;
  const revision = place.index - 1;
  return text + eventText(synced ? 'synced' : 'progress', encodeWatchToken({ lineage, place }), { revision });
}

/** Without an id: there is no place behind it to go on from. */
export const overflowText = (oldestRevision: number): string => eventText('overflow', null, { oldestRevision });

function eventText(name: string, id: string | null, data: unknown): string {
  return `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function dataOf({ effect }: WatchEvent, lineageId: string): unknown {
  const { key } = effect;
  if (effect.kind === 'put') return envelopeOf(key, effect.stored, lineageId);
  const { revision, version } = effect.tombstone;
  const text = textOf(key);
  return {
    ...(text === null ? { keyB64: Buffer.from(key, 'latin1').toString('base64') } : { key: text }),
    revision,
    version,
  };
}
