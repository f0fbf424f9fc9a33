import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Epoch, LogIndex, WallMs } from '../base/numbers.ts';
import {
  outcomeExtraBytes,
  type DecidedOutcome,
  type IdempotencyKey,
  type RequestId,
  type SessionId,
} from '../store/commands.ts';
import type { LockEffect } from '../store/locks.ts';
import type { Stay, StoredValue, Tombstone } from '../store/reads.ts';

/**
 * What an entry does to a key, decided by the leader: applying it needs no condition and no clock. What is to stand in the
 * store is made with the entry, of its index and its time, so that the log and the store share it.
 */
export type KeyEffect =
  | { readonly kind: 'put'; readonly key: Key; readonly stored: StoredValue }
  | { readonly kind: 'delete'; readonly key: Key; readonly tombstone: Tombstone }
  /** R17, R21: it was due, or idle. */
  | { readonly kind: 'expire'; readonly key: Key; readonly tombstone: Tombstone }
  /** R22: its memory was wanted. Of its version only the floor is kept. */
  | { readonly kind: 'evict'; readonly key: Key; readonly tombstone: Tombstone }
  /** R17, R21: the value is what it was, with its revision and version, and stays for another time. */
  | ({ readonly kind: 'touch'; readonly key: Key } & Stay);

export type StateEffect = KeyEffect | LockEffect;

export type EntryBody =
  /** The first entry of an epoch (R4). R20: so many versions of each key are kept from here on. */
  | { readonly kind: 'begin'; readonly historyLimit: number }
  /** Changes nothing: a prod at a silent member (R6). */
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'write';
      readonly request: RequestId;
      readonly settledThrough: number;
      readonly idempotencyKey: IdempotencyKey | null;
      /** In the order in which they happen; none where a condition failed, or a delete found nothing. */
      readonly effects: readonly StateEffect[];
      readonly outcome: DecidedOutcome;
    }
  /** R17, R18, R21: what was due or idle and nobody has written since, and locks that have lapsed. */
  | { readonly kind: 'expire'; readonly effects: readonly StateEffect[] }
  /** R22: what had not been used for longest, as far as the leader knows, so that a write fits into the memory. */
  | { readonly kind: 'evict'; readonly effects: readonly StateEffect[] }
  /** R20: older versions that were superseded at this entry or before are forgotten. */
  | { readonly kind: 'forget'; readonly through: LogIndex }
  | { readonly kind: 'openSession'; readonly session: SessionId }
  | { readonly kind: 'endSessions'; readonly sessions: readonly SessionId[] };

/** One place of the log. */
export class Entry {
  readonly index: LogIndex;
  readonly epoch: Epoch;
  /** The leader's wall clock, which never goes back within a log. */
  readonly timeMs: WallMs;
  readonly body: EntryBody;
  /** What it costs to keep and to send, in bytes, roughly. */
  readonly bytes: number;

  constructor(index: LogIndex, epoch: Epoch, timeMs: WallMs, body: EntryBody) {
    this.index = index;
    this.epoch = epoch;
    this.timeMs = timeMs;
    this.body = body;
    this.bytes = bodyBytes(body);
  }
}

/**
 * The objects around the bytes of one write, until it is packed: measured as heap per entry, with values of 16 to 64 bytes. It is 440 while the
 * store holds the same value, and 570 once the key was written again and the value is the log's alone.
 */
export const ENTRY_OVERHEAD_BYTES = 570;

function bodyBytes(body: EntryBody): number {
  switch (body.kind) {
    case 'begin':
    case 'empty':
    case 'forget':
      return ENTRY_OVERHEAD_BYTES;
    case 'write':
      return (
        ENTRY_OVERHEAD_BYTES +
        (body.idempotencyKey?.key.length ?? 0) +
        effectsBytes(body.effects) +
        outcomeExtraBytes(body.outcome)
      );
    case 'expire':
    case 'evict':
      return ENTRY_OVERHEAD_BYTES + effectsBytes(body.effects);
    case 'openSession':
      return ENTRY_OVERHEAD_BYTES + body.session.length;
    case 'endSessions':
      return ENTRY_OVERHEAD_BYTES + 48 * body.sessions.length;
  }
}

/** The first effect is accounted for with its entry. */
const FURTHER_EFFECT_BYTES = 200;

function effectsBytes(effects: readonly StateEffect[]): number {
  let bytes = Math.max(0, effects.length - 1) * FURTHER_EFFECT_BYTES;
  for (const effect of effects) bytes += effectBytes(effect);
  return bytes;
}

function effectBytes(effect: StateEffect): number {
  switch (effect.kind) {
    case 'put':
      return effect.key.length + effect.stored.value.length;
    case 'delete':
    case 'expire':
    case 'evict':
    case 'touch':
      return effect.key.length;
    case 'hold':
    case 'free':
      return effect.lock.length;
    default:
      return unreachable(effect);
  }
}

const NONE: readonly StateEffect[] = [];

/** What the entry does to keys and locks, whatever it is. */
export const effectsOf = ({ body }: Entry): readonly StateEffect[] =>
  body.kind === 'write' || body.kind === 'expire' || body.kind === 'evict' ? body.effects : NONE;
