import { unreachable } from '../../core/base/assert.ts';
import type { Epoch, GroupId } from '../../core/base/numbers.ts';
import type { ReplicaSummary } from '../../core/group/summary.ts';
import type { ClientRequestFrame, ClientResponseFrame, LookupOutcome, WriteHop } from '../../core/routing/frames.ts';
import type {
  OpenSessionOutcome,
  UnknownOutcome,
  WriteOutcome,
  WriteRefusal,
  WriteRequest,
} from '../../core/store/commands.ts';
import {
  LIST_ITEMS_MAX,
  type ListItem,
  type ListPlace,
  type ListSelection,
  type ReadMode,
  type ReadOutcome,
  type ReadRequest,
  type ReadTerms,
  type SessionToken,
} from '../../core/store/reads.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readCommand, writeCommand } from './command-codec.ts';
import { readPast, readPastPlace, readVersions, writePast, writePastPlace, writeVersions } from './history-codec.ts';
import { readHolder, writeHolder } from './lock-codec.ts';
import {
  readDecided,
  readIndex,
  readLineage,
  readOptionalIdempotencyKey,
  readOptionalKey,
  readOptionalLineage,
  readPrefix,
  readSession,
  readStored,
  writeDecided,
  writeLineage,
  writeOptionalIdempotencyKey,
  writeOptionalKey,
  writeOptionalLineage,
  writePrefix,
  writeSession,
  writeStored,
} from './store-codec.ts';

import {
  readWatchEnding,
  readWatchNews,
  readWatchRequest,
  writeWatchEnding,
  writeWatchNews,
  writeWatchRequest,
} from './watch-codec.ts';

export type RequestFrame = ClientRequestFrame | ClientResponseFrame;

/** The header has told group and epoch; here stand the request's number and the rest. */
export function writeRequestFrame(writer: ByteWriter, frame: RequestFrame): void {
  writer.number(frame.request);
  switch (frame.kind) {
    case 'write':
      writer.oneOf(HOPS, frame.hop);
      writeWriteRequest(writer, frame.write);
      return;
    case 'writeAnswered':
      writeWriteOutcome(writer, frame.outcome);
      return;
    case 'read':
      writeReadRequest(writer, frame.read);
      return;
    case 'readAnswered':
      writeReadOutcome(writer, frame.outcome);
      return;
    case 'openSession':
      writer.oneOf(HOPS, frame.hop);
      return;
    case 'sessionAnswered':
      writeSessionOutcome(writer, frame.outcome);
      return;
    case 'status':
      return;
    case 'statusAnswered':
      writeSummary(writer, frame.status);
      return;
    case 'lookup':
      writer.key(frame.key);
      return;
    case 'lookupAnswered':
      writeLookupOutcome(writer, frame.outcome);
      return;
    case 'watch':
      writeWatchRequest(writer, frame.watch);
      return;
    case 'grant':
      writer.number(frame.bytes);
      return;
    case 'unwatch':
      return;
    case 'watchNews':
      writeWatchNews(writer, frame.news);
      return;
    case 'watchEnded':
      writeWatchEnding(writer, frame.ending);
      return;
    default:
      unreachable(frame);
  }
}

