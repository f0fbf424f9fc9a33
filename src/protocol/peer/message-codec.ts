import { unreachable } from '../../core/base/assert.ts';
import type { Key } from '../../core/base/key.ts';
import type { Epoch, Version, WallMs } from '../../core/base/numbers.ts';
import type { Addresses } from '../../core/election/record.ts';
import type { Entry } from '../../core/replication/entry.ts';
import type { Append, KeptOutcome, PeerMessage, SnapshotItem } from '../../core/replication/messages.ts';
import { parseReplicaId, type ReplicaId } from '../../core/replication/replica-id.ts';
import { TOUCHES_PER_ACK_MAX } from '../../core/replication/touches.ts';
import { faultOfPacked, type PackedValues } from '../../core/store/packed-values.ts';
import type { ByteReader } from './byte-reader.ts';
import { UnencodableError, type ByteWriter } from './byte-writer.ts';
import { readEntry, writeEntry } from './entry-codec.ts';
import { readHeld, writeHeld } from './lock-codec.ts';
import {
  readContentType,
  readDecided,
  readIdempotencyKey,
  readIndex,
  readLineage,
  readOptionalLineage,
  readSession,
  readStored,
  readVersion,
  writeContentType,
  writeDecided,
  writeIdempotencyKey,
  writeLineage,
  writeOptionalLineage,
  writeSession,
  writeStored,
} from './store-codec.ts';
import { ADDRESS, REPLICA_ID } from './text-limits.ts';

const NO_TOUCHES: readonly Key[] = Object.freeze([]);

/** The body of a message between replicas; its epoch, if it has one, stands in the frame's header. */
export function writeMessage(writer: ByteWriter, message: PeerMessage): void {
  switch (message.kind) {
    case 'append':
      writeLineage(writer, message.lineage);
      writer.number(message.round);
      writer.number(message.fullRound);
      writer.number(message.prevIndex);
      writer.number(message.prevEpoch);
      writer.number(message.commitIndex);
      writer.flag(message.member);
      writer.time(message.confirmedMs);
      writer.time(message.timeMs);
      writer.number(message.entries.length);
      for (const entry of message.entries) writeEntry(writer, entry);
      return;
    case 'ack':
      writeLineage(writer, message.lineage);
      writer.number(message.round);
      writer.number(message.matchIndex);
      writer.number(message.appliedIndex);
      writer.time(message.sentMs);
      writer.number(message.receivedBytes);
      writer.flag(message.stopping);
      writer.number(message.touches.length);
      for (const key of message.touches) writer.key(key);
      return;
    case 'hello':
      writer.number(message.number);
      writeReplicaId(writer, message.from);
      writer.text(message.addresses.peer, ADDRESS);
      writer.text(message.addresses.http, ADDRESS);
      writeOptionalLineage(writer, message.lineage);
      writer.number(message.lastIndex);
      writer.number(message.lastEpoch);
      writer.flag(message.stopping);
      return;
    case 'reject':
      writeReplicaId(writer, message.from);
      writeOptionalLineage(writer, message.lineage);
      return;
    case 'resume':
      writeLineage(writer, message.lineage);
      writer.number(message.hello);
      writer.number(message.prevIndex);
      writer.number(message.prevEpoch);
      return;
    case 'snapshotBegin':
      writeLineage(writer, message.lineage);
      writer.number(message.hello);
      writer.number(message.startIndex);
      writer.number(message.startEpoch);
      writer.time(message.timeMs);
      writer.positive(message.historyLimit);
      return;
    case 'snapshotChunk':
      writeLineage(writer, message.lineage);
      writer.number(message.hello);
      writer.number(message.number);
      writer.number(message.items.length);
      for (const item of message.items) writeItem(writer, item);
      return;
    case 'snapshotEnd':
      writeLineage(writer, message.lineage);
      writer.number(message.hello);
      writer.number(message.chunks);
      writer.number(message.endIndex);
      writer.number(message.versionFloor);
      return;
    case 'vouch':
      writeLineage(writer, message.lineage);
      writer.number(message.number);
      return;
    case 'vouched':
      writeLineage(writer, message.lineage);
      writer.number(message.number);
      writer.flag(message.granted);
      return;
    case 'question':
      writer.number(message.number);
      writeReplicaId(writer, message.from);
      return;
    case 'answer':
      writer.number(message.number);
      writeReplicaId(writer, message.from);
      writeOptionalLineage(writer, message.obeys);
      writeOptionalLineage(writer, message.lineage);
      writer.number(message.lastIndex);
      writer.number(message.lastEpoch);
      writer.flag(message.leads);
      writer.flag(message.stopping);
      writer.flag(message.heardWorkingMs !== null);
      if (message.heardWorkingMs !== null) writer.time(message.heardWorkingMs);
      return;
    default:
      unreachable(message);
  }
}

