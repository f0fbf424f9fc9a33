import { unreachable } from '../../core/base/assert.ts';
import type { LogIndex, WallMs } from '../../core/base/numbers.ts';
import { Entry, type EntryBody, type StateEffect } from '../../core/replication/entry.ts';
import type { SessionId } from '../../core/store/commands.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readHeld, writeHeld } from './lock-codec.ts';
import {
  readContentType,
  readDecided,
  readEpoch,
  readIndex,
  readOptionalIdempotencyKey,
  readStay,
  readSession,
  readVersion,
  writeContentType,
  writeDecided,
  writeOptionalIdempotencyKey,
  writeStay,
  writeSession,
} from './store-codec.ts';

const BODIES: readonly EntryBody['kind'][] = [
  'empty',
  'write',
  'openSession',
  'endSessions',
  'expire',
  'begin',
  'forget',
  'evict',
];
const EFFECTS: readonly StateEffect['kind'][] = ['put', 'delete', 'expire', 'touch', 'hold', 'free', 'evict'];
const EMPTY: EntryBody = Object.freeze({ kind: 'empty' });
const NO_EFFECTS: readonly StateEffect[] = Object.freeze([]);

export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.number(entry.index);
  writer.number(entry.epoch);
  writer.time(entry.timeMs);
  const body = entry.body;
  writer.oneOf(BODIES, body.kind);
  switch (body.kind) {
    case 'empty':
      return;
    case 'begin':
      writer.positive(body.historyLimit);
      return;
    case 'forget':
      writer.number(body.through);
      return;
    case 'write':
      writeSession(writer, body.request.session);
      writer.positive(body.request.number);
      writer.number(body.settledThrough);
      writeOptionalIdempotencyKey(writer, body.idempotencyKey);
      writeDecided(writer, body.outcome);
      writeEffects(writer, body.effects);
      return;
    case 'expire':
    case 'evict':
      writeEffects(writer, body.effects);
      return;
    case 'openSession':
      writeSession(writer, body.session);
      return;
    case 'endSessions':
      writer.number(body.sessions.length);
      for (const session of body.sessions) writeSession(writer, session);
      return;
    default:
      unreachable(body);
  }
}

export function readEntry(reader: ByteReader): Entry {
  const index = readIndex(reader, 'index');
  const epoch = readEpoch(reader);
  const timeMs = reader.time('time of an entry') as WallMs;
  return new Entry(index, epoch, timeMs, readBody(reader, { index, timeMs }));
}

/** Where an entry stands: what its effects make of the store names it. */
interface EntryPlace {
  readonly index: LogIndex;
  readonly timeMs: WallMs;
}

function readBody(reader: ByteReader, place: EntryPlace): EntryBody {
  const kind = reader.oneOf(BODIES, 'kind of entry');
  switch (kind) {
    case 'empty':
      return EMPTY;
    case 'begin':
      return { kind, historyLimit: reader.positive('versions kept') };
    case 'forget':
      return { kind, through: readIndex(reader, 'last entry forgotten') };
    case 'write': {
      const session = readSession(reader);
      const number = reader.positive('request number');
      const settledThrough = reader.number('settled through');
      const idempotencyKey = readOptionalIdempotencyKey(reader);
      const outcome = readDecided(reader);
      return {
        kind,
        request: { session, number },
        settledThrough,
        idempotencyKey,
        effects: readEffects(reader, place),
        outcome,
      };
    }
    case 'expire':
    case 'evict':
      return { kind, effects: readEffects(reader, place) };
    case 'openSession':
      return { kind, session: readSession(reader) };
    case 'endSessions': {
      const sessions: SessionId[] = [];
      for (let left = reader.count('sessions'); left > 0; left--) sessions.push(readSession(reader));
      return { kind, sessions };
    }
    default:
      return unreachable(kind);
  }
}

function writeEffects(writer: ByteWriter, effects: readonly StateEffect[]): void {
  writer.number(effects.length);
  for (const effect of effects) writeEffect(writer, effect);
}

function writeEffect(writer: ByteWriter, effect: StateEffect): void {
  writer.oneOf(EFFECTS, effect.kind);
  writer.key('lock' in effect ? effect.lock : effect.key);
  switch (effect.kind) {
    case 'put': {
      const { stored } = effect;
      writer.positive(stored.version);
      writer.number(stored.createRevision);
      writeContentType(writer, stored.contentType);
      writeStay(writer, stored);
      writer.bytesOf(stored.value);
      return;
    }
    case 'delete':
    case 'expire':
    case 'evict':
      writer.positive(effect.tombstone.version);
      return;
    case 'touch':
      writeStay(writer, effect);
      return;
    case 'hold':
      writeHeld(writer, effect.held);
      return;
    case 'free':
      return;
    default:
      unreachable(effect);
  }
}

function readEffects(reader: ByteReader, place: EntryPlace): readonly StateEffect[] {
  const count = reader.count('effects');
  if (count === 0) return NO_EFFECTS;
  const effects: StateEffect[] = [];
  for (let left = count; left > 0; left--) effects.push(readEffect(reader, place));
  return effects;
}

function readEffect(reader: ByteReader, { index: revision, timeMs: modifiedMs }: EntryPlace): StateEffect {
  const kind = reader.oneOf(EFFECTS, 'kind of effect');
  const key = reader.key();
  switch (kind) {
    case 'put': {
      const version = readVersion(reader);
      const createRevision = readIndex(reader, 'create revision');
      const contentType = readContentType(reader);
      const { expiresAtMs, idleMs } = readStay(reader);
      const value = reader.bytesOf('value');
      return {
        kind,
        key,
        stored: { value, contentType, revision, version, createRevision, modifiedMs, expiresAtMs, idleMs },
      };
    }
    case 'delete':
    case 'expire':
    case 'evict':
      return { kind, key, tombstone: { version: readVersion(reader), revision } };
    case 'touch':
      return { kind, key, ...readStay(reader) };
    case 'hold':
      return { kind, lock: key, held: readHeld(reader) };
    case 'free':
      return { kind, lock: key };
    default:
      return unreachable(kind);
  }
}