export function readRequestFrame(
  reader: ByteReader,
  kind: RequestFrame['kind'],
  group: GroupId,
  epoch: Epoch,
): RequestFrame {
  const request = reader.number('request number');
  switch (kind) {
    case 'write':
      return { kind, group, epoch, request, hop: reader.oneOf(HOPS, 'hop'), write: readWriteRequest(reader) };
    case 'writeAnswered':
      return { kind, group, epoch, request, outcome: readWriteOutcome(reader) };
    case 'read':
      return { kind, group, epoch, request, read: readReadRequest(reader) };
    case 'readAnswered':
      return { kind, group, epoch, request, outcome: readReadOutcome(reader) };
    case 'openSession':
      return { kind, group, epoch, request, hop: reader.oneOf(HOPS, 'hop') };
    case 'sessionAnswered':
      return { kind, group, epoch, request, outcome: readSessionOutcome(reader) };
    case 'status':
      return { kind, group, epoch, request };
    case 'statusAnswered':
      return { kind, group, epoch, request, status: readSummary(reader) };
    case 'lookup':
      return { kind, group, epoch, request, key: reader.key() };
    case 'lookupAnswered':
      return { kind, group, epoch, request, outcome: readLookupOutcome(reader) };
    case 'watch':
      return { kind, group, epoch, request, watch: readWatchRequest(reader) };
    case 'grant':
      return { kind, group, epoch, request, bytes: reader.number('bytes granted') };
    case 'unwatch':
      return { kind, group, epoch, request };
    case 'watchNews':
      return { kind, group, epoch, request, news: readWatchNews(reader) };
    case 'watchEnded':
      return { kind, group, epoch, request, ending: readWatchEnding(reader) };
    default:
      return unreachable(kind);
  }
}

const HOPS: readonly WriteHop[] = ['direct', 'relay'];

function writeWriteRequest(writer: ByteWriter, write: WriteRequest): void {
  writeSession(writer, write.id.session);
  writer.positive(write.id.number);
  writer.number(write.settledThrough);
  writeOptionalIdempotencyKey(writer, write.idempotencyKey);
  writeCommand(writer, write.command);
}

function readWriteRequest(reader: ByteReader): WriteRequest {
  const session = readSession(reader);
  const number = reader.positive('number within the session');
  const settledThrough = reader.number('settled through');
  const idempotencyKey = readOptionalIdempotencyKey(reader);
  return { id: { session, number }, settledThrough, idempotencyKey, command: readCommand(reader) };
}

const OUTCOMES: readonly WriteOutcome['kind'][] = ['committed', 'refused', 'unknown'];
/** Numbers on the wire: append, never reorder. */
const REFUSALS: readonly WriteRefusal[] = [
  'not-leader',
  'unknown-session',
  'session-full',
  'idempotency-full',
  'idempotency-mismatch',
  'memory-full',
  'overloaded',
];
const UNKNOWNS: readonly UnknownOutcome['code'][] = ['deposed', 'not-enough-in-sync', 'session-lost'];

function writeWriteOutcome(writer: ByteWriter, outcome: WriteOutcome): void {
  writer.oneOf(OUTCOMES, outcome.kind);
  switch (outcome.kind) {
    case 'committed':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writer.number(outcome.acks);
      writer.number(outcome.members);
      writeDecided(writer, outcome.decided);
      return;
    case 'refused':
      writer.oneOf(REFUSALS, outcome.code);
      writeHint(writer, outcome.leaderHint);
      return;
    case 'unknown':
      writer.oneOf(UNKNOWNS, outcome.code);
      return;
    default:
      unreachable(outcome);
  }
}

function readWriteOutcome(reader: ByteReader): WriteOutcome {
  const kind = reader.oneOf(OUTCOMES, 'outcome');
  switch (kind) {
    case 'committed': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      const acks = reader.number('acknowledgements');
      const members = reader.number('members');
      return { kind, decided: readDecided(reader), revision, lineage, acks, members };
    }
    case 'refused':
      return { kind, code: reader.oneOf(REFUSALS, 'refusal'), leaderHint: readHint(reader) };
    case 'unknown':
      return { kind, code: reader.oneOf(UNKNOWNS, 'reason of an unknown outcome') };
    default:
      return unreachable(kind);
  }
}

function writeHint(writer: ByteWriter, hint: string | null): void {
  writer.flag(hint !== null);
  if (hint !== null) writer.text(hint);
}

function readHint(reader: ByteReader): string | null {
  return reader.flag('presence of a hint') ? reader.text('hint') : null;
}

const SESSION_OUTCOMES: readonly OpenSessionOutcome['kind'][] = ['opened', 'refused'];
const SESSION_REFUSALS: readonly ('not-leader' | 'sessions-full' | 'overloaded')[] = [
  'not-leader',
  'sessions-full',
  'overloaded',
];

