import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, Version } from '../base/numbers.ts';
import { CONTENT_TYPE_BYTES_MAX } from './commands.ts';
import { contentBytes, OFF_HEAP_OVERHEAD_BYTES } from './content-bytes.ts';
import type { StoredValue } from './reads.ts';

/**
 * What an older version costs beside its bytes: the value, its array, its place among all and among those of its key; and
 * what a key costs that has any. Measured, as a test does again.
 */
const OLDER_OVERHEAD_BYTES = 420;
const KEY_OVERHEAD_BYTES = 380;

/** A version that another has taken the place of. */
class Older {
  readonly versions: Versions;
  readonly version: Version;
  /** The entry that wrote the version after it. */
  readonly supersededAt: LogIndex;
  /** null: it was not there when it was superseded; a snapshot brings it (R11). */
  stored: StoredValue | null;
  /** Its neighbours in the order of {@link supersededAt}. */
  previous: Older | null = null;
  next: Older | null = null;
  isGone = false;

  constructor(versions: Versions, version: Version, supersededAt: LogIndex, stored: StoredValue | null) {
    this.versions = versions;
    this.version = version;
    this.supersededAt = supersededAt;
    this.stored = stored;
  }
}

/** Those of one key, by their numbers. */
interface Versions {
  readonly key: Key;
  readonly list: Older[];
}

/** A version, and until which entry it stood. */
export interface Superseded {
  readonly key: Key;
  readonly stored: StoredValue;
  readonly supersededAt: LogIndex;
}

/**
 * R20: the versions that were, beside the store that has those that are: a key that was written once costs nothing here. Of
 * each key the newest `limit` are kept, the standing one included, from its creation on: a delete ends them. All of them stand
 * in the order in which they were superseded, so that the oldest can go first, wherever they are.
 *
 * What is kept depends on the entries alone, on every replica: on how the keys were written, on the limit that the leader
 * has put into the log, and on how far it had the oldest forgotten.
 */
export class History {
  /**
   * Versions of a key, the standing one included; 1: none but that. What is beyond a lower one goes when its key is written
   * next, and is not shown any more.
   */
  limit = 1;
  #keys = new Map<Key, Versions>();
  #oldest: Older | null = null;
  #newest: Older | null = null;
  /** R11: while a snapshot comes in, the last that it has brought: they come in their order, before those of the entries. */
  #restored: Older | null = null;
  #size = 0;
  #missing = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** R11: those that a snapshot has still to bring. */
  get missing(): number {
    return this.#missing;
  }

  /** Whether what is superseded is to be kept, or may be. */
  wants(key: Key): boolean {
    return this.limit > 1 || this.#keys.has(key);
  }

  /** `after` takes the place of `before`; null: of one that a snapshot will bring. */
  supersede(key: Key, before: StoredValue | null, after: StoredValue): void {
    let versions = this.#keys.get(key);
    if (this.limit === 1 && versions === undefined) return;
    versions ??= this.#begin(key);
    const version = (after.version - 1) as Version;
    const older = new Older(versions, version, after.revision, before);
    assert(before === null || before.version === version, 'R20: the versions of a key follow each other');
    versions.list.push(older);
    this.#insert(older, this.#newest);
    this.#trim(versions, after.version);
  }

  /** The key was deleted, or its time has come. */
  end(key: Key): void {
    const versions = this.#keys.get(key);
    if (versions === undefined) return;
    for (const older of versions.list.splice(0)) this.#drop(older);
    this.#close(versions);
  }

  /** All that were superseded at this entry or before, whatever their keys. */
  forgetThrough(index: LogIndex): void {
    for (let older = this.#oldest; older !== null && older.supersededAt <= index; older = this.#oldest) {
      const { versions } = older;
      // Of one key they were superseded in the order of their numbers.
      const first = versions.list.shift();
      assert(first === older, 'R20: the oldest version of a key goes first');
      this.#drop(older);
      if (versions.list.length === 0) this.#close(versions);
    }
  }

