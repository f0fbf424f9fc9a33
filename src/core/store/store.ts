import { assert, unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Version, WallMs } from '../base/numbers.ts';
import type { KeyEffect } from '../replication/entry.ts';
import type { Step, WriteCommand } from './commands.ts';
import { contentBytes } from './content-bytes.ts';
import { ExpiryHeap } from './expiry-heap.ts';
import { History, SUPERSEDING_BYTES } from './history.ts';
import { KeyIndex } from './key-index.ts';
import { lockBytes } from './locks.ts';
import type { Stay, StoredValue, Tombstone } from './reads.ts';
import { USE_BYTES, Uses, type Eviction } from './uses.ts';

/** What a value costs beside its key and its bytes: the Map's slot, the object, the array. Measured, as a test does again. */
const VALUE_OVERHEAD_BYTES = 460;
const TOMBSTONE_OVERHEAD_BYTES = 200;
/** Its place in the heap, and as much again for those that are out of date. */
const EXPIRY_BYTES = 32;
/** Whoever decided a write knew the newest version: else two histories of the key have met. */
const VERSIONS_GROW = 'R4: what is newer has the higher version';

/**
 * The keys and their newest values, as of the last applied entry; and the older ones that are kept, in {@link history}.
 *
 * A version number never means two things, so the last version of a deleted key is remembered (a tombstone). There may
 * be more deleted keys than memory, so of the tombstones beyond `tombstonesMax` only the highest version is kept, as a
 * floor: a key that nobody remembers begins above it. The floor is 0, and keys begin at version 1, until then.
 */
export class Store {
  readonly history = new History();
  readonly uses: Uses;
  readonly #tombstonesMax: number;
  #values = new Map<Key, StoredValue>();
  /** Of the values. */
  readonly #index = new KeyIndex();
  /** In the order of deletion. */
  #tombstones = new Map<Key, Tombstone>();
  readonly #expiries = new ExpiryHeap((key, atMs) => this.#values.get(key)?.expiresAtMs === atMs);
  #versionFloor = 0 as Version;
  #valueBytes = 0;
  /** Of all else but what keeps its own count. */
  #bytes = 0;
  #evictedKeys = 0;

  constructor(tombstonesMax: number, eviction: Eviction = 'none') {
    this.#tombstonesMax = tombstonesMax;
    this.uses = new Uses(eviction);
  }

  get size(): number {
    return this.#values.size;
  }

  get bytes(): number {
    return this.#valueBytes + this.#bytes + this.history.bytes + this.uses.bytes;
  }

  /** R22: of the keys and their newest values: what could be had at most. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  /** R22: how many keys were evicted since this replica began. */
  get evictedKeys(): number {
    return this.#evictedKeys;
  }

  /** R22: what becomes free with a key. */
  bytesOf(key: Key): number {
    const value = this.#values.get(key);
    return value === undefined ? 0 : valueBytes(key, value);
  }

  get versionFloor(): Version {
    return this.#versionFloor;
  }

  get(key: Key): StoredValue | null {
    return this.#values.get(key) ?? null;
  }

  /** The version that the key had last, deleted or not: the next is one more. */
  lastVersion(key: Key): Version {
    return this.#values.get(key)?.version ?? this.#tombstones.get(key)?.version ?? this.#versionFloor;
  }

  /** null: it has a value, or none that is remembered. */
  tombstoneOf(key: Key): Tombstone | null {
    return this.#tombstones.get(key) ?? null;
  }

  apply(effect: KeyEffect): void {
    switch (effect.kind) {
      case 'put':
        this.#supersede(effect.key, effect.stored);
        this.restoreValue(effect.key, effect.stored);
        return;
      case 'delete':
      case 'expire':
        this.history.end(effect.key);
        this.restoreTombstone(effect.key, effect.tombstone);
        return;
      case 'evict':
        this.history.end(effect.key);
        this.#evict(effect.key, effect.tombstone);
        return;
      case 'touch':
        this.#touch(effect.key, effect);
        return;
      default:
        unreachable(effect);
    }
  }