export function readMessage(reader: ByteReader, kind: PeerMessage['kind'], epoch: Epoch): PeerMessage {
  switch (kind) {
    case 'append':
      return readAppend(reader, epoch);
    case 'ack':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        round: reader.number('round'),
        matchIndex: readIndex(reader, 'match index'),
        appliedIndex: readIndex(reader, 'applied index'),
        sentMs: reader.time('sending time'),
        receivedBytes: reader.number('received bytes'),
        stopping: reader.flag('stopping'),
        touches: readTouches(reader),
      };
    case 'hello':
      return {
        kind,
        number: reader.number('hello number'),
        from: readReplicaId(reader),
        addresses: readAddresses(reader),
        epoch,
        lineage: readOptionalLineage(reader),
        lastIndex: readIndex(reader, 'last index'),
        lastEpoch: reader.number('last epoch') as Epoch,
        stopping: reader.flag('stopping'),
      };
    case 'reject':
      return { kind, from: readReplicaId(reader), epoch, lineage: readOptionalLineage(reader) };
    case 'resume':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        hello: reader.number('hello number'),
        prevIndex: readIndex(reader, 'previous index'),
        prevEpoch: reader.number('previous epoch') as Epoch,
      };
    case 'snapshotBegin':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        hello: reader.number('hello number'),
        startIndex: readIndex(reader, 'start index'),
        startEpoch: reader.number('start epoch') as Epoch,
        timeMs: reader.time('time of the log') as WallMs,
        historyLimit: reader.positive('versions kept'),
      };
    case 'snapshotChunk':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        hello: reader.number('hello number'),
        number: reader.number('chunk number'),
        items: readItems(reader),
      };
    case 'snapshotEnd':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        hello: reader.number('hello number'),
        chunks: reader.number('number of chunks'),
        endIndex: readIndex(reader, 'end index'),
        versionFloor: reader.number('version floor') as Version,
      };
    case 'vouch':
      return { kind, epoch, lineage: readLineage(reader), number: reader.number('vouch number') };
    case 'vouched':
      return {
        kind,
        epoch,
        lineage: readLineage(reader),
        number: reader.number('vouch number'),
        granted: reader.flag('granted'),
      };
    case 'question':
      if (epoch !== 0) reader.fail('a question has no epoch');
      return { kind, number: reader.number('question number'), from: readReplicaId(reader) };
    case 'answer':
      return {
        kind,
        number: reader.number('question number'),
        from: readReplicaId(reader),
        epoch,
        obeys: readOptionalLineage(reader),
        lineage: readOptionalLineage(reader),
        lastIndex: readIndex(reader, 'last index'),
        lastEpoch: reader.number('last epoch') as Epoch,
        leads: reader.flag('leads'),
        stopping: reader.flag('stopping'),
        heardWorkingMs: reader.flag('whether it heard a working leader') ? reader.time('time since then') : null,
      };
    default:
      return unreachable(kind);
  }
}

function readAppend(reader: ByteReader, epoch: Epoch): Append {
  const lineage = readLineage(reader);
  const round = reader.number('round');
  const fullRound = reader.number('full round');
  const prevIndex = readIndex(reader, 'previous index');
  const prevEpoch = reader.number('previous epoch') as Epoch;
  const commitIndex = readIndex(reader, 'commit index');
  const member = reader.flag('member');
  const confirmedMs = reader.time('confirmed time');
  const timeMs = reader.time('time of the log') as WallMs;
  const entries: Entry[] = [];
  const count = reader.count('entries');
  for (let i = 1; i <= count; i++) {
    const entry = readEntry(reader);
    if (entry.index !== prevIndex + i) reader.fail(`entry ${entry.index} at place ${i} after ${prevIndex}`);
    entries.push(entry);
  }
  return {
    kind: 'append',
    epoch,
    lineage,
    round,
    fullRound,
    prevIndex,
    prevEpoch,
    commitIndex,
    member,
    confirmedMs,
    timeMs,
    entries,
  };
}

const ITEMS: readonly SnapshotItem['kind'][] = [
  'value',
  'tombstone',
  'session',
  'idempotency',
  'lock',
  'older',
  'values',
  'olderValues',
];