  /** How far to forget, beyond `after`, so that so many bytes become free; null: all of it would not be enough. */
  enoughFor(bytes: number, after: LogIndex): { readonly through: LogIndex; readonly bytes: number } | null {
    if (this.#bytes < bytes) return null;
    let [free, through] = [0, after];
    for (let older = this.#oldest; older !== null; older = older.next) {
      if (older.supersededAt <= after) continue;
      // What one entry has superseded goes together.
      if (free >= bytes && older.supersededAt > through) break;
      free += olderBytes(older.stored);
      through = older.supersededAt;
    }
    return free >= bytes ? { through, bytes: free } : null;
  }

  /** Those that are kept, the newest first, beneath the one that stands. */
  *of(key: Key, standing: StoredValue): IterableIterator<StoredValue> {
    const list = this.#keys.get(key)?.list ?? [];
    for (let place = list.length - 1; place >= 0; place -= 1) {
      const { version, stored } = list[place] as Older;
      if (version <= standing.version - this.limit) return;
      if (stored !== null) yield stored;
    }
  }

  /** R11: the one that stood at `index`, if it is among those that were superseded since. */
  standingAt(key: Key, index: LogIndex): Superseded | null {
    for (const { stored, supersededAt } of this.#keys.get(key)?.list ?? [])
      if (stored !== null && stored.revision <= index && index < supersededAt) return { key, stored, supersededAt };
    return null;
  }

  /**
   * R11: one that a snapshot brings. Those that were superseded before it began come in their order; one that entries have
   * superseded since is awaited, or has gone meanwhile, here as there.
   */
  restore({ key, stored, supersededAt }: Superseded, startIndex: LogIndex): void {
    if (supersededAt > startIndex) {
      const awaited = this.#keys.get(key)?.list.find(({ version }) => version === stored.version);
      if (awaited?.stored !== null) return;
      awaited.stored = stored;
      this.#missing -= 1;
      this.#bytes += olderBytes(stored) - olderBytes(null);
      return;
    }
    const versions = this.#keys.get(key) ?? this.#begin(key);
    const older = new Older(versions, stored.version, supersededAt, stored);
    const place = versions.list.findLastIndex(({ version }) => version < stored.version) + 1;
    versions.list.splice(place, 0, older);
    this.#insert(older, this.#restored);
    this.#restored = older;
  }

  /** Live, in the order in which they were superseded: goes on over those that are left. */
  *superseded(): IterableIterator<Superseded> {
    for (let older = this.#oldest; older !== null; older = older.next) {
      // What is gone still knows what came behind it.
      if (older.isGone || older.stored === null) continue;
      yield { key: older.versions.key, stored: older.stored, supersededAt: older.supersededAt };
    }
  }

  clear(): void {
    this.#keys = new Map();
    this.#oldest = null;
    this.#newest = null;
    this.#restored = null;
    this.limit = 1;
    this.#size = 0;
    this.#missing = 0;
    this.#bytes = 0;
  }

  /** Of a key that is written. */
  #trim(versions: Versions, newest: Version): void {
    const { list } = versions;
    while ((list[0]?.version ?? Infinity) <= newest - this.limit) this.#drop(list.shift() as Older);
    if (list.length === 0) this.#close(versions);
  }

  #begin(key: Key): Versions {
    const versions = { key, list: [] };
    this.#keys.set(key, versions);
    this.#bytes += KEY_OVERHEAD_BYTES + key.length;
    return versions;
  }

  #close({ key }: Versions): void {
    this.#keys.delete(key);
    this.#bytes -= KEY_OVERHEAD_BYTES + key.length;
  }

  #insert(older: Older, previous: Older | null): void {
    const next = previous === null ? this.#oldest : previous.next;
    older.previous = previous;
    older.next = next;
    if (previous === null) this.#oldest = older;
    else previous.next = older;
    if (next === null) this.#newest = older;
    else next.previous = older;
    this.#size += 1;
    this.#bytes += olderBytes(older.stored);
    if (older.stored === null) this.#missing += 1;
  }

  /** Out of the order; out of those of its key the caller has taken it. */
  #drop(older: Older): void {
    const { previous, next, stored } = older;
    if (previous === null) this.#oldest = next;
    else previous.next = next;
    if (next === null) this.#newest = previous;
    else next.previous = previous;
    if (this.#restored === older) this.#restored = previous;
    this.#size -= 1;
    this.#bytes -= olderBytes(stored);
    if (stored === null) this.#missing -= 1;
    // Whoever stands there goes on from here, and keeps no more of it than that.
    older.isGone = true;
    older.stored = null;
    older.previous = null;
  }
}

const olderBytes = (stored: StoredValue | null): number =>
  OLDER_OVERHEAD_BYTES + (stored === null ? 0 : contentBytes(stored));

/**
 * What a write that supersedes a version adds at most, beside the bytes of the value, which stay counted: of what was packed
 * becomes an array, and names its type itself.
 */
export const SUPERSEDING_BYTES =
  OLDER_OVERHEAD_BYTES + KEY_OVERHEAD_BYTES + OFF_HEAP_OVERHEAD_BYTES + CONTENT_TYPE_BYTES_MAX;