  /** R11, R20: while a snapshot comes in, what the entry supersedes may be missing; it will come as an older version. */
  #supersede(key: Key, after: StoredValue): void {
    const before = this.#values.get(key) ?? null;
    if (before !== null || after.createRevision < after.revision) this.history.supersede(key, before, after);
  }

  /** R11: while a snapshot comes in the value may be missing; it will come with the newest time. */
  #touch(key: Key, { expiresAtMs, idleMs }: Stay): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#values.set(key, { ...before, expiresAtMs, idleMs });
    this.#onExpiry(key, before.expiresAtMs, expiresAtMs);
    this.uses.onWritten(key, idleMs);
  }

  /** R17: when the first value falls due, by the log's time; null: none ever does. */
  get earliestExpiryMs(): number | null {
    return this.#expiries.earliestMs;
  }

  /** R17: up to `max` keys whose values are due. */
  due(timeMs: WallMs, max: number): Key[] {
    return this.#expiries.due(timeMs, max);
  }

  /** After the value is another, or gone. One that stays as long as before is in the heap already. */
  #onExpiry(key: Key, beforeMs: WallMs | null, afterMs: WallMs | null): void {
    if (beforeMs === afterMs) return;
    if (afterMs !== null) {
      this.#expiries.add(key, afterMs);
      this.#bytes += EXPIRY_BYTES;
    }
    if (beforeMs !== null) {
      this.#expiries.outdate();
      this.#bytes -= EXPIRY_BYTES;
    }
  }

  restoreValue(key: Key, stored: StoredValue): void {
    const before = this.#values.get(key);
    if (before !== undefined) {
      assert(before.version < stored.version, VERSIONS_GROW);
      this.#valueBytes -= valueBytes(key, before);
    } else {
      this.#index.add(key);
      const tombstone = this.#tombstones.get(key);
      if (tombstone !== undefined) {
        assert(tombstone.version < stored.version, VERSIONS_GROW);
        this.#dropTombstone(key);
      }
    }
    this.#values.set(key, stored);
    this.#valueBytes += valueBytes(key, stored);
    this.#onExpiry(key, before?.expiresAtMs ?? null, stored.expiresAtMs);
    this.uses.onWritten(key, stored.idleMs);
  }

  restoreTombstone(key: Key, tombstone: Tombstone): void {
    const value = this.#values.get(key);
    const before = this.#tombstones.get(key);
    assert(Math.max(value?.version ?? 0, before?.version ?? 0) < tombstone.version, VERSIONS_GROW);
    if (value !== undefined) this.#remove(key, value);
    if (before !== undefined) this.#dropTombstone(key);
    this.#tombstones.set(key, tombstone);
    this.#bytes += TOMBSTONE_OVERHEAD_BYTES + key.length;
    if (this.#tombstones.size > this.#tombstonesMax) this.#forgetOldestTombstone();
  }

  /** R22: a tombstone for each would fill what is to be free. So the key is forgotten at once, as the oldest tombstones are. */
  #evict(key: Key, { version }: Tombstone): void {
    const value = this.#values.get(key);
    assert((value?.version ?? 0) < version, VERSIONS_GROW);
    if (value !== undefined) this.#remove(key, value);
    this.raiseVersionFloor(version);
    this.#evictedKeys += 1;
  }

  #remove(key: Key, value: StoredValue): void {
    this.#values.delete(key);
    this.#index.remove(key);
    this.#valueBytes -= valueBytes(key, value);
    this.#onExpiry(key, value.expiresAtMs, null);
    this.uses.remove(key);
  }

  raiseVersionFloor(floor: Version): void {
    if (floor > this.#versionFloor) this.#versionFloor = floor;
  }

  clear(): void {
    this.#values = new Map();
    this.#index.clear();
    this.#tombstones = new Map();
    this.#versionFloor = 0 as Version;
    this.#expiries.clear();
    this.history.clear();
    this.uses.clear();
    this.#valueBytes = 0;
    this.#bytes = 0;
  }

  /** Live: goes on over a store that changes meanwhile; what is added behind it is visited, what is removed is not. */
  values(): IterableIterator<[Key, StoredValue]> {
    return this.#values.entries();
  }

  /** The keys with values from `from` on, in the order of their bytes. Nothing may change while it goes on. */
  keysFrom(from: string): IterableIterator<Key> {
    return this.#index.from(from);
  }

  /** Live, as {@link values}. */
  tombstones(): IterableIterator<[Key, Tombstone]> {
    return this.#tombstones.entries();
  }

  #dropTombstone(key: Key): void {
    this.#tombstones.delete(key);
    this.#bytes -= TOMBSTONE_OVERHEAD_BYTES + key.length;
  }

  #forgetOldestTombstone(): void {
    for (const [key, tombstone] of this.#tombstones) {
      this.raiseVersionFloor(tombstone.version);
      this.#dropTombstone(key);
      return;
    }
  }
}

/** What the store would grow by, at most. What only makes room asks for nothing: it is the way back from a full store. */
export function bytesAdded(command: WriteCommand): number {
  switch (command.kind) {
    case 'put':
      return (
        SUPERSEDING_BYTES +
        valueBytes(command.key, command) +
        (command.lifetime.kind === 'limited' ? EXPIRY_BYTES : 0) +
        (command.idle.kind === 'limited' ? USE_BYTES : 0)
      );
    case 'increment':
      return SUPERSEDING_BYTES + VALUE_OVERHEAD_BYTES + command.key.length;
    case 'acquire':
      return lockBytes(command.lock, command);
    case 'delete':
    case 'deletePrefix':
    case 'touch':
    case 'renew':
    case 'release':
      return 0;
    case 'fenced':
      return bytesAdded(command.command);
    case 'batch':
      return sumOf(command.steps);
    case 'transaction':
      return Math.max(sumOf(command.then), sumOf(command.otherwise));
    default:
      return unreachable(command);
  }
}

const sumOf = (steps: readonly Step[]): number =>
  steps.reduce((sum, step) => sum + (step.kind === 'get' ? 0 : bytesAdded(step)), 0);

export const valueBytes = (
  key: Key,
  stored: { readonly value: Uint8Array; readonly contentType: string | null },
): number => VALUE_OVERHEAD_BYTES + key.length + contentBytes(stored);