function writeSessionOutcome(writer: ByteWriter, outcome: OpenSessionOutcome): void {
  writer.oneOf(SESSION_OUTCOMES, outcome.kind);
  if (outcome.kind === 'opened') {
    writeSession(writer, outcome.session);
  } else {
    writer.oneOf(SESSION_REFUSALS, outcome.code);
    writeHint(writer, outcome.leaderHint);
  }
}

function readSessionOutcome(reader: ByteReader): OpenSessionOutcome {
  const kind = reader.oneOf(SESSION_OUTCOMES, 'outcome');
  return kind === 'opened'
    ? { kind, session: readSession(reader) }
    : { kind, code: reader.oneOf(SESSION_REFUSALS, 'refusal'), leaderHint: readHint(reader) };
}

const MODES: readonly ReadMode[] = ['in-sync', 'linearizable', 'session', 'eventual'];

/** Numbers on the wire: append, never reorder. */
const READS: readonly ReadRequest['kind'][] = ['key', 'list', 'lock', 'past', 'history'];

function writeReadRequest(writer: ByteWriter, read: ReadRequest): void {
  writer.oneOf(READS, read.kind);
  if (read.kind === 'list') writeSelection(writer, read.selection);
  else writer.key(read.kind === 'lock' ? read.lock : read.key);
  if (read.kind === 'past') writePastPlace(writer, read.at);
  if (read.kind === 'history') writer.flag(read.withValues);
  writer.oneOf(MODES, read.mode);
  writer.flag(read.token !== null);
  if (read.token !== null) {
    writeLineage(writer, read.token.lineage);
    writer.number(read.token.revision);
  }
}

function readReadRequest(reader: ByteReader): ReadRequest {
  const kind = reader.oneOf(READS, 'kind of read');
  if (kind === 'key') {
    const key = reader.key();
    return { kind, key, ...readTerms(reader) };
  }
  if (kind === 'lock') {
    const lock = reader.key();
    return { kind, lock, ...readTerms(reader) };
  }
  if (kind === 'past') {
    const key = reader.key();
    const at = readPastPlace(reader);
    return { kind, key, at, ...readTerms(reader) };
  }
  if (kind === 'history') {
    const key = reader.key();
    const withValues = reader.flag('values');
    return { kind, key, withValues, ...readTerms(reader) };
  }
  const selection = readSelection(reader);
  return { kind, selection, ...readTerms(reader) };
}

function readTerms(reader: ByteReader): ReadTerms {
  const mode = reader.oneOf(MODES, 'read mode');
  return { mode, token: reader.flag('presence of a token') ? readToken(reader) : null };
}

function writeSelection(writer: ByteWriter, { prefix, delimiter, after, limit, withValues }: ListSelection): void {
  writePrefix(writer, prefix);
  writeOptionalKey(writer, delimiter);
  writeOptionalPlace(writer, after);
  writer.positive(limit);
  writer.flag(withValues);
}

function readSelection(reader: ByteReader): ListSelection {
  const prefix = readPrefix(reader);
  const delimiter = readOptionalKey(reader);
  const after = readOptionalPlace(reader);
  const limit = reader.positive('limit');
  if (limit > LIST_ITEMS_MAX) reader.fail(`a page of ${limit}`);
  return { prefix, delimiter, after, limit, withValues: reader.flag('values') };
}

function writeOptionalPlace(writer: ByteWriter, place: ListPlace | null): void {
  writer.flag(place !== null);
  if (place === null) return;
  writer.key(place.key);
  writer.flag(place.isFolder);
}

function readOptionalPlace(reader: ByteReader): ListPlace | null {
  if (!reader.flag('presence of a place')) return null;
  const key = reader.key();
  return { key, isFolder: reader.flag('folder') };
}

function readToken(reader: ByteReader): SessionToken {
  return { lineage: readLineage(reader), revision: readIndex(reader, 'revision of a token') };
}

