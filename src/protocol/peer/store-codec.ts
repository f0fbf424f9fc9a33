import { unreachable } from '../../core/base/assert.ts';
import type { Key } from '../../core/base/key.ts';
import type { Epoch, LogIndex, Version, WallMs } from '../../core/base/numbers.ts';
import type { Lineage } from '../../core/replication/lineage.ts';
import {
  IDEMPOTENCY_KEY_BYTES_MAX,
  type Condition,
  type DecidedOutcome,
  type IdempotencyKey,
  type KeyOutcome,
  type RevisionTag,
  type SessionId,
  type StepResult,
} from '../../core/store/commands.ts';
import type { LockOutcome } from '../../core/store/locks.ts';
import type { Stay, StoredValue } from '../../core/store/reads.ts';
import type { ByteReader } from './byte-reader.ts';
import { UnencodableError, type ByteWriter } from './byte-writer.ts';
import { isLockOutcome, readLockOutcome, writeLockOutcome } from './lock-codec.ts';
import { CONTENT_TYPE, DIGEST, IDEMPOTENCY_KEY, INTEGER, LINEAGE_ID, SESSION } from './text-limits.ts';

/** The words of the store that several frames share. A `read…` takes just what its `write…` has put. */

export const readEpoch = (reader: ByteReader): Epoch => reader.number('epoch') as Epoch;
export const readIndex = (reader: ByteReader, what: string): LogIndex => reader.number(what) as LogIndex;
export const readVersion = (reader: ByteReader): Version => reader.positive('version') as Version;
export const writeSession = (writer: ByteWriter, session: SessionId): void => {
  writer.repeatedText(session, SESSION);
};
export const readSession = (reader: ByteReader): SessionId => reader.text('session', SESSION) as SessionId;

export function writeLineage(writer: ByteWriter, lineage: Lineage): void {
  writer.positive(lineage.number);
  writer.repeatedText(lineage.id, LINEAGE_ID);
}

export function readLineage(reader: ByteReader): Lineage {
  return { number: reader.positive('lineage number'), id: reader.text('lineage id', LINEAGE_ID) };
}

export function writeOptionalLineage(writer: ByteWriter, lineage: Lineage | null): void {
  writer.flag(lineage !== null);
  if (lineage !== null) writeLineage(writer, lineage);
}

export function readOptionalLineage(reader: ByteReader): Lineage | null {
  return reader.flag('presence of a lineage') ? readLineage(reader) : null;
}

/** A key, or nothing: what keys begin with. */
export function writePrefix(writer: ByteWriter, prefix: string): void {
  writer.flag(prefix !== '');
  if (prefix !== '') writer.key(prefix);
}

export const readPrefix = (reader: ByteReader): string => (reader.flag('presence of a prefix') ? reader.key() : '');
export function writeOptionalKey(writer: ByteWriter, text: string | null): void {
  writer.flag(text !== null);
  if (text !== null) writer.key(text);
}

export const readOptionalKey = (reader: ByteReader): Key | null =>
  reader.flag('presence of a key') ? reader.key() : null;

export function writeContentType(writer: ByteWriter, contentType: string | null): void {
  writer.flag(contentType !== null);
  if (contentType !== null) writer.repeatedText(contentType, CONTENT_TYPE);
}

export function readContentType(reader: ByteReader): string | null {
  return reader.flag('presence of a content type') ? reader.text('content type', CONTENT_TYPE) : null;
}

export function writeIdempotencyKey(writer: ByteWriter, key: IdempotencyKey): void {
  const { length } = key.key;
  if (length > IDEMPOTENCY_KEY_BYTES_MAX) throw new UnencodableError(`an idempotency key of ${length} characters`);
  writer.text(key.key, IDEMPOTENCY_KEY);
  writer.text(key.digest, DIGEST);
}

export function readIdempotencyKey(reader: ByteReader): IdempotencyKey {
  const key = reader.text('idempotency key', IDEMPOTENCY_KEY);
  if (key.length > IDEMPOTENCY_KEY_BYTES_MAX) reader.fail(`an idempotency key of ${key.length} characters`);
  return { key, digest: reader.text('digest', DIGEST) };
}

export function writeOptionalIdempotencyKey(writer: ByteWriter, key: IdempotencyKey | null): void {
  writer.flag(key !== null);
  if (key !== null) writeIdempotencyKey(writer, key);
}

export function readOptionalIdempotencyKey(reader: ByteReader): IdempotencyKey | null {
  return reader.flag('presence of an idempotency key') ? readIdempotencyKey(reader) : null;
}

const CONDITIONS: readonly Condition['kind'][] = ['none', 'absent', 'present', 'match', 'noneMatch'];
const NONE: Condition = Object.freeze({ kind: 'none' });
const ABSENT: Condition = Object.freeze({ kind: 'absent' });
const PRESENT: Condition = Object.freeze({ kind: 'present' });

