import type { Key } from '../base/key.ts';
import type { LogIndex } from '../base/numbers.ts';
import { PAGE_BYTES_MAX } from './listing.ts';
import { isDue } from './newest.ts';
import type { Kept, Past, PastPlace, StoredValue } from './reads.ts';
import type { StateMachine } from './state-machine.ts';

/** A state, and of when it is. */
type Applied = Pick<StateMachine, 'store' | 'timeMs' | 'appliedIndex'>;

const NONE: Past = { kind: 'none' };
const COMPACTED: Past = { kind: 'compacted' };
const NOTHING = new Uint8Array(0);

/** R20: what stood at a key, by the entries that are applied. What nobody can tell any more is `compacted`, never `none`. */
export function past(applied: Applied, key: Key, at: PastPlace): Past {
  const { store } = applied;
  const current = currentOf(applied, key);
  if (at.kind === 'version') {
    if (at.version > store.lastVersion(key)) return NONE;
    if (current?.version === at.version) return { kind: 'found', stored: current };
    const older =
      current === null ? null : find(store.history.of(key, current), ({ version }) => version === at.version);
    return older === null ? COMPACTED : found(older);
  }
  // Nothing is known of what comes.
  if (at.revision > applied.appliedIndex) return NONE;
  if (current === null) return wasGone(applied, key, at.revision) ? NONE : COMPACTED;
  if (current.revision <= at.revision) return { kind: 'found', stored: current };
  let first = current;
  for (const older of store.history.of(key, current)) {
    if (older.revision <= at.revision) return found(older);
    first = older;
  }
  // Before its first version of all there was nothing. What was deleted had others, of which nothing is known.
  return first.version === 1 ? NONE : COMPACTED;
}

function currentOf({ store, timeMs }: Applied, key: Key): StoredValue | null {
  const standing = store.get(key);
  return standing === null || isDue(standing, timeMs) ? null : standing;
}

/** Whether the key, which has no value now, is known to have had none at `revision`. */
function wasGone({ store, appliedIndex }: Applied, key: Key, revision: LogIndex): boolean {
  if (revision === appliedIndex) return true;
  const tombstone = store.tombstoneOf(key);
  if (tombstone !== null) return tombstone.revision <= revision;
  // There never was one, unless tombstones have been forgotten; or it has one that is due, and was there until now.
  return store.lastVersion(key) === 0;
}

/** It is shown for as long as it is kept: the time that it had to live ended with the next version. */
const found = (stored: StoredValue): Past => ({ kind: 'found', stored: withoutEnd(stored) });

const withoutEnd = (stored: StoredValue): StoredValue =>
  stored.expiresAtMs === null && stored.idleMs === null ? stored : { ...stored, expiresAtMs: null, idleMs: null };

function find<T>(items: Iterable<T>, is: (item: T) => boolean): T | null {
  for (const item of items) if (is(item)) return item;
  return null;
}

/** R20: the versions of a key that are kept, the newest first; none if it has no value. The values as far as a page goes. */
export function kept(applied: Applied, key: Key, withValues: boolean): readonly Kept[] {
  const current = currentOf(applied, key);
  if (current === null) return [];
  const versions: Kept[] = [];
  let left = withValues ? PAGE_BYTES_MAX : 0;
  const add = (stored: StoredValue): void => {
    const { length } = stored.value;
    // One there is in any case, however large.
    const isShown = withValues && (length <= left || versions.length === 0);
    left = isShown ? left - length : 0;
    versions.push({ stored: isShown ? stored : { ...stored, value: NOTHING }, valueBytes: length, isShown });
  };
  add(current);
  for (const older of applied.store.history.of(key, current)) add(withoutEnd(older));
  return versions;
}
