import { unreachable } from '../base/assert.ts';
import type { LogIndex, Version } from '../base/numbers.ts';
import type { Entry, KeyEffect } from '../replication/entry.ts';
import type { Condition, DecidedOutcome, WriteCommand } from './commands.ts';
import type { Store } from './store.ts';

/** The newest state of a key, committed or not: what the leader decides against. */
export interface NewestState {
  /** null: the key has no value. */
  readonly current: {
    readonly revision: LogIndex;
    readonly version: Version;
    readonly createRevision: LogIndex;
  } | null;
  /** The version that the key had last, deleted or not. */
  readonly lastVersion: Version;
}

export interface Decision {
  readonly effect: KeyEffect | null;
  readonly outcome: DecidedOutcome;
}

/** `uncommitted`: the newest entry that changes the key and is not applied yet. */
export function newestState(store: Store, uncommitted: Entry | undefined, command: WriteCommand): NewestState {
  const effect = uncommitted?.body.kind === 'write' ? uncommitted.body.effect : null;
  if (uncommitted !== undefined && effect !== null) {
    const current =
      effect.kind === 'put'
        ? { revision: uncommitted.index, version: effect.version, createRevision: effect.createRevision }
        : null;
    return { current, lastVersion: effect.version };
  }
  return { current: store.get(command.key), lastVersion: store.lastVersion(command.key) };
}

/** What the command does as the entry at `index`: decided once, by the leader, and written down as an effect. */
export function decide(command: WriteCommand, state: NewestState, index: LogIndex, lineageId: string): Decision {
  const { current } = state;
  if (!holds(command.condition, current?.revision ?? null, lineageId)) {
    return {
      effect: null,
      outcome: {
        kind: 'mismatch',
        current: current === null ? null : { revision: current.revision, version: current.version },
      },
    };
  }
  const version = (state.lastVersion + 1) as Version;
  if (command.kind === 'put') {
    const { key, value, contentType } = command;
    const createRevision = current?.createRevision ?? index;
    return {
      effect: { kind: 'put', key, value, contentType, version, createRevision },
      outcome: { kind: 'written', version, created: current === null },
    };
  }
  if (current === null) return { effect: null, outcome: { kind: 'absent' } };
  return { effect: { kind: 'delete', key: command.key, version }, outcome: { kind: 'deleted', version } };
}

function holds(condition: Condition, revision: LogIndex | null, lineageId: string): boolean {
  switch (condition.kind) {
    case 'none':
      return true;
    case 'absent':
      return revision === null;
    case 'present':
      return revision !== null;
    case 'match':
      return condition.tags.some((tag) => tag.lineageId === lineageId && tag.revision === revision);
    case 'noneMatch':
      return !condition.tags.some((tag) => tag.lineageId === lineageId && tag.revision === revision);
    default:
      return unreachable(condition);
  }
}
