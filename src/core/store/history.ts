import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import { KeyTable } from './key-table.ts';
import type { KeyHash } from './last-hash.ts';
import type { StoredValue } from './reads.ts';
import { RecordList } from './record-list.ts';
import { PACKED_FROM, wordsOfPacked, type PackedValues } from './packed-values.ts';
import { wordsOfHead } from './record-layout.ts';
import { NOWHERE, OLDER_BYTES_MORE_MAX, type Records, type Ref } from './records.ts';

/** What a key costs that has any: its place in the table of those. Measured, as a test does again. */
const KEY_PLACE_BYTES = 24;
/** After so many versions each a walk remembers where it was. */
const WALK_STEPS = 256;
/** Of one that a snapshot will bring: no entry has this number. */
const UNKNOWN_REVISION = 0 as LogIndex;

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
 *
 * They are packed as what stands is ({@link Records}), and found by key as that is. As objects, which live just long enough for the collector
 * to move them to the old space, they were a quarter of what a follower did under writes of 100 keys.
 */
export class History {
  /**
   * Versions of a key, the standing one included; 1: none but that. What is beyond a lower one goes when its key is written
   * next, and is not shown any more.
   */
  limit = 1;
  readonly #records: Records;
  /** The newest of each key. Those of a key are a ring, so that its oldest stands behind its newest. */
  readonly #table: KeyTable;
  /** All of them, in the order in which they were superseded. */
  readonly #order: RecordList;
  #missing = 0;
  #bytes = 0;
  /** So that whoever walks over them knows whether they are as they were. */
  #changes = 0;

  constructor(records: Records, hash: KeyHash) {
    this.#records = records;
    this.#table = new KeyTable(records, hash);
    this.#order = new RecordList(records);
  }

