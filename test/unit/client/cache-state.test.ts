import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CacheState, type Found, type Reading } from '../../../src/client/cache-state.ts';
import { entryOf, type KvEntry } from '../../../src/client/kv-entry.ts';
import { keysOf, OwnWrites, type Written } from '../../../src/client/own-writes.ts';
import type { KvWatchEvent } from '../../../src/client/watch-events.ts';
import { envelope, tokenOf } from './fake-store.ts';

const LIMITS = { entriesMax: 3, bytesMax: 100_000, stalenessMs: 20_000 };

const entry = (key: string, value: string, revision: number): KvEntry =>
  entryOf({ ...envelope, key, value, revision, etag: `"${revision}-d1"` });
const put = (key: string, value: string, revision: number, lineage = 1): KvWatchEvent => ({
  kind: 'put',
  id: tokenOf(revision, lineage),
  entry: entry(key, value, revision),
});
const gone = (key: string, revision: number): KvWatchEvent => {
  const keyBytes = new TextEncoder().encode(key);
  return { kind: 'delete', id: tokenOf(revision), key, keyBytes, revision, version: 2 };
};
const synced = (revision: number, lineage = 1): KvWatchEvent => ({
  kind: 'synced',
  id: tokenOf(revision, lineage),
  revision,
});

/** Follows from revision 10 on. */
function following(limits: Partial<typeof LIMITS> = {}): { readonly cache: CacheState; readonly writes: OwnWrites } {
  const writes = new OwnWrites();
  const cache = new CacheState({ ...LIMITS, ...limits }, writes);
  writes.onBegin((written) => cache.onOwnWrite(written));
  cache.onStreamOpen();
  cache.onEvent(synced(10), 0);
  return { cache, writes };
}

function missOf(found: Found): Reading {
  if (found.kind !== 'miss') throw new Error(`it was a ${found.kind}`);
  return found.reading;
}

function read(cache: CacheState, key: string, answer: { readonly value: string; readonly at: number }): void {
  const reading = missOf(cache.find(key, 0));
  cache.keep(reading, entry(key, answer.value, answer.at), tokenOf(answer.at));
  cache.leave(reading);
}

const shown = (cache: CacheState, key: string, nowMs = 0): string | null | undefined => {
  const found = cache.find(key, nowMs);
  if (found.kind === 'miss') cache.leave(found.reading);
  return found.kind === 'hit' ? (found.entry?.text() ?? null) : undefined;
};

describe('what was read is kept', () => {
  test('and changed by what the watch tells later, not by what the answer knew already', () => {
    const { cache } = following();
    read(cache, 'k', { value: 'twelve', at: 12 });
    cache.onEvent(put('k', 'eleven', 11), 0);
    expect(shown(cache, 'k')).toBe('twelve');
    cache.onEvent(put('k', 'thirteen', 13), 0);
    expect(shown(cache, 'k')).toBe('thirteen');
    cache.onEvent(gone('k', 14), 0);
    expect(shown(cache, 'k')).toBeNull();
    expect([cache.hits, cache.misses, cache.bypasses]).toEqual([3, 1, 0]);
  });

  test.each([
    ['what is older than the watch was', tokenOf(9)],
    ['what is of another history', tokenOf(20, 2)],
    ['what does not say what it has seen', null],
    ['what a newer release says', 'AgAAAAAAAAAAAAAAAAAAAAAA'],
  ])('but not %s', (_what, token) => {
    const { cache } = following();
    cache.keep(missOf(cache.find('k', 0)), entry('k', 'v', 9), token);
    expect(shown(cache, 'k')).toBeUndefined();
  });

  test('but not an answer that the watch has overtaken', () => {
    const { cache } = following();
    const [early, late] = [missOf(cache.find('k', 0)), missOf(cache.find('k', 0))];
    cache.onEvent(put('k', 'new', 12), 0);
    cache.keep(early, entry('k', 'old', 11), tokenOf(11));
    expect(shown(cache, 'k')).toBeUndefined();
    cache.keep(late, entry('k', 'new', 12), tokenOf(12));
    expect(shown(cache, 'k')).toBe('new');
  });

  test('but not in the place of a newer one', () => {
    const { cache } = following();
    const [slow, quick] = [missOf(cache.find('k', 0)), missOf(cache.find('k', 0))];
    cache.keep(quick, entry('k', 'thirteen', 13), tokenOf(13));
    cache.keep(slow, entry('k', 'eleven', 11), tokenOf(11));
    expect(shown(cache, 'k')).toBe('thirteen');
  });

  test('but not beside a write of this client, whenever either began', () => {
    const { cache, writes } = following();
    const before = missOf(cache.find('k', 0));
    const written = keysOf('k');
    writes.begin(written);
    const beside = missOf(cache.find('k', 0));
    writes.end(written);
    for (const reading of [before, beside]) cache.keep(reading, entry('k', 'old', 11), tokenOf(11));
    expect(shown(cache, 'k')).toBeUndefined();
  });

  test('but not across an end of what is known', () => {
    const { cache } = following();
    const reading = missOf(cache.find('k', 0));
    cache.forget();
    cache.onEvent(synced(10), 0);
    cache.keep(reading, entry('k', 'old', 11), tokenOf(11));
    expect(shown(cache, 'k')).toBeUndefined();
  });
});

