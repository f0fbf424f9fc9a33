import { assert, unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import { Random } from '../base/random.ts';
import { SipHash } from '../base/sip-hash.ts';
import type { KeyEffect } from '../replication/entry.ts';
import { COUNTER_BYTES_MAX, type Step, type WriteCommand } from './commands.ts';
import { typeBytes } from './content-types.ts';
import { ExpiryHeap } from './expiry-heap.ts';
import { History, SUPERSEDING_BYTES, type Superseded } from './history.ts';
import { KeyIndex } from './key-index.ts';
import { KeyTable } from './key-table.ts';
import { LastHash } from './last-hash.ts';
import { lockBytes } from './locks.ts';
import type { NewestState } from './newest.ts';
import { newPacked, PACKED_FROM, wordsOfPacked, type PackedValues } from './packed-values.ts';
import type { Stay, StoredValue, Tombstone } from './reads.ts';
import { wordsOfHead } from './record-layout.ts';
import { RecordList } from './record-list.ts';
import { leastRecordBytes, mostRecordBytes, NOWHERE, Records, tombstoneRecordBytes, type Ref } from './records.ts';
import { USE_BYTES, Uses, type Eviction } from './uses.ts';

/** Its places in the table of keys and in their order. Measured, as a test does again. */
const VALUE_PLACES_BYTES = 28;
/** Its place in the table of keys. */
const TOMBSTONE_PLACE_BYTES = 24;
/** Its place in the heap. */
const EXPIRY_BYTES = 16;
/** Of a counter beside its record; the type that it begins with, too. */
const COUNTER_VALUE_BYTES = VALUE_PLACES_BYTES + typeBytes('text/plain');
/** For each block that is given back: enough, since of four blocks of a size no more than one may be free. */
const MOVED_PER_CHANGE = 4;
/** Whoever decided a write knew the newest version: else two histories of the key have met. */
const VERSIONS_GROW = 'R4: what is newer has the higher version';

/** R11: what a snapshot sends of a stretch of keys. */
export interface PieceOfValues {
  readonly packed: readonly PackedValues[];
  /** Too large to be packed. */
  readonly large: readonly (readonly [Key, StoredValue])[];
  /** With which the next piece begins; null: there is none. */
  readonly next: Key | null;
}

/** Neighbours of one content type. */
interface Run {
  readonly contentType: string | null;
  readonly refs: Ref[];
  words: number;
}

/**
 * The keys and their newest values, as of the last applied entry; and the older ones that are kept, in {@link history}.
 *
 * A version number never means two things, so the last version of a deleted key is remembered (a tombstone). There may
 * be more deleted keys than memory, so of the tombstones beyond `tombstonesMax` only the highest version is kept, as a
 * floor: a key that nobody remembers begins above it. The floor is 0, and keys begin at version 1, until then.
 */
export class Store {
  readonly history: History;
  readonly uses: Uses;
  readonly #tombstonesMax: number;
  readonly #records = new Records();
  /** Of values and tombstones. */
  readonly #table: KeyTable;
  /** Of the values. */
  readonly #index = new KeyIndex(this.#records);
  readonly #tombstones = new RecordList(this.#records);
  readonly #expiries = new ExpiryHeap((ref, place) => {
    this.#records.setDuePlace(ref as Ref, place);
  });
  #versionFloor = 0 as Version;
  #valueBytes = 0;
  #tombstoneBytes = 0;
  #evictedKeys = 0;
  /** So that whoever walks over the keys knows whether they are as they were. */
  #changes = 0;

  /** `hashSeed`: unknown to whoever chooses the keys. */
  constructor(tombstonesMax: number, eviction: Eviction = 'none', hashSeed = 0) {
    this.#tombstonesMax = tombstonesMax;
    this.uses = new Uses(eviction);
    const random = new Random(hashSeed);
    const hash = new LastHash(new SipHash(random.below(2 ** 32), random.below(2 ** 32)));
    this.#table = new KeyTable(this.#records, hash);
    this.history = new History(this.#records, hash);
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    const expiries = this.#expiries.length * EXPIRY_BYTES;
    const packed = this.#valueBytes + this.#tombstoneBytes + this.#records.typeBytes;
    return packed + expiries + this.history.bytes + this.uses.bytes;
  }

  /** R22: of the keys and their newest values: what could be had at most. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  /** What values and tombstones really take, with the gaps between them. */
  get pageBytes(): number {
    return this.#records.pageBytes;
  }

  /** R22: how many keys were evicted since this replica began. */
  get evictedKeys(): number {
    return this.#evictedKeys;
  }

  /** R22: what becomes free with a key. */
  bytesOf(key: Key): number {
    const ref = this.#findValue(key);
    return ref === NOWHERE ? 0 : this.#bytesAt(ref);
  }

  /** R17: what becomes free when its value expires, and a tombstone stands in its place. */
  bytesFreedBy(key: Key): number {
    return Math.max(0, this.bytesOf(key) - tombstoneBytes(key));
  }

  get versionFloor(): Version {
    return this.#versionFloor;
  }

  /** As it is now; what becomes of the key later does not change it. */
  get(key: Key): StoredValue | null {
    const ref = this.#findValue(key);
    return ref === NOWHERE ? null : this.#records.value(ref);
  }

  /** R12: of the key as entries have left it. */
  stateOf(key: Key): NewestState {
    const ref = this.#table.find(key);
    if (ref === NOWHERE) return { current: null, lastVersion: this.#versionFloor };
    const current = this.#records.isTombstone(ref) ? null : this.#records.value(ref);
    return { current, lastVersion: this.#records.version(ref) };
  }

  /** The version that the key had last, deleted or not: the next is one more. */
  lastVersion(key: Key): Version {
    const ref = this.#table.find(key);
    return ref === NOWHERE ? this.#versionFloor : this.#records.version(ref);
  }

  /** null: it has a value, or none that is remembered. */
  tombstoneOf(key: Key): Tombstone | null {
    const ref = this.#table.find(key);
    return ref !== NOWHERE && this.#records.isTombstone(ref) ? this.#records.tombstone(ref) : null;
  }

  apply(effect: KeyEffect): void {
    this.#changes += 1;
    this.#apply(effect);
    this.#moveSome();
  }

  #apply(effect: KeyEffect): void {
    switch (effect.kind) {
      case 'put':
        this.#put(effect.key, effect.stored);
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

  /**
   * What has become free lies scattered, and a page goes only when it is empty: without this a store whose values change their sizes
   * grew to four times what it counts.
   */
  #moveSome(): void {
    for (const before of this.#records.toMove(MOVED_PER_CHANGE)) {
      const after = this.#records.copyOf(before);
      this.#refer(before, after);
      this.#records.freeBlock(before);
    }
  }

  /** Whoever refers to a record refers to its copy from now on. */
  #refer(before: Ref, after: Ref): void {
    const key = this.#records.keyAt(before);
    if (this.#records.isOlder(before)) {
      this.history.replace(before, after, key);
      return;
    }
    this.#table.replace(key, after);
    if (this.#records.isTombstone(before)) {
      this.#tombstones.replace(before, after);
      return;
    }
    this.#index.replace(key, after);
    const place = this.#records.duePlace(before);
    if (place !== null) this.#expiries.renameAt(place, after);
  }

  /** R11, R20: while a snapshot comes in, what the entry supersedes may be missing; it will come as an older version. */
  #put(key: Key, after: StoredValue): void {
    const before = this.#table.find(key);
    const standing = before !== NOWHERE && this.#records.isTombstone(before) ? NOWHERE : before;
    const supersedes = standing !== NOWHERE || after.createRevision < after.revision;
    if (supersedes && this.history.wants(key)) this.history.supersede(key, standing, after);
    this.#restoreValue(before, key, after);
  }

  /** R11: while a snapshot comes in the value may be missing; it will come with the newest time. */
  #touch(key: Key, stay: Stay): void {
    const ref = this.#findValue(key);
    if (ref === NOWHERE) return;
    const beforeMs = this.#records.expiresAtMs(ref);
    const { expiresAtMs, idleMs } = stay;
    if (this.#records.setStay(ref, stay)) this.#onExpiry(ref, beforeMs, expiresAtMs);
    else this.#replace(ref, key, { ...this.#records.value(ref), expiresAtMs, idleMs });
    this.uses.onWritten(key, stay.idleMs);
  }

  /** R17: when the first value falls due, by the log's time; null: none ever does. */
  get earliestExpiryMs(): number | null {
    return this.#expiries.earliestMs;
  }

  /** R17: up to `max` keys whose values are due. */
  due(timeMs: WallMs, max: number): Key[] {
    return this.#expiries.due(timeMs, max).map((ref) => this.#records.keyAt(ref as Ref));
  }

  #onExpiry(ref: Ref, beforeMs: WallMs | null, afterMs: WallMs | null): void {
    if (beforeMs === afterMs) return;
    if (beforeMs !== null) this.#dueNoMore(ref);
    if (afterMs !== null) this.#expiries.add(ref, afterMs);
  }

  #dueNoMore(ref: Ref): void {
    const place = this.#records.duePlace(ref);
    if (place === null) return;
    this.#expiries.removeAt(place);
    this.#records.setDuePlace(ref, null);
  }

  restoreValue(key: Key, stored: StoredValue): void {
    this.#changes += 1;
    this.#restoreValue(this.#table.find(key), key, stored);
  }

  /** `before`: what the key has, a value or a tombstone. */
  #restoreValue(before: Ref, key: Key, stored: StoredValue): void {
    if (before !== NOWHERE) assert(this.#records.version(before) < stored.version, VERSIONS_GROW);
    if (before !== NOWHERE && !this.#records.isTombstone(before)) this.#replace(before, key, stored);
    else this.#add(before, key, stored);
    this.uses.onWritten(key, stored.idleMs);
  }

  /** `tombstone`: where the key has one; {@link NOWHERE}: it has none. */
  #add(tombstone: Ref, key: Key, stored: StoredValue): void {
    const ref = this.#records.addValue(key, stored);
    if (tombstone === NOWHERE) this.#table.add(key, ref);
    else {
      this.#table.replace(key, ref);
      this.#dropTombstone(tombstone, key);
    }
    this.#index.add(key, ref);
    this.#valueBytes += this.#bytesAt(ref);
    this.#onExpiry(ref, null, stored.expiresAtMs);
  }

  #replace(before: Ref, key: Key, stored: StoredValue): void {
    const beforeMs = this.#records.expiresAtMs(before);
    // The record as it was says where it stands among those that fall due.
    if (beforeMs !== stored.expiresAtMs) this.#onExpiry(before, beforeMs, null);
    this.#valueBytes -= this.#bytesAt(before);
    const ref = this.#records.replaceValue(before, key, stored) ? before : this.#move(before, key, stored);
    this.#valueBytes += this.#bytesAt(ref);
    if (beforeMs !== stored.expiresAtMs) this.#onExpiry(ref, null, stored.expiresAtMs);
  }

  /** R11: values of a snapshot. They come before any entry that changes them, and each once. */
  restoreValues({ contentType, bytes }: PackedValues): void {
    this.#changes += 1;
    const words = wordsOfPacked(bytes);
    const refs: Ref[] = [];
    for (let at = PACKED_FROM; at < words.length; at += wordsOfHead(words[at] as number))
      refs.push(this.#records.addPacked(words, at, contentType));
    this.#table.addAll(refs);
    this.#index.addAll(refs);
    for (const ref of refs) {
      this.#valueBytes += this.#bytesAt(ref);
      this.#onExpiry(ref, null, this.#records.expiresAtMs(ref));
      const idleMs = this.#records.idleMs(ref);
      if (this.uses.counts(idleMs)) this.uses.onWritten(this.#records.keyAt(ref), idleMs);
    }
  }

  /** To a block of another size. */
  #move(before: Ref, key: Key, stored: StoredValue): Ref {
    const ref = this.#records.addValue(key, stored);
    this.#table.replace(key, ref);
    this.#index.replace(key, ref);
    const place = this.#records.duePlace(before);
    if (place !== null) {
      this.#expiries.renameAt(place, ref);
      this.#records.setDuePlace(ref, place);
    }
    this.#records.free(before);
    return ref;
  }

  restoreTombstone(key: Key, tombstone: Tombstone): void {
    this.#changes += 1;
    const before = this.#table.find(key);
    if (before !== NOWHERE) assert(this.#records.version(before) < tombstone.version, VERSIONS_GROW);
    const ref = this.#records.addTombstone(key, tombstone);
    if (before === NOWHERE) this.#table.add(key, ref);
    else {
      this.#table.replace(key, ref);
      if (this.#records.isTombstone(before)) this.#dropTombstone(before, key);
      else this.#removeValue(before, key);
    }
    this.#tombstones.push(ref);
    this.#tombstoneBytes += tombstoneBytes(key);
    if (this.#tombstones.size > this.#tombstonesMax) this.#forgetOldestTombstone();
  }

  /** R22: a tombstone for each would fill what is to be free. So the key is forgotten at once, as the oldest tombstones are. */
  #evict(key: Key, { version }: Tombstone): void {
    const ref = this.#findValue(key);
    if (ref !== NOWHERE) {
      assert(this.#records.version(ref) < version, VERSIONS_GROW);
      this.#table.remove(key);
      this.#removeValue(ref, key);
    }
    this.raiseVersionFloor(version);
    this.#evictedKeys += 1;
  }

  /** From everywhere but the table. */
  #removeValue(ref: Ref, key: Key): void {
    this.#index.remove(key);
    this.#valueBytes -= this.#bytesAt(ref);
    this.#dueNoMore(ref);
    this.uses.remove(key);
    this.#records.free(ref);
  }

  raiseVersionFloor(floor: Version): void {
    if (floor > this.#versionFloor) this.#versionFloor = floor;
  }

  clear(): void {
    this.#changes += 1;
    this.#table.clear();
    this.#index.clear();
    this.#tombstones.clear();
    this.#expiries.clear();
    this.#records.clear();
    this.#versionFloor = 0 as Version;
    this.history.clear();
    this.uses.clear();
    this.#valueBytes = 0;
    this.#tombstoneBytes = 0;
  }

  /**
   * In the order of the keys' bytes. Live: goes on over a store that changes meanwhile; each key that is there all the while is
   * visited once, as it is then.
   */
  *values(): IterableIterator<[Key, StoredValue]> {
    for (let from = ''; ;) {
      const changes = this.#changes;
      let last: Key | null = null;
      for (const ref of this.#index.refsFrom(from)) {
        last = this.#records.keyAt(ref);
        yield [last, this.#records.value(ref)];
        // Whoever changes one key may move the records of others.
        if (this.#changes !== changes) break;
      }
      if (last === null) return;
      from = `${last}\0`;
    }
  }

  /**
   * R11: from the key `from` on, about `bytes` of values, in the order of the keys' bytes. Of a key that an entry after `through` has
   * changed it is only told, and hears how many bytes that makes.
   */
  pieceFrom(
    from: string,
    { through, bytes, onChanged }: { through: LogIndex; bytes: number; onChanged: (key: Key) => number },
  ): PieceOfValues {
    const runs: Run[] = [];
    const large: [Key, StoredValue][] = [];
    let taken = 0;
    let next: Key | null = null;
    for (const refs of this.#index.blocksFrom(from)) {
      this.#records.fetch(refs);
      for (let at = 0; at < refs.length && next === null; at += 1) {
        const ref = refs[at] as Ref;
        if (taken >= bytes) next = this.#records.keyAt(ref);
        else if (this.#records.revision(ref) > through) taken += onChanged(this.#records.keyAt(ref));
        else taken += this.#take(ref, runs, large);
      }
      if (next !== null) break;
    }
    return { packed: runs.map((each) => this.#pack(each)), large, next };
  }

  /**
   * R11: of the older versions that `walk` ({@link History.refs}) comes to, about `bytes`, in their order; none: there are no more that were
   * superseded at `through` or before. Those that entries have superseded since stand behind all others.
   */
  pieceOfOlder(
    walk: Iterator<Ref>,
    { through, bytes }: { through: LogIndex; bytes: number },
  ): readonly (PackedValues | Superseded)[] {
    const piece: (PackedValues | Superseded)[] = [];
    let runs: Run[] = [];
    const packRuns = (): void => {
      for (const run of runs) piece.push(this.#pack(run));
      runs = [];
    };
    for (let taken = 0; taken < bytes;) {
      const next = walk.next();
      if (next.done === true || this.#records.supersededAt(next.value) > through) break;
      const words = this.#records.packedWords(next.value);
      if (words !== null) {
        taken += this.#takeInto(runs, next.value, words);
        continue;
      }
      packRuns();
      const large = this.history.at(next.value);
      piece.push(large);
      taken += large.stored.value.length;
    }
    packRuns();
    return piece;
  }

  /** How many bytes that are. */
  #take(ref: Ref, runs: Run[], large: [Key, StoredValue][]): number {
    const words = this.#records.packedWords(ref);
    if (words === null) {
      const stored = this.#records.value(ref);
      large.push([this.#records.keyAt(ref), stored]);
      return stored.value.length;
    }
    return this.#takeInto(runs, ref, words);
  }

  #takeInto(runs: Run[], ref: Ref, words: number): number {
    const contentType = this.#records.contentType(ref);
    let bytes = 4 * words;
    let run = runs.at(-1);
    if (run?.contentType !== contentType) {
      run = { contentType, refs: [], words: 0 };
      runs.push(run);
      // Where each has a type of its own they may be more than the values.
      bytes += 4 * PACKED_FROM + (contentType?.length ?? 0);
    }
    run.refs.push(ref);
    run.words += words;
    return bytes;
  }

  #pack({ contentType, refs, words }: Run): PackedValues {
    const packed = newPacked(words);
    let at = PACKED_FROM;
    for (const ref of refs) at = this.#records.pack(ref, packed, at);
    return { contentType, bytes: new Uint8Array(packed.buffer) };
  }

  /** The keys with values from `from` on, in the order of their bytes. Nothing may change while it goes on. */
  keysFrom(from: string): IterableIterator<Key> {
    return this.#index.from(from);
  }

  /** Live, as {@link values}, in the order of deletion. */
  *tombstones(): IterableIterator<[Key, Tombstone]> {
    for (let ref = this.#tombstones.oldest; ref !== NOWHERE;) {
      const [key, order] = [this.#records.keyAt(ref), this.#records.order(ref)];
      yield [key, this.#records.tombstone(ref)];
      const now = this.#table.find(key);
      const isThere = now !== NOWHERE && this.#records.isTombstone(now) && this.#records.order(now) === order;
      ref = isThere ? this.#records.newer(now) : this.#tombstones.firstBehind(order);
    }
  }

  #findValue(key: Key): Ref {
    const ref = this.#table.find(key);
    return ref !== NOWHERE && this.#records.isTombstone(ref) ? NOWHERE : ref;
  }

  #bytesAt(ref: Ref): number {
    return this.#records.bytes(ref) + VALUE_PLACES_BYTES;
  }

  /** From everywhere but the table. */
  #dropTombstone(ref: Ref, key: Key): void {
    this.#tombstones.remove(ref);
    this.#records.free(ref);
    this.#tombstoneBytes -= tombstoneBytes(key);
  }

  #forgetOldestTombstone(): void {
    const ref = this.#tombstones.oldest;
    const key = this.#records.keyAt(ref);
    this.raiseVersionFloor(this.#records.version(ref));
    this.#table.remove(key);
    this.#dropTombstone(ref, key);
  }
}

/** What the store would grow by, at most. What only makes room asks for nothing: it is the way back from a full store. */
export function bytesAdded(command: WriteCommand): number {
  switch (command.kind) {
    case 'put':
      return (
        SUPERSEDING_BYTES +
        mostRecordBytes(command.key.length, command.value.length) +
        VALUE_PLACES_BYTES +
        typeBytes(command.contentType) +
        (command.lifetime.kind === 'limited' ? EXPIRY_BYTES : 0) +
        (command.idle.kind === 'limited' ? USE_BYTES : 0)
      );
    case 'increment':
      return SUPERSEDING_BYTES + COUNTER_VALUE_BYTES + mostRecordBytes(command.key.length, COUNTER_BYTES_MAX);
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

/** Of a value that does not end; without its type, which it may share. */
export const valueBytes = (key: Key, value: Uint8Array): number =>
  leastRecordBytes(key.length, value.length) + VALUE_PLACES_BYTES;

export const tombstoneBytes = (key: Key): number => tombstoneRecordBytes(key.length) + TOMBSTONE_PLACE_BYTES;