  get size(): number {
    return this.#order.size;
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
    return this.limit > 1 || (this.size > 0 && this.#table.find(key) !== NOWHERE);
  }

  /** `after` takes the place of what stands at `before`; {@link NOWHERE}: of one that a snapshot will bring. */
  supersede(key: Key, before: Ref, after: StoredValue): void {
    const version = (after.version - 1) as Version;
    assert(
      before === NOWHERE || this.#records.version(before) === version,
      'R20: the versions of a key follow each other',
    );
    const ref =
      before === NOWHERE
        ? this.#records.addOlder(key, unknown(version), after.revision)
        : this.#records.addOlderCopy(before, after.revision);
    this.#count(ref, 1);
    this.#order.push(ref);
    this.#becomeNewest(ref, key);
    this.#trim(ref, after.version);
  }

  /** The key was deleted, or its time has come. */
  end(key: Key): void {
    const newest = this.size === 0 ? NOWHERE : this.#table.find(key);
    for (let left = newest !== NOWHERE; left;) {
      const oldest = this.#records.newerOfKey(newest);
      left = oldest !== newest;
      this.#dropOldest(oldest);
    }
  }

  /** All that were superseded at this entry or before, whatever their keys. */
  forgetThrough(index: LogIndex): void {
    for (let oldest = this.#order.oldest; oldest !== NOWHERE; oldest = this.#order.oldest) {
      if (this.#records.supersededAt(oldest) > index) return;
      this.#dropOldest(oldest);
    }
  }

  /** How far to forget, beyond `after`, so that so many bytes become free; null: all of it would not be enough. */
  enoughFor(bytes: number, after: LogIndex): { readonly through: LogIndex; readonly bytes: number } | null {
    if (this.#bytes < bytes) return null;
    let [free, through] = [0, after];
    for (let ref = this.#order.oldest; ref !== NOWHERE; ref = this.#records.newer(ref)) {
      const supersededAt = this.#records.supersededAt(ref);
      if (supersededAt <= after) continue;
      // What one entry has superseded goes together.
      if (free >= bytes && supersededAt > through) break;
      free += this.#records.bytes(ref);
      through = supersededAt;
    }
    return free >= bytes ? { through, bytes: free } : null;
  }

  /** Those that are kept, the newest first, beneath the one that stands. Nothing may change while it goes on. */
  *of(key: Key, standing: StoredValue): IterableIterator<StoredValue> {
    for (const ref of this.#ring(key)) {
      if (this.#records.version(ref) <= standing.version - this.limit) return;
      if (!this.#isMissing(ref)) yield this.#records.value(ref);
    }
  }

  /** R11: the one that stood at `index`, if it is among those that were superseded since. */
  standingAt(key: Key, index: LogIndex): Superseded | null {
    for (const ref of this.#ring(key)) {
      const supersededAt = this.#records.supersededAt(ref);
      if (!this.#isMissing(ref) && this.#records.revision(ref) <= index && index < supersededAt)
        return { key, stored: this.#records.value(ref), supersededAt };
    }
    return null;
  }

  /**
   * R11: one that a snapshot brings. Those that were superseded before it began come in their order; one that entries have
   * superseded since is awaited, or has gone meanwhile, here as there.
   */
  restore({ key, stored, supersededAt }: Superseded, startIndex: LogIndex): void {
    if (supersededAt > startIndex) this.#fill(key, stored);
    else this.#restore(this.#records.addOlder(key, stored, supersededAt), key);
  }

  /** R11: of those that were superseded before the snapshot began, some that follow each other. */
  restoreAll({ contentType, bytes }: PackedValues, startIndex: LogIndex): void {
    const words = wordsOfPacked(bytes);
    for (let at = PACKED_FROM; at < words.length; at += wordsOfHead(words[at] as number)) {
      const ref = this.#records.addPacked(words, at, contentType);
      assert(
        this.#records.supersededAt(ref) <= startIndex,
        'R11: what an entry since the start has superseded comes by itself',
      );
      this.#restore(ref, this.#records.keyAt(ref));
    }
  }

  #restore(ref: Ref, key: Key): void {
    const records = this.#records;
    const [version, newest] = [records.version(ref), this.#table.find(key)];
    let newer = NOWHERE;
    // Mostly the newest is older. No iterator, as {@link #ring} is one.
    for (let at = newest; at !== NOWHERE && records.version(at) > version;) {
      newer = at;
      at = records.olderOfKey(at);
      if (at === newest) break;
    }
    this.#count(ref, 1);
    this.#order.restore(ref);
    if (newer === NOWHERE) this.#becomeNewest(ref, key);
    else this.#insert(ref, records.olderOfKey(newer), newer);
  }

  /** One that was missing is known now, if it is still awaited. */
  #fill(key: Key, stored: StoredValue): void {
    let missing = NOWHERE;
    for (const ref of this.#ring(key)) if (this.#records.version(ref) === stored.version) missing = ref;
    if (missing === NOWHERE || !this.#isMissing(missing)) return;
    const ref = this.#records.addOlder(key, stored, this.#records.supersededAt(missing));
    this.#count(ref, 1);
    this.replace(missing, ref, key);
    this.#free(missing);
  }

  /** All that is known of them, as {@link refs} comes to them. */
  *superseded(): IterableIterator<Superseded> {
    for (const ref of this.refs()) yield this.at(ref);
  }

  at(ref: Ref): Superseded {
    const records = this.#records;
    return { key: records.keyAt(ref), stored: records.value(ref), supersededAt: records.supersededAt(ref) };
  }

  /**
   * Live, in the order in which they were superseded: goes on over those that are left. Where the last that it has seen is gone, it
   * finds its way from one before. Each holds until something changes.
   */
  *refs(): IterableIterator<Ref> {
    const records = this.#records;
    const seen: Seen[] = [];
    for (let [ref, steps] = [this.#order.oldest, 0]; ref !== NOWHERE; steps += 1) {
      const [key, order, changes] = [records.keyAt(ref), records.order(ref), this.#changes];
      if (steps % WALK_STEPS === 0) seen.push({ key, order });
      if (!this.#isMissing(ref)) yield ref;
      ref = this.#changes === changes ? records.newer(ref) : this.#firstBehind({ key, order }, seen);
    }
  }

  /** What of `seen` is gone is forgotten. */
  #firstBehind({ key, order }: Seen, seen: Seen[]): Ref {
    let from = this.#find(key, order);
    for (let last = seen.at(-1); from === NOWHERE && last !== undefined; last = seen.at(-1)) {
      from = this.#find(last.key, last.order);
      if (from === NOWHERE) seen.pop();
    }
    return this.#order.firstBehind(order, from === NOWHERE ? this.#order.oldest : from);
  }

  #find(key: Key, order: number): Ref {
    for (const ref of this.#ring(key)) if (this.#records.order(ref) === order) return ref;
    return NOWHERE;
  }

  /** The same one, in another record, before this one goes. */
  replace(before: Ref, after: Ref, key: Key): void {
    const records = this.#records;
    this.#changes += 1;
    this.#order.replace(before, after);
    const [older, newer] = [records.olderOfKey(before), records.newerOfKey(before)];
    if (this.#table.find(key) === before) this.#table.replace(key, after);
    if (older === before) this.#standAlone(after);
    else this.#insert(after, older, newer);
  }

  clear(): void {
    this.#changes += 1;
    this.#table.clear();
    this.#order.clear();
    this.limit = 1;
    this.#missing = 0;
    this.#bytes = 0;
  }

  /** Of a key that is written. */
  #trim(newest: Ref, standing: Version): void {
    for (let left = true; left;) {
      const oldest = this.#records.newerOfKey(newest);
      if (this.#records.version(oldest) > standing - this.limit) return;
      left = oldest !== newest;
      this.#dropOldest(oldest);
    }
  }

  /** Those of a key, the newest first. */
  *#ring(key: Key): IterableIterator<Ref> {
    const newest = this.#table.find(key);
    if (newest === NOWHERE) return;
    let ref = newest;
    do {
      yield ref;
      ref = this.#records.olderOfKey(ref);
    } while (ref !== newest);
  }

  /** In front of all others of its key. */
  #becomeNewest(ref: Ref, key: Key): void {
    const before = this.#table.put(key, ref);
    if (before !== NOWHERE) {
      this.#insert(ref, before, this.#records.newerOfKey(before));
      return;
    }
    this.#bytes += KEY_PLACE_BYTES;
    this.#standAlone(ref);
  }

  #standAlone(ref: Ref): void {
    this.#records.setOlderOfKey(ref, ref);
    this.#records.setNewerOfKey(ref, ref);
  }

  #insert(ref: Ref, older: Ref, newer: Ref): void {
    this.#records.setOlderOfKey(ref, older);
    this.#records.setNewerOfKey(ref, newer);
    this.#records.setNewerOfKey(older, ref);
    this.#records.setOlderOfKey(newer, ref);
  }

  /** Of its key. */
  #dropOldest(ref: Ref): void {
    const records = this.#records;
    this.#order.remove(ref);
    const [newest, newer] = [records.olderOfKey(ref), records.newerOfKey(ref)];
    if (newest === ref) {
      this.#table.remove(records.keyAt(ref));
      this.#bytes -= KEY_PLACE_BYTES;
    } else {
      assert(records.version(ref) < records.version(newest), 'R20: the oldest version of a key goes first');
      records.setNewerOfKey(newest, newer);
      records.setOlderOfKey(newer, newest);
    }
    this.#free(ref);
  }

  #free(ref: Ref): void {
    this.#count(ref, -1);
    this.#records.free(ref);
  }

  /** It has come, or is about to go. */
  #count(ref: Ref, by: 1 | -1): void {
    this.#changes += 1;
    this.#bytes += by * this.#records.bytes(ref);
    if (this.#isMissing(ref)) this.#missing += by;
  }

  #isMissing(ref: Ref): boolean {
    return this.#records.revision(ref) === UNKNOWN_REVISION;
  }
}

/** Where a walk was. */
interface Seen {
  readonly key: Key;
  readonly order: number;
}

const unknown = (version: Version): StoredValue => ({
  value: new Uint8Array(0),
  contentType: null,
  revision: UNKNOWN_REVISION,
  version,
  createRevision: UNKNOWN_REVISION,
  modifiedMs: 0 as WallMs,
  expiresAtMs: null,
  idleMs: null,
});

/** What a write that supersedes a version adds at most, beside what that has been counted for. */
export const SUPERSEDING_BYTES = OLDER_BYTES_MORE_MAX + KEY_PLACE_BYTES;