test('a write of this client ends what is held of its keys, and a deletion what is under its prefix', () => {
  const { cache, writes } = following();
  for (const key of ['a/1', 'a/2', 'b/1']) read(cache, key, { value: key, at: 10 });
  writes.begin(keysOf('a/1'));
  expect([shown(cache, 'a/1'), shown(cache, 'a/2')]).toEqual([undefined, 'a/2']);
  writes.begin({ kind: 'prefix', prefix: 'a/' });
  expect([shown(cache, 'a/2'), shown(cache, 'b/1')]).toEqual([undefined, 'b/1']);
});

test('a new history ends all that is held', () => {
  const { cache } = following();
  read(cache, 'k', { value: 'v', at: 10 });
  cache.onEvent(put('other', 'v', 3, 2), 0);
  expect(shown(cache, 'k')).toBeUndefined();
});

describe('it is asked only while the store is heard', () => {
  test('and not before it is up to date', () => {
    const cache = new CacheState(LIMITS, new OwnWrites());
    cache.onStreamOpen();
    cache.onSign(0);
    cache.onEvent(put('k', 'v', 9), 0);
    expect(cache.find('k', 0).kind).toBe('bypass');
    cache.onEvent(synced(10), 0);
    expect(cache.find('k', 0).kind).toBe('miss');
  });

  test('for 20 s after its last sign, a stream that is behind giving none', () => {
    const { cache } = following();
    read(cache, 'k', { value: 'v', at: 10 });
    cache.onSign(15_000);
    expect([shown(cache, 'k', 35_000), shown(cache, 'k', 35_001)]).toEqual(['v', undefined]);
    cache.onStreamOpen();
    cache.onSign(36_000);
    expect(cache.find('k', 36_000).kind).toBe('bypass');
    cache.onEvent(synced(11), 37_000);
    expect(shown(cache, 'k', 57_000)).toBe('v');
  });
});

describe('what is used longest ago gives way', () => {
  test('by number', () => {
    const { cache } = following();
    for (const key of ['a', 'b', 'c']) read(cache, key, { value: key, at: 10 });
    shown(cache, 'a');
    read(cache, 'd', { value: 'd', at: 10 });
    expect(['a', 'b', 'c', 'd'].map((key) => shown(cache, key))).toEqual(['a', undefined, 'c', 'd']);
  });

  test('by bytes, also where a change makes one larger; and the sum stays right', () => {
    const { cache } = following({ bytesMax: 1000 });
    for (const key of ['a', 'b']) read(cache, key, { value: '1'.repeat(99), at: 10 });
    expect(cache.bytes).toBe(800);
    cache.onEvent(put('b', '1'.repeat(399), 11), 0);
    expect([cache.entries, cache.bytes, shown(cache, 'a')]).toEqual([1, 700, undefined]);
    cache.onEvent(put('b', '1'.repeat(999), 12), 0);
    expect([cache.entries, cache.bytes]).toEqual([0, 0]);
  });
});

