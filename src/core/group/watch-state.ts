import type { Key } from '../base/key.ts';
import { isDue } from '../store/newest.ts';
import type { StateMachine } from '../store/state-machine.ts';
import { type WatchEvent, type WatchPlace, type WatchRange, watchEventBytes } from '../store/watching.ts';

/** One piece of the state that somebody is shown before it watches. */
export interface StateScan {
  readonly range: WatchRange;
  readonly place: WatchPlace;
  readonly credit: number;
  readonly lookedMax: number;
}

/**
 * R19: the state that the entry before `place.index` has left, in the order of its keys, out of a store that goes on changing,
 * as a snapshot walks over it (R11): what has changed since is passed over, for the entry that changed it is told next.
 */
export function scanState(
  machine: StateMachine,
  { range, place, credit, lookedMax }: StateScan,
  events: WatchEvent[],
): { readonly place: WatchPlace; readonly credit: number; readonly looked: number } {
  let [looked, left, shown] = [0, credit, place.shown ?? ''];
  for (const key of keysOf(machine, range, shown)) {
    if (looked >= lookedMax || left <= 0) return { place: { ...place, shown }, credit: left, looked };
    looked += 1;
    shown = key;
    const stored = machine.store.get(key);
    if (stored === null || stored.revision >= place.index || isDue(stored, machine.timeMs)) continue;
    const event: WatchEvent = { effect: { kind: 'put', key, stored }, place: { ...place, shown } };
    events.push(event);
    left -= watchEventBytes(event);
  }
  return { place: { ...place, shown: null }, credit: left, looked: looked + 1 };
}

/** Those in the range behind `shown`. */
function* keysOf(machine: StateMachine, range: WatchRange, shown: string): IterableIterator<Key> {
  if (range.kind === 'key') {
    if (shown === '') yield range.key;
    return;
  }
  const { prefix } = range;
  for (const key of machine.store.keysFrom(shown < prefix ? prefix : `${shown}\0`)) {
    if (!key.startsWith(prefix)) return;
    yield key;
  }
}