export function writeCondition(writer: ByteWriter, condition: Condition): void {
  writer.oneOf(CONDITIONS, condition.kind);
  if (condition.kind !== 'match' && condition.kind !== 'noneMatch') return;
  writer.number(condition.tags.length);
  for (const tag of condition.tags) {
    writer.repeatedText(tag.lineageId);
    writer.number(tag.revision);
  }
}

export function readCondition(reader: ByteReader): Condition {
  const kind = reader.oneOf(CONDITIONS, 'condition');
  switch (kind) {
    case 'none':
      return NONE;
    case 'absent':
      return ABSENT;
    case 'present':
      return PRESENT;
    case 'match':
    case 'noneMatch':
      return { kind, tags: readTags(reader) };
    default:
      return unreachable(kind);
  }
}

function readTags(reader: ByteReader): readonly RevisionTag[] {
  const tags: RevisionTag[] = [];
  for (let left = reader.count('tags'); left > 0; left--) {
    // Not held to the limits of our own lineages: a client may send any tag, and one that never existed matches nothing.
    tags.push({ lineageId: reader.text('lineage id of a tag'), revision: readIndex(reader, 'revision of a tag') });
  }
  return tags;
}

export function writeOptionalTime(writer: ByteWriter, timeMs: WallMs | null): void {
  writer.flag(timeMs !== null);
  if (timeMs !== null) writer.time(timeMs);
}

export function readOptionalTime(reader: ByteReader): WallMs | null {
  return reader.flag('presence of a time') ? (reader.time('time') as WallMs) : null;
}

export function writeStay(writer: ByteWriter, { expiresAtMs, idleMs }: Stay): void {
  writeOptionalTime(writer, expiresAtMs);
  writer.flag(idleMs !== null);
  if (idleMs !== null) writer.positive(idleMs);
}

export function readStay(reader: ByteReader): Stay {
  const expiresAtMs = readOptionalTime(reader);
  return { expiresAtMs, idleMs: reader.flag('presence of an idle time') ? reader.positive('idle time') : null };
}

/** A whole number of 64 bits, in decimal: counters are rare. */
export function writeInteger(writer: ByteWriter, value: bigint): void {
  writer.text(String(value), INTEGER);
}

export function readInteger(reader: ByteReader, what: string): bigint {
  const digits = reader.text(what, INTEGER);
  if (!/^-?\d+$/.test(digits)) reader.fail(`${what}: not a whole number`);
  const value = BigInt(digits);
  if (BigInt.asIntN(64, value) !== value) reader.fail(`${what}: not a number of 64 bits`);
  return value;
}

/** Numbers on the wire: append, never reorder. */
const DECIDED: readonly (DecidedOutcome['kind'] | 'got')[] = [
  'written',
  'deleted',
  'absent',
  'mismatch',
  'incremented',
  'uncountable',
  'batch',
  'transaction',
  'abandoned',
  'overlong',
  'got',
  'touched',
  'cleared',
  'counted',
  'tooMany',
  'stale',
  'locked',
  'held',
  'released',
  'notHeld',
];
const LISTS: readonly ('then' | 'otherwise')[] = ['then', 'otherwise'];
const UNCOUNTABLE: readonly Extract<KeyOutcome, { kind: 'uncountable' }>['reason'][] = ['not-a-number', 'out-of-range'];
const ABSENT_OUTCOME: KeyOutcome = Object.freeze({ kind: 'absent' });

const isOfLock = (outcome: DecidedOutcome): outcome is LockOutcome => isLockOutcome(outcome.kind);

export function writeDecided(writer: ByteWriter, outcome: DecidedOutcome): void {
  if (outcome.kind === 'batch') {
    writer.oneOf(DECIDED, outcome.kind);
    writeResults(writer, outcome.results);
  } else if (outcome.kind === 'transaction') {
    writer.oneOf(DECIDED, outcome.kind);
    writer.oneOf(LISTS, outcome.chose);
    writeResults(writer, outcome.results);
  } else if (outcome.kind === 'abandoned') {
    writer.oneOf(DECIDED, outcome.kind);
    writer.oneOf(LISTS, outcome.chose);
    writer.number(outcome.step);
    writeResult(writer, outcome.outcome);
  } else if (outcome.kind === 'cleared' || outcome.kind === 'counted') {
    writer.oneOf(DECIDED, outcome.kind);
    writer.number(outcome.count);
  } else if (outcome.kind === 'overlong' || outcome.kind === 'tooMany' || outcome.kind === 'stale') {
    writer.oneOf(DECIDED, outcome.kind);
  } else if (isOfLock(outcome)) {
    writer.oneOf(DECIDED, outcome.kind);
    writeLockOutcome(writer, outcome);
  } else {
    writeResult(writer, outcome);
  }
}

function writeResults(writer: ByteWriter, results: readonly StepResult[]): void {
  writer.number(results.length);
  for (const result of results) writeResult(writer, result);
}