test('a key of bytes that are no text is none that can be asked for', () => {
  const { cache } = following();
  read(cache, '\ufffd', { value: 'text', at: 10 });
  const { key: _key, ...rest } = envelope;
  const bytes = entryOf({ ...rest, keyB64: '/w==', value: 'bytes', revision: 11 });
  expect(bytes.key).toBe('\ufffd');
  cache.onEvent({ kind: 'put', id: tokenOf(11), entry: bytes }, 0);
  expect(shown(cache, '\ufffd')).toBe('text');
});

/** A store, its wire and a client, of which a script says what happens next. */
class World {
  readonly writes = new OwnWrites();
  readonly cache = new CacheState(LIMITS, this.writes);
  nowMs = 0;
  /** What was written, by revision: 1 is the first. */
  readonly log: { readonly key: string; readonly value: string }[] = [];
  /** What the stream has told, and what is on its way: a change, a sign or `synced`, with the revision when it was sent. */
  #told = 0;
  #sent = 0;
  #wire: { readonly kind: 'change' | 'sign' | 'synced'; readonly head: number }[] = [];
  /** The state at which the last sign was sent that counted. */
  #signedHead = 0;
  #signMs = -Infinity;
  readonly #writing: { readonly written: Written; readonly key: string; revision: number | null }[] = [];
  readonly #reading: {
    readonly reading: Reading | null;
    readonly key: string;
    readonly session: number;
    state: number | null;
  }[] = [];
  /** Of the client. */
  #session = 0;
  readonly #own = new Map<string, number>();
  /** Of which nobody knows, and which may come about yet. */
  readonly #givenUp: string[] = [];
  #isSynced = false;
  hits = 0;

  constructor() {
    this.writes.onBegin((written) => this.cache.onOwnWrite(written));
    this.reopen();
    this.deliver(1);
  }

  foreignWrite(key: string): void {
    this.log.push({ key, value: String(this.log.length + 1) });
  }

  beginWrite(key: string): void {
    const written = keysOf(key);
    this.writes.begin(written);
    this.#writing.push({ written, key, revision: null });
  }

  commitWrite(): void {
    const write = this.#writing.find(({ revision }) => revision === null);
    const key = write?.key ?? this.#givenUp.shift();
    if (key === undefined) return;
    this.foreignWrite(key);
    if (write !== undefined) write.revision = this.log.length;
  }

  /** Answered, or given up with an outcome that nobody knows: then it promises nothing, and may be committed still. */
  endWrite(isAnswered: boolean): void {
    const [write] = this.#writing;
    if (write === undefined || (isAnswered && write.revision === null)) return;
    this.#writing.shift();
    this.writes.end(write.written);
    if (write.revision === null) this.#givenUp.push(write.key);
    if (!isAnswered || write.revision === null) return;
    this.#session = Math.max(this.#session, write.revision);
    this.#own.set(write.key, Math.max(this.#own.get(write.key) ?? 0, write.revision));
  }

  get(key: string): void {
    const found = this.cache.find(key, this.nowMs);
    if (found.kind === 'hit') this.#judge(key, found.entry);
    else if (this.#reading.length < 5) {
      const reading = found.kind === 'miss' ? found.reading : null;
      this.#reading.push({ reading, key, session: this.#session, state: null });
    } else if (found.kind === 'miss') this.cache.leave(found.reading);
  }

  /** Some replica answers: not below the token that came with the question. */
  answer(at: number, lag: number): void {
    const read = this.#reading[at % Math.max(1, this.#reading.length)];
    if (read !== undefined) read.state ??= Math.max(read.session, this.log.length - lag);
  }

  deliverRead(at: number): void {
    const index = at % Math.max(1, this.#reading.length);
    const read = this.#reading[index];
    if (read === undefined || read.state === null) return;
    this.#reading.splice(index, 1);
    this.#session = Math.max(this.#session, read.state);
    if (read.reading === null) return;
    this.cache.keep(read.reading, this.#entryAt(read.key, read.state), tokenOf(read.state));
    this.cache.leave(read.reading);
  }

  /** All that is new goes on the wire, and a sign behind it. */
  send(): void {
    while (this.#sent < this.log.length) this.#wire.push({ kind: 'change', head: (this.#sent += 1) });
    this.#wire.push({ kind: 'sign', head: this.#sent });
  }

  deliver(count: number): void {
    for (const { kind, head } of this.#wire.splice(0, count)) {
      this.cache.onSign(this.nowMs);
      if (kind === 'change') {
        const { key, value } = this.log[head - 1] ?? { key: '', value: '' };
        this.cache.onEvent(put(key, value, head), this.nowMs);
        this.#told = head;
      } else if (kind === 'synced') {
        this.cache.onEvent(synced(head), this.nowMs);
        this.#isSynced = true;
      }
      if (!this.#isSynced) continue;
      this.#signedHead = Math.max(this.#signedHead, kind === 'change' ? head - 1 : head);
      this.#signMs = this.nowMs;
    }
  }

  /** Behind what was told last; what was on its way is lost. */
  reopen(): void {
    this.cache.onStreamOpen();
    this.#isSynced = false;
    this.#wire = [];
    this.#sent = this.#told;
    while (this.#sent < this.log.length) this.#wire.push({ kind: 'change', head: (this.#sent += 1) });
    this.#wire.push({ kind: 'synced', head: this.#sent });
  }

  /** The watch begins anew: what was told is void, and what happened between is told by nobody. */
  beginAnew(): void {
    this.cache.forget();
    this.#told = this.log.length;
    this.reopen();
  }

  #entryAt(key: string, revision: number): KvEntry | null {
    for (let at = revision; at >= 1; at -= 1) {
      const change = this.log[at - 1];
      if (change?.key === key) return entry(key, change.value, at);
    }
    return null;
  }

  #judge(key: string, found: KvEntry | null): void {
    this.hits += 1;
    expect(this.nowMs - this.#signMs).toBeLessThanOrEqual(LIMITS.stalenessMs);
    const floor = Math.max(this.#own.get(key) ?? 0, this.#signedHead);
    const oldest = this.#entryAt(key, floor)?.revision ?? 0;
    expect(found?.revision ?? 0).toBeGreaterThanOrEqual(oldest);
    if (found !== null) expect(this.log[found.revision - 1]).toEqual({ key, value: found.text() });
  }
}

const keys = fc.constantFrom('a', 'a', 'b', 'b', 'c', 'd');
const small = fc.nat({ max: 4 });
type Step = (world: World) => void;
const steps: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Step>])[] = [
  [30, keys.map((key) => (world) => world.get(key))],
  [
    12,
    fc.tuple(small, small).map(
      ([at, lag]) =>
        (world) =>
          world.answer(at, lag),
    ),
  ],
  [12, small.map((at) => (world) => world.deliverRead(at))],
  [6, keys.map((key) => (world) => world.foreignWrite(key))],
  [5, keys.map((key) => (world) => world.beginWrite(key))],
  [5, fc.constant((world) => world.commitWrite())],
  [5, fc.integer({ min: 0, max: 4 }).map((luck) => (world) => world.endWrite(luck > 0))],
  [10, fc.constant((world) => world.send())],
  [14, small.map((count) => (world) => world.deliver(count))],
  [2, fc.constant((world) => world.reopen())],
  [1, fc.constant((world) => world.beginAnew())],
  [3, fc.nat({ max: 12_000 }).map((ms) => (world) => void (world.nowMs += ms))],
];
const step = fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary })));

test('whatever happens in whatever order: nothing shown is older than the last sign, or than a write of this client', () => {
  let hits = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 200 }), (steps) => {
      const world = new World();
      for (const take of steps) take(world);
      hits += world.hits;
    }),
    { numRuns: 3000, seed: 20_261 },
  );
  // It is judged something.
  expect(hits).toBeGreaterThan(3000);
});