/** Numbers on the wire: append, never reorder. */
const READ_OUTCOMES: readonly ReadOutcome['kind'][] = [
  'read',
  'declined',
  'replaced-lineage',
  'listed',
  'lock',
  'past',
  'history',
];
const LIST_ITEMS: readonly ListItem['kind'][] = ['key', 'folder'];
const DECLINED: readonly Extract<ReadOutcome, { kind: 'declined' }>['code'][] = [
  'not-in-sync',
  'replica-behind',
  'no-leader',
  'empty',
];

function writeReadOutcome(writer: ByteWriter, outcome: ReadOutcome): void {
  writer.oneOf(READ_OUTCOMES, outcome.kind);
  switch (outcome.kind) {
    case 'read':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writer.flag(outcome.found !== null);
      if (outcome.found !== null) writeStored(writer, outcome.found);
      writeRemaining(writer, outcome.remainingMs);
      return;
    case 'past':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writePast(writer, outcome.past);
      writeRemaining(writer, outcome.remainingMs);
      return;
    case 'history':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writeVersions(writer, outcome.versions);
      return;
    case 'declined':
      writer.oneOf(DECLINED, outcome.code);
      return;
    case 'replaced-lineage':
      writeLineage(writer, outcome.lineage);
      return;
    case 'listed':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writeOptionalPlace(writer, outcome.next);
      writer.number(outcome.items.length);
      for (const item of outcome.items) {
        writer.oneOf(LIST_ITEMS, item.kind);
        writer.key(item.kind === 'key' ? item.key : item.prefix);
        if (item.kind === 'key') writeStored(writer, item.stored);
      }
      return;
    case 'lock':
      writeLineage(writer, outcome.lineage);
      writer.number(outcome.revision);
      writer.flag(outcome.holder !== null);
      if (outcome.holder !== null) writeHolder(writer, outcome.holder);
      writer.time(outcome.remainingMs);
      return;
    default:
      unreachable(outcome);
  }
}

function readReadOutcome(reader: ByteReader): ReadOutcome {
  const kind = reader.oneOf(READ_OUTCOMES, 'outcome');
  switch (kind) {
    case 'read': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      const found = reader.flag('presence of a value') ? readStored(reader) : null;
      return { kind, found, remainingMs: readRemaining(reader), lineage, revision };
    }
    case 'past': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      const past = readPast(reader);
      return { kind, past, remainingMs: readRemaining(reader), lineage, revision };
    }
    case 'history': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      return { kind, versions: readVersions(reader), lineage, revision };
    }
    case 'declined':
      return { kind, code: reader.oneOf(DECLINED, 'reason of a declined read') };
    case 'replaced-lineage':
      return { kind, lineage: readLineage(reader) };
    case 'listed': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      const next = readOptionalPlace(reader);
      const items: ListItem[] = [];
      for (let left = reader.count('items'); left > 0; left--) items.push(readListItem(reader));
      return { kind, items, next, lineage, revision };
    }
    case 'lock': {
      const lineage = readLineage(reader);
      const revision = readIndex(reader, 'revision');
      const holder = reader.flag('presence of a holder') ? readHolder(reader) : null;
      return { kind, holder, remainingMs: reader.time('time that is left'), lineage, revision };
    }
    default:
      return unreachable(kind);
  }
}

function writeRemaining(writer: ByteWriter, remainingMs: number | null): void {
  writer.flag(remainingMs !== null);
  if (remainingMs !== null) writer.number(remainingMs);
}

const readRemaining = (reader: ByteReader): number | null =>
  reader.flag('presence of a time that is left') ? reader.number('time that is left') : null;

function readListItem(reader: ByteReader): ListItem {
  const kind = reader.oneOf(LIST_ITEMS, 'kind of item');
  const key = reader.key();
  return kind === 'folder' ? { kind, prefix: key } : { kind, key, stored: readStored(reader) };
}

const LOOKUP_OUTCOMES: readonly LookupOutcome['kind'][] = ['found', 'absent', 'declined'];
const LOOKUP_DECLINED: readonly Extract<LookupOutcome, { kind: 'declined' }>['code'][] = ['loading'];

