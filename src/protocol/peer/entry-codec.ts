import { unreachable } from '../../core/base/assert.ts';
import type { WallMs } from '../../core/base/numbers.ts';
import { Entry, type EntryBody, type KeyEffect } from '../../core/replication/entry.ts';
import type { SessionId } from '../../core/store/commands.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  readContentType,
  readDecided,
  readEpoch,
  readIndex,
  readOptionalIdempotencyKey,
  readSession,
  readVersion,
  writeContentType,
  writeDecided,
  writeOptionalIdempotencyKey,
  writeSession,
} from './store-codec.ts';

const BODIES: readonly EntryBody['kind'][] = ['empty', 'write', 'openSession', 'endSessions'];
const EFFECTS: readonly (KeyEffect['kind'] | 'nothing')[] = ['nothing', 'put', 'delete'];
const EMPTY: EntryBody = Object.freeze({ kind: 'empty' });

export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.number(entry.index);
  writer.number(entry.epoch);
  writer.time(entry.timeMs);
  const body = entry.body;
  writer.oneOf(BODIES, body.kind);
  switch (body.kind) {
    case 'empty':
      return;
    case 'write':
      writeSession(writer, body.request.session);
      writer.positive(body.request.number);
      writer.number(body.settledThrough);
      writeOptionalIdempotencyKey(writer, body.idempotencyKey);
      writeDecided(writer, body.outcome);
      writeEffect(writer, body.effect);
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
  return new Entry(index, epoch, timeMs, readBody(reader));
}

function readBody(reader: ByteReader): EntryBody {
  const kind = reader.oneOf(BODIES, 'kind of entry');
  switch (kind) {
    case 'empty':
      return EMPTY;
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
        effect: readEffect(reader),
        outcome,
      };
    }
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

function writeEffect(writer: ByteWriter, effect: KeyEffect | null): void {
  writer.oneOf(EFFECTS, effect === null ? 'nothing' : effect.kind);
  if (effect === null) return;
  writer.key(effect.key);
  writer.positive(effect.version);
  if (effect.kind === 'delete') return;
  writer.number(effect.createRevision);
  writeContentType(writer, effect.contentType);
  writer.bytesOf(effect.value);
}

function readEffect(reader: ByteReader): KeyEffect | null {
  const kind = reader.oneOf(EFFECTS, 'kind of effect');
  if (kind === 'nothing') return null;
  const key = reader.key();
  const version = readVersion(reader);
  if (kind === 'delete') return { kind, key, version };
  const createRevision = readIndex(reader, 'create revision');
  const contentType = readContentType(reader);
  return { kind, key, value: reader.bytesOf('value'), contentType, version, createRevision };
}
