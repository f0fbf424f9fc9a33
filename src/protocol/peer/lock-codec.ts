import { unreachable } from '../../core/base/assert.ts';
import type { LogIndex, WallMs } from '../../core/base/numbers.ts';
import {
  LOCK_TTL_MS_MAX,
  type Fence,
  type HeldLock,
  type LockCommand,
  type LockHolder,
  type LockOutcome,
} from '../../core/store/locks.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { LOCK_ID, LOCK_OWNER } from './text-limits.ts';

/** The words of R18. A `read…` takes just what its `write…` has put, and the kind stands before both. */

const COMMANDS: readonly string[] = ['acquire', 'renew', 'release'] satisfies LockCommand['kind'][];
const OUTCOMES: readonly string[] = ['locked', 'held', 'released', 'notHeld'] satisfies LockOutcome['kind'][];

export const isLockCommand = (kind: string): kind is LockCommand['kind'] => COMMANDS.includes(kind);
export const isLockOutcome = (kind: string): kind is LockOutcome['kind'] => OUTCOMES.includes(kind);

export function writeHolder(writer: ByteWriter, holder: LockHolder): void {
  writer.text(holder.owner, LOCK_OWNER);
  writer.number(holder.revision);
  writer.time(holder.expiresAtMs);
}

export function readHolder(reader: ByteReader): LockHolder {
  return {
    owner: reader.text('owner of a lock', LOCK_OWNER),
    revision: reader.number('revision of a lock') as LogIndex,
    expiresAtMs: reader.time('end of a lock') as WallMs,
  };
}

export function writeHeld(writer: ByteWriter, held: HeldLock): void {
  writeHolder(writer, held);
  writer.text(held.lockId, LOCK_ID);
}

export function readHeld(reader: ByteReader): HeldLock {
  const { owner, revision, expiresAtMs } = readHolder(reader);
  return { lockId: readLockId(reader), owner, revision, expiresAtMs };
}

const readLockId = (reader: ByteReader): string => reader.text('lock id', LOCK_ID);

export function writeLockCommand(writer: ByteWriter, command: LockCommand): void {
  writer.key(command.lock);
  writer.text(command.lockId, LOCK_ID);
  if (command.kind === 'acquire') writer.text(command.owner, LOCK_OWNER);
  if (command.kind !== 'release') writer.positive(command.ttlMs);
}

export function readLockCommand(reader: ByteReader, kind: LockCommand['kind']): LockCommand {
  const lock = reader.key();
  const lockId = readLockId(reader);
  if (kind === 'release') return { kind, lock, lockId };
  if (kind === 'renew') return { kind, lock, lockId, ttlMs: readTtl(reader) };
  const owner = reader.text('owner of a lock', LOCK_OWNER);
  return { kind, lock, lockId, owner, ttlMs: readTtl(reader) };
}

function readTtl(reader: ByteReader): number {
  const ttlMs = reader.positive('time of a lock');
  return ttlMs > LOCK_TTL_MS_MAX ? reader.fail(`a lock for ${ttlMs} ms`) : ttlMs;
}

export function writeFence(writer: ByteWriter, { lock, token }: Fence): void {
  writer.key(lock);
  writer.number(token.lineageNumber);
  writer.number(token.revision);
}

/** Lineage 0 is none: of a number that was never a token, which is as stale as an old one. */
export function readFence(reader: ByteReader): Fence {
  const lock = reader.key();
  const lineageNumber = reader.number('lineage number of a token');
  return { lock, token: { lineageNumber, revision: reader.number('revision of a token') as LogIndex } };
}

export function writeLockOutcome(writer: ByteWriter, outcome: LockOutcome): void {
  switch (outcome.kind) {
    case 'locked':
      writeHeld(writer, outcome.held);
      return;
    case 'held':
      writeHolder(writer, outcome.holder);
      return;
    case 'released':
    case 'notHeld':
      return;
    default:
      unreachable(outcome);
  }
}

export function readLockOutcome(reader: ByteReader, kind: LockOutcome['kind']): LockOutcome {
  switch (kind) {
    case 'locked':
      return { kind, held: readHeld(reader) };
    case 'held':
      return { kind, holder: readHolder(reader) };
    case 'released':
    case 'notHeld':
      return { kind };
    default:
      return unreachable(kind);
  }
}
