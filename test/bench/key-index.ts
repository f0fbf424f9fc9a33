/**
 * What the ordered index of keys costs: memory for each key, adding and removing, and pages of lists, over a store of a
 * million keys (or as many as the first argument says). Times for each key are
 * the thread's processor time.
 */
import type { Key } from '../../src/core/base/key.ts';
import { logIndex, version, wallMs } from '../../src/core/base/numbers.ts';
import { KeyIndex } from '../../src/core/store/key-index.ts';
import { list } from '../../src/core/store/listing.ts';
import { Records, type Ref } from '../../src/core/store/records.ts';
import type { ListPlace } from '../../src/core/store/reads.ts';
import { Store } from '../../src/core/store/store.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const PAGES = 1000;
const REPEATED = 5;
const { gc } = globalThis;
if (gc === undefined) throw new Error('start it as NODE_OPTIONS=--expose-gc npm run bench -- key-index');

/** Scattered, as keys come; each once, for the factor and the count have no common divisor. */
const keys = Array.from(
  { length: count },
  (_, at) => `app/${String((at * 7_368_787) % count).padStart(9, '0')}` as Key,
);

function memoryBytes(): number {
  gc?.();
  gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function percentiles(sortedMs: readonly number[]): string {
  const at = (share: number): string =>
    ((sortedMs[Math.min(sortedMs.length - 1, Math.floor(sortedMs.length * share))] ?? 0) * 1000).toFixed(0);
  return `p50 ${at(0.5)} µs, p99 ${at(0.99)} µs, longest ${at(1)} µs`;
}

/** Of this thread; in steps of some milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Each page by itself, and of it the least of some times: what others do on the machine falls out. */
function timed(times: number, call: (at: number) => void): string {
  const tookMs: number[] = [];
  for (let at = 0; at < times; at += 1) {
    let leastMs = Infinity;
    for (let again = 0; again < REPEATED; again += 1) {
      const begun = performance.now();
      call(at);
      leastMs = Math.min(leastMs, performance.now() - begun);
    }
    tookMs.push(leastMs);
  }
  return percentiles(tookMs.sort((a, b) => a - b));
}

function perKey(what: string, work: () => void): void {
  const begun = cpuMs();
  work();
  console.log(`${what}: ${(((cpuMs() - begun) * 1000) / count).toFixed(2)} µs a key`);
}

for (const [order, inOrder] of [
  ['scattered', keys],
  ['in order', [...keys].sort()],
] as const) {
  const records = new Records();
  const refs = new Map<Key, Ref>();
  for (const key of inOrder) refs.set(key, records.addTombstone(key, { version: version(1), revision: logIndex(1) }));
  const index = new KeyIndex(records);
  const add = (key: Key): void => {
    index.add(key, refs.get(key) as Ref);
  };
  const before = memoryBytes();
  perKey(`${order}, add`, () => {
    for (const key of inOrder) add(key);
  });
  console.log(`${order}, memory: ${((memoryBytes() - before) / count).toFixed(1)} bytes a key`);
  perKey(`${order}, remove half and add it again`, () => {
    for (let at = 0; at < count; at += 2) index.remove(inOrder[at] as Key);
    for (let at = 0; at < count; at += 2) add(inOrder[at] as Key);
  });
  console.log(`${order}, memory then: ${((memoryBytes() - before) / count).toFixed(1)} bytes a key`);
}

const store = new Store(10);
const value = new Uint8Array(32);
for (const [at, key] of keys.entries()) {
  const stored = {
    value,
    contentType: null,
    revision: (at + 1) as never,
    version: version(1),
    createRevision: 1 as never,
  };
  store.restoreValue(key, { ...stored, modifiedMs: wallMs(0), expiresAtMs: null, idleMs: null });
}
for (const limit of [100, 1000]) {
  for (const withValues of [false, true]) {
    const page = (at: number): void => {
      const after: ListPlace = { key: keys[at % count] as Key, isFolder: false };
      list(store, { prefix: 'app/', delimiter: null, after, limit, withValues }, wallMs(0));
    };
    console.log(`a page of ${limit} keys${withValues ? ' with values' : ''}: ${timed(PAGES, page)}`);
  }
}
const folders = (): void => {
  list(store, { prefix: 'app/', delimiter: '0', after: null, limit: 1000, withValues: false }, wallMs(0));
};
console.log(`a page that folds all keys: ${timed(PAGES, folders)}`);
