import type { KeyEffect } from '../replication/entry.ts';
import { DELETED_KEY_BYTES_MAX, DELETED_KEYS_MAX, type DeletePrefixCommand } from './commands.ts';
import { deleteEffect, isDue, type Decision, type DecisionPlace, type NewestKeys } from './newest.ts';

/** Keys that are looked at, deleted or not: what is due and not removed yet must not hold up the leader. */
const LOOKED_AT_MAX = 2 * DELETED_KEYS_MAX;
const NONE: readonly KeyEffect[] = [];
const TOO_MANY: Decision = { effects: NONE, outcome: { kind: 'tooMany' } };

/** R16: all keys under the prefix, in one entry, or none. What is due does not count, and goes by itself (R17). */
export function deletePrefix(command: DeletePrefixCommand, newest: NewestKeys, place: DecisionPlace): Decision {
  const effects: KeyEffect[] = [];
  let [left, bytes] = [LOOKED_AT_MAX, 0];
  for (const key of newest.keysUnder(command.prefix)) {
    if (left === 0) return TOO_MANY;
    left -= 1;
    const state = newest.stateOf(key);
    if (state.current === null || isDue(state.current, place.timeMs)) continue;
    bytes += key.length;
    if (effects.length === DELETED_KEYS_MAX || bytes > DELETED_KEY_BYTES_MAX) return TOO_MANY;
    effects.push(deleteEffect(key, state, place.index));
  }
  const count = effects.length;
  if (command.expected !== count) return { effects: NONE, outcome: { kind: 'counted', count } };
  return { effects, outcome: { kind: 'cleared', count } };
}
