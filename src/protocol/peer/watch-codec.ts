import { unreachable } from '../../core/base/assert.ts';
import type {
  WatchEnding,
  WatchEvent,
  WatchNews,
  WatchPlace,
  WatchRange,
  WatchRequest,
  WatchStart,
} from '../../core/store/watching.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  readIndex,
  readLineage,
  readOptionalKey,
  readStored,
  readVersion,
  writeLineage,
  writeOptionalKey,
  writeStored,
} from './store-codec.ts';

/** Numbers on the wire: append, never reorder. */
const RANGES: readonly WatchRange['kind'][] = ['key', 'prefix'];
const STARTS: readonly WatchStart['kind'][] = ['now', 'state', 'resume'];
const EVENTS: readonly WatchEvent['effect']['kind'][] = ['put', 'delete', 'expire', 'evict'];
const ENDINGS: readonly WatchEnding['kind'][] = ['declined', 'compacted', 'replaced-lineage'];
const DECLINED: readonly Extract<WatchEnding, { kind: 'declined' }>['code'][] = [
  'empty',
  'replica-behind',
  'no-leader',
  'overloaded',
  'stopping',
];

export function writeWatchRequest(writer: ByteWriter, { range, start, credit }: WatchRequest): void {
  writer.oneOf(RANGES, range.kind);
  if (range.kind === 'key') writer.key(range.key);
  else writeOptionalKey(writer, range.prefix === '' ? null : range.prefix);
  writer.oneOf(STARTS, start.kind);
  if (start.kind === 'resume') {
    writeLineage(writer, start.token.lineage);
    writePlace(writer, start.token.place);
  }
  writer.number(credit);
}

export function readWatchRequest(reader: ByteReader): WatchRequest {
  const kind = reader.oneOf(RANGES, 'range');
  const range: WatchRange =
    kind === 'key' ? { kind, key: reader.key() } : { kind, prefix: readOptionalKey(reader) ?? '' };
  return { range, start: readStart(reader), credit: reader.number('credit') };
}

function readStart(reader: ByteReader): WatchStart {
  const kind = reader.oneOf(STARTS, 'start');
  if (kind !== 'resume') return { kind };
  const lineage = readLineage(reader);
  return { kind, token: { lineage, place: readPlace(reader) } };
}

function writePlace(writer: ByteWriter, { index, effects, shown }: WatchPlace): void {
  writer.number(index);
  writer.number(effects);
  writer.flag(shown !== null);
  if (shown !== null) writeOptionalKey(writer, shown === '' ? null : shown);
}

function readPlace(reader: ByteReader): WatchPlace {
  const index = readIndex(reader, 'index of a place');
  const effects = reader.number('effects of a place');
  return { index, effects, shown: reader.flag('a state that is being shown') ? (readOptionalKey(reader) ?? '') : null };
}

export function writeWatchNews(writer: ByteWriter, { events, place, synced, lineage }: WatchNews): void {
  writeLineage(writer, lineage);
  writePlace(writer, place);
  writer.flag(synced);
  writer.number(events.length);
  for (const event of events) writeEvent(writer, event);
}

export function readWatchNews(reader: ByteReader): WatchNews {
  const lineage = readLineage(reader);
  const place = readPlace(reader);
  const synced = reader.flag('synced');
  const events: WatchEvent[] = [];
  for (let left = reader.count('events'); left > 0; left--) events.push(readEvent(reader));
  return { events, place, synced, lineage };
}

function writeEvent(writer: ByteWriter, { effect, place }: WatchEvent): void {
  writer.oneOf(EVENTS, effect.kind);
  writer.key(effect.key);
  if (effect.kind === 'put') writeStored(writer, effect.stored);
  else {
    writer.positive(effect.tombstone.version);
    writer.number(effect.tombstone.revision);
  }
  writePlace(writer, place);
}

function readEvent(reader: ByteReader): WatchEvent {
  const kind = reader.oneOf(EVENTS, 'event');
  const key = reader.key();
  const effect: WatchEvent['effect'] =
    kind === 'put'
      ? { kind, key, stored: readStored(reader) }
      : { kind, key, tombstone: { version: readVersion(reader), revision: readIndex(reader, 'revision') } };
  return { effect, place: readPlace(reader) };
}

export function writeWatchEnding(writer: ByteWriter, ending: WatchEnding): void {
  writer.oneOf(ENDINGS, ending.kind);
  switch (ending.kind) {
    case 'declined':
      writer.oneOf(DECLINED, ending.code);
      return;
    case 'compacted':
      writer.number(ending.oldestRevision);
      return;
    case 'replaced-lineage':
      writeLineage(writer, ending.lineage);
      return;
    default:
      unreachable(ending);
  }
}

export function readWatchEnding(reader: ByteReader): WatchEnding {
  const kind = reader.oneOf(ENDINGS, 'ending');
  switch (kind) {
    case 'declined':
      return { kind, code: reader.oneOf(DECLINED, 'reason of a declined watch') };
    case 'compacted':
      return { kind, oldestRevision: readIndex(reader, 'oldest revision') };
    case 'replaced-lineage':
      return { kind, lineage: readLineage(reader) };
    default:
      return unreachable(kind);
  }
}