function writeResult(writer: ByteWriter, result: StepResult): void {
  writer.oneOf(DECIDED, result.kind);
  switch (result.kind) {
    case 'written':
      writer.positive(result.version);
      writer.flag(result.created);
      return;
    case 'deleted':
      writer.positive(result.version);
      return;
    case 'absent':
      return;
    case 'mismatch':
      writer.flag(result.current !== null);
      if (result.current !== null) {
        writer.number(result.current.revision);
        writer.positive(result.current.version);
      }
      return;
    case 'incremented':
      writer.positive(result.version);
      writer.flag(result.created);
      writeInteger(writer, result.value);
      return;
    case 'uncountable':
      writer.oneOf(UNCOUNTABLE, result.reason);
      return;
    case 'touched':
      writer.positive(result.version);
      writeStay(writer, result);
      return;
    case 'got':
      writer.flag(result.found !== null);
      if (result.found !== null) writeStored(writer, result.found);
      return;
    default:
      unreachable(result);
  }
}

export function readDecided(reader: ByteReader): DecidedOutcome {
  const kind = reader.oneOf(DECIDED, 'outcome');
  if (kind === 'batch') return { kind, results: readResults(reader) };
  if (kind === 'transaction') return { kind, chose: reader.oneOf(LISTS, 'list'), results: readResults(reader) };
  if (kind === 'overlong' || kind === 'tooMany' || kind === 'stale') return { kind };
  if (kind === 'cleared' || kind === 'counted') return { kind, count: reader.number('keys') };
  if (isLockOutcome(kind)) return readLockOutcome(reader, kind);
  if (kind !== 'abandoned') return keyOutcome(reader, resultOf(reader, kind));
  const chose = reader.oneOf(LISTS, 'list');
  const step = reader.number('step');
  return { kind, chose, step, outcome: keyOutcome(reader, readResult(reader)) };
}

function readResults(reader: ByteReader): readonly StepResult[] {
  const results: StepResult[] = [];
  for (let left = reader.count('results'); left > 0; left--) results.push(readResult(reader));
  return results;
}

function keyOutcome(reader: ByteReader, result: StepResult): KeyOutcome {
  return result.kind === 'got' ? reader.fail('a get where something is to be done') : result;
}

function readResult(reader: ByteReader): StepResult {
  const kind = reader.oneOf(DECIDED, 'result');
  return isOfWhole(kind) ? reader.fail(`${kind} within another outcome`) : resultOf(reader, kind);
}

type OfWhole = Exclude<DecidedOutcome['kind'], StepResult['kind']>;
const OF_WHOLE: readonly string[] = [
  'batch',
  'transaction',
  'abandoned',
  'overlong',
  'cleared',
  'counted',
  'tooMany',
  'stale',
  'locked',
  'held',
  'released',
  'notHeld',
] satisfies readonly OfWhole[];

/** Outcomes of a command that no step of one has. */
const isOfWhole = (kind: OfWhole | StepResult['kind']): kind is OfWhole => OF_WHOLE.includes(kind);

function resultOf(reader: ByteReader, kind: StepResult['kind']): StepResult {
  switch (kind) {
    case 'written':
      return { kind, version: readVersion(reader), created: reader.flag('created') };
    case 'deleted':
      return { kind, version: readVersion(reader) };
    case 'absent':
      return ABSENT_OUTCOME;
    case 'mismatch': {
      const present = reader.flag('presence of a current value');
      return {
        kind,
        current: present ? { revision: readIndex(reader, 'revision'), version: readVersion(reader) } : null,
      };
    }
    case 'incremented':
      return { kind, version: readVersion(reader), created: reader.flag('created'), value: readInteger(reader, 'sum') };
    case 'uncountable':
      return { kind, reason: reader.oneOf(UNCOUNTABLE, 'reason') };
    case 'touched':
      return { kind, version: readVersion(reader), ...readStay(reader) };
    case 'got':
      return { kind, found: reader.flag('presence of a value') ? readStored(reader) : null };
    default:
      return unreachable(kind);
  }
}

export function writeStored(writer: ByteWriter, stored: StoredValue): void {
  writeContentType(writer, stored.contentType);
  writer.number(stored.revision);
  writer.positive(stored.version);
  writer.number(stored.createRevision);
  writer.time(stored.modifiedMs);
  writeStay(writer, stored);
  writer.bytesOf(stored.value);
}

export function readStored(reader: ByteReader): StoredValue {
  const contentType = readContentType(reader);
  const revision = readIndex(reader, 'revision');
  const version = readVersion(reader);
  const createRevision = readIndex(reader, 'create revision');
  const modifiedMs = reader.time('time of the last change') as WallMs;
  const { expiresAtMs, idleMs } = readStay(reader);
  const value = reader.bytesOf('value');
  return { value, contentType, revision, version, createRevision, modifiedMs, expiresAtMs, idleMs };
}
