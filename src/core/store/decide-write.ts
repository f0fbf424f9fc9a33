import type { StateEffect } from '../replication/entry.ts';
import type { DecidedOutcome, WriteCommand } from './commands.ts';
import { decide } from './decide.ts';
import { decideLock, isStale, type NewestLocks } from './locks.ts';
import type { DecisionPlace, NewestKeys } from './newest.ts';

export interface WritePlace extends DecisionPlace {
  readonly lineageNumber: number;
}

export interface WriteDecision {
  readonly effects: readonly StateEffect[];
  readonly outcome: DecidedOutcome;
}

const STALE: WriteDecision = { effects: [], outcome: { kind: 'stale' } };

/** What a write does as the entry at `place`, to keys or to a lock. */
export function decideWrite(command: WriteCommand, newest: NewestKeys & NewestLocks, place: WritePlace): WriteDecision {
  if ('lock' in command) return decideLock(command, newest.lockOf(command.lock), place);
  if (command.kind !== 'fenced') return decide(command, newest, place);
  // R18: decided with the write, in its entry: nothing can come between.
  const { fence } = command;
  return isStale(fence, newest.lockOf(fence.lock), place) ? STALE : decide(command.command, newest, place);
}