function writeLookupOutcome(writer: ByteWriter, outcome: LookupOutcome): void {
  writer.oneOf(LOOKUP_OUTCOMES, outcome.kind);
  switch (outcome.kind) {
    case 'found':
      writer.bytesOf(outcome.value);
      return;
    case 'absent':
      return;
    case 'declined':
      writer.oneOf(LOOKUP_DECLINED, outcome.code);
      return;
    default:
      unreachable(outcome);
  }
}

function readLookupOutcome(reader: ByteReader): LookupOutcome {
  const kind = reader.oneOf(LOOKUP_OUTCOMES, 'outcome');
  switch (kind) {
    case 'found':
      return { kind, value: reader.bytesOf('value') };
    case 'absent':
      return { kind };
    case 'declined':
      return { kind, code: reader.oneOf(LOOKUP_DECLINED, 'reason of a declined lookup') };
    default:
      return unreachable(kind);
  }
}

const ROLES: readonly ReplicaSummary['role'][] = ['seeking', 'following', 'leading'];
const STANDINGS: readonly ReplicaSummary['standing'][] = ['leader', 'member', 'standby', 'learner', 'none'];

function writeSummary(writer: ByteWriter, summary: ReplicaSummary): void {
  writer.text(summary.replica);
  writer.text(summary.podName);
  writer.oneOf(ROLES, summary.role);
  writer.oneOf(STANDINGS, summary.standing);
  writer.flag(summary.ready);
  writer.flag(summary.stopping);
  writer.flag(summary.frozen);
  writer.number(summary.epoch);
  writeOptionalLineage(writer, summary.lineage);
  writer.number(summary.lastIndex);
  writer.number(summary.commitIndex);
  writer.number(summary.appliedIndex);
  writer.number(summary.keys);
  writer.number(summary.storeBytes);
  writer.number(summary.historyBytes);
  writer.number(summary.olderVersions);
  writer.number(summary.memoryBytes);
  writer.number(summary.memoryBytesMax);
  writer.time(summary.cpuPercent);
  writer.time(summary.memoryPercent);
  writer.text(summary.httpAddress);
  writer.number(summary.followers.length);
  for (const follower of summary.followers) {
    writer.text(follower.replica);
    writer.text(follower.standing);
    writer.number(follower.lagEntries);
    writer.time(follower.lagMs);
  }
}

function readSummary(reader: ByteReader): ReplicaSummary {
  return {
    replica: reader.text('replica'),
    podName: reader.text('pod name'),
    role: reader.oneOf(ROLES, 'role'),
    standing: reader.oneOf(STANDINGS, 'standing'),
    ready: reader.flag('ready'),
    stopping: reader.flag('stopping'),
    frozen: reader.flag('frozen'),
    epoch: reader.number('epoch'),
    lineage: readOptionalLineage(reader),
    lastIndex: reader.number('last index'),
    commitIndex: reader.number('commit index'),
    appliedIndex: reader.number('applied index'),
    keys: reader.number('keys'),
    storeBytes: reader.number('bytes of the store'),
    historyBytes: reader.number('bytes of older versions'),
    olderVersions: reader.number('older versions'),
    memoryBytes: reader.number('bytes of memory'),
    memoryBytesMax: reader.number('most bytes of memory'),
    cpuPercent: reader.time('CPU'),
    memoryPercent: reader.time('memory'),
    httpAddress: reader.text('HTTP address'),
    followers: readFollowers(reader),
  };
}

function readFollowers(reader: ByteReader): ReplicaSummary['followers'] {
  const followers: ReplicaSummary['followers'][number][] = [];
  for (let left = reader.count('followers'); left > 0; left--) {
    followers.push({
      replica: reader.text('replica'),
      standing: reader.text('standing'),
      lagEntries: reader.number('lag'),
      lagMs: reader.time('lag'),
    });
  }
  return followers;
}