function writeItem(writer: ByteWriter, item: SnapshotItem): void {
  writer.oneOf(ITEMS, item.kind);
  switch (item.kind) {
    case 'value':
      writer.key(item.key);
      writeStored(writer, item.stored);
      return;
    case 'values':
    case 'olderValues':
      writeContentType(writer, item.contentType);
      writer.bytesOf(item.bytes);
      return;
    case 'older':
      writer.key(item.key);
      writeStored(writer, item.stored);
      writer.number(item.supersededAt);
      return;
    case 'tombstone':
      writer.key(item.key);
      writer.positive(item.version);
      writer.number(item.revision);
      return;
    case 'session':
      writeSession(writer, item.session);
      writer.time(item.lastUsedMs);
      writer.number(item.settledThrough);
      writer.number(item.outcomes.length);
      for (const outcome of item.outcomes) {
        writer.positive(outcome.number);
        writer.number(outcome.revision);
        writeDecided(writer, outcome.outcome);
      }
      return;
    case 'idempotency':
      writeIdempotencyKey(writer, item.key);
      writer.time(item.timeMs);
      writer.number(item.revision);
      writeDecided(writer, item.outcome);
      return;
    case 'lock':
      writer.key(item.lock);
      writeHeld(writer, item.held);
      return;
    default:
      unreachable(item);
  }
}

function readItems(reader: ByteReader): readonly SnapshotItem[] {
  const items: SnapshotItem[] = [];
  for (let left = reader.count('items'); left > 0; left--) items.push(readItem(reader));
  return items;
}

function readItem(reader: ByteReader): SnapshotItem {
  const kind = reader.oneOf(ITEMS, 'kind of item');
  switch (kind) {
    case 'value':
      return { kind, key: reader.key(), stored: readStored(reader) };
    case 'values':
      return { kind, ...readPacked(reader, 'values') };
    case 'olderValues':
      return { kind, ...readPacked(reader, 'older versions') };
    case 'older':
      return {
        kind,
        key: reader.key(),
        stored: readStored(reader),
        supersededAt: readIndex(reader, 'end of an older version'),
      };
    case 'tombstone':
      return { kind, key: reader.key(), version: readVersion(reader), revision: readIndex(reader, 'revision') };
    case 'session':
      return {
        kind,
        session: readSession(reader),
        lastUsedMs: reader.time('time of last use') as WallMs,
        settledThrough: reader.number('settled through'),
        outcomes: readKeptOutcomes(reader),
      };
    case 'idempotency':
      return {
        kind,
        key: readIdempotencyKey(reader),
        timeMs: reader.time('time of an idempotency key') as WallMs,
        revision: readIndex(reader, 'revision'),
        outcome: readDecided(reader),
      };
    case 'lock':
      return { kind, lock: reader.key(), held: readHeld(reader) };
    default:
      return unreachable(kind);
  }
}

function readPacked(reader: ByteReader, of: 'values' | 'older versions'): PackedValues {
  const contentType = readContentType(reader);
  const packed = reader.bytesOf('packed values');
  // Records are doubles, too.
  const bytes = packed.byteOffset % 8 === 0 ? packed : packed.slice();
  const fault = faultOfPacked(bytes, of);
  if (fault !== null) reader.fail(fault);
  return { contentType, bytes };
}

function readKeptOutcomes(reader: ByteReader): readonly KeptOutcome[] {
  const outcomes: KeptOutcome[] = [];
  for (let left = reader.count('outcomes'); left > 0; left--) {
    const number = reader.positive('request number');
    outcomes.push({ number, revision: readIndex(reader, 'revision'), outcome: readDecided(reader) });
  }
  return outcomes;
}

function writeReplicaId(writer: ByteWriter, id: ReplicaId): void {
  if (parseReplicaId(id) === null) throw new UnencodableError('not a replica id');
  writer.text(id, REPLICA_ID);
}

function readTouches(reader: ByteReader): readonly Key[] {
  const count = reader.count('touches');
  if (count === 0) return NO_TOUCHES;
  if (count > TOUCHES_PER_ACK_MAX) reader.fail(`${count} touches`);
  return Array.from({ length: count }, () => reader.key());
}

function readReplicaId(reader: ByteReader): ReplicaId {
  const text = reader.text('replica id', REPLICA_ID);
  if (parseReplicaId(text) === null) reader.fail('not a replica id');
  return text as ReplicaId;
}

function readAddresses(reader: ByteReader): Addresses {
  return { peer: reader.text('peer address', ADDRESS), http: reader.text('HTTP address', ADDRESS) };
}
