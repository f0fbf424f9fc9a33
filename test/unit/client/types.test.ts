import { test } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import {
  type KvStay,
  isKvError,
  type KeyWatchOptions,
  type BatchOperation,
  type KvCache,
  type KvCacheStats,
  type KvClient,
  type KvCounted,
  type KvEntry,
  type KvError,
  type KvFence,
  type KvKeyInfo,
  type KvLock,
  type KvLockHolder,
  type KvPage,
  type KvTouched,
  type KvVersion,
  type KvWatchEvent,
  type KvWritten,
  type TxnOperation,
  type WatchOptions,
} from '../../../src/client/index.ts';

/** Held by the compiler (`npm run typecheck`); none of it runs. */
declare const kv: KvClient;
type Result<Call extends (...words: never[]) => Promise<unknown>> = Awaited<ReturnType<Call>>;

test('what may be absent has to be looked at', () => {
  expectTypeOf<KvClient['get']>().returns.resolves.toEqualTypeOf<KvEntry | null>();
  expectTypeOf<KvClient['delete']>().returns.resolves.toEqualTypeOf<boolean>();
  expectTypeOf<KvEntry['json']>().returns.toBeUnknown();
});

test('a version that is kept has its value only where it came along', () => {
  expectTypeOf<KvClient['history']>().returns.resolves.toEqualTypeOf<readonly KvVersion[]>();
  expectTypeOf<KvVersion['entry']>().toEqualTypeOf<KvEntry | null>();
  expectTypeOf<KvVersion>().toExtend<KvKeyInfo>();
});

test('each operation of a batch gives its own result, or an error', () => {
  const _batch = () =>
    kv.batch([
      { get: { key: 'a' } },
      { put: { key: 'b', value: '1' } },
      { incr: { key: 'n' } },
      { delete: { key: 'd' } },
    ]);
  type Results = Result<typeof _batch>;
  expectTypeOf<Results['length']>().toEqualTypeOf<4>();
  expectTypeOf<Extract<Results[0], { error?: undefined }>['get']>().toEqualTypeOf<KvEntry | null>();
  expectTypeOf<Extract<Results[1], { error?: undefined }>['put']>().toEqualTypeOf<KvWritten>();
  expectTypeOf<Extract<Results[2], { error?: undefined }>['incr']>().toEqualTypeOf<KvCounted>();
  expectTypeOf<Extract<Results[3], { error?: undefined }>['delete']>().toEqualTypeOf<{ readonly deleted: boolean }>();
  expectTypeOf<Results[0]['get']>().toEqualTypeOf<KvEntry | null | undefined>();
  const narrowed = (result: Results[1]) => (result.error === undefined ? result.put.etag : result.error.code);
  expectTypeOf(narrowed).returns.toBeString();
});

test('a batch made elsewhere gives a union', () => {
  const _batch = (operations: readonly { readonly touch: { readonly key: string; readonly ttl: null } }[]) =>
    kv.batch(operations);
  type Item = Result<typeof _batch>[number];
  expectTypeOf<Extract<Item, { error?: undefined }>['touch']>().toEqualTypeOf<KvTouched | null>();
});

test('a transaction’s results are those of the list that was carried out', () => {
  const _txn = () =>
    kv.txn({
      if: [{ key: 'a', exists: true }],
      then: [{ put: { key: 'a', value: '1' } }],
      else: [{ get: { key: 'a' } }],
    });
  type Outcome = Result<typeof _txn>;
  type Then = Extract<Outcome, { succeeded: true }>['results'];
  type Else = Extract<Outcome, { succeeded: false }>['results'];
  expectTypeOf<Then>().toEqualTypeOf<readonly [{ readonly put: KvWritten }]>();
  expectTypeOf<Else>().toEqualTypeOf<readonly [{ readonly get: KvEntry | null }]>();
  const _bare = () => kv.txn({ then: [{ incr: { key: 'n' } }] });
  expectTypeOf<Extract<Result<typeof _bare>, { succeeded: false }>['results']>().toEqualTypeOf<readonly []>();
});

test('lists give values only where they were asked for', () => {
  const items = { bare: () => kv.list(), full: () => kv.list({ values: true }) };
  expectTypeOf(items.bare).returns.toEqualTypeOf<AsyncIterable<KvKeyInfo>>();
  expectTypeOf(items.full).returns.toEqualTypeOf<AsyncIterable<KvEntry>>();
  const pages = () => kv.pages({ values: true, delimiter: '/' });
  expectTypeOf(pages).returns.toEqualTypeOf<AsyncIterable<KvPage<KvEntry>>>();
});

test('an event of a watch is known by its kind', () => {
  expectTypeOf<Extract<KvWatchEvent, { kind: 'put' }>['entry']>().toEqualTypeOf<KvEntry>();
  expectTypeOf<Extract<KvWatchEvent, { kind: 'delete' | 'expire' | 'evict' }>['key']>().toBeString();
  expectTypeOf<KvWatchEvent['id']>().toBeString();
  expectTypeOf<KvClient['watch']>().parameter(0).toEqualTypeOf<WatchOptions | KeyWatchOptions>();
});

test('a lock is a fence, and what is done under it gives its result', () => {
  expectTypeOf<KvLock>().toExtend<KvFence>();
  expectTypeOf<KvLock>().toExtend<AsyncDisposable>();
  expectTypeOf<KvLock['signal']>().toEqualTypeOf<AbortSignal>();
  const worked = () => kv.withLock('n', { ttl: '30s' }, ({ fencingToken }) => Number(fencingToken));
  expectTypeOf(worked).returns.resolves.toBeNumber();
  expectTypeOf<KvClient['lockHolder']>().returns.resolves.toEqualTypeOf<KvLockHolder | null>();
});

test('a cache gives what the store gives', () => {
  expectTypeOf<KvClient['cached']>().returns.toEqualTypeOf<KvCache>();
  expectTypeOf<KvCache['get']>().returns.resolves.toEqualTypeOf<KvEntry | null>();
  expectTypeOf<KvCache>().toExtend<Disposable>();
  expectTypeOf<KvCacheStats['hits']>().toBeNumber();
});

test('what the store would refuse does not compile', () => {
  expectTypeOf<KvClient['touch']>()
    .parameter(1)
    .toEqualTypeOf<`${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d` | null | KvStay>();
  const refused = () => [
    // @ts-expect-error -- a time to live has a unit
    kv.touch('k', 60),
    // @ts-expect-error -- a version and a revision are two questions
    kv.get('k', { version: 3, revision: 812 }),
    // @ts-expect-error -- one condition guards a write
    kv.put('k', 'v', { ifMatch: '"1"', ifNoneMatch: '*' }),
    // @ts-expect-error -- only what has a value already can keep its time
    kv.create('k', 'v', { ttl: 'keep' }),
    // @ts-expect-error -- a number is no value: text, bytes, or { json: 1 }
    kv.put('k', 1),
    // @ts-expect-error -- a lock is held for a time
    kv.lock('n', { wait: '10s' }),
    // @ts-expect-error -- a fence names the lock, too
    kv.put('k', 'v', { fence: '100000000000912' }),
    // @ts-expect-error -- values have no order
    kv.txn({ if: [{ key: 'k', value: 'v', op: '<' }], then: [] }),
  ];
  expectTypeOf(refused).toBeFunction();
  expectTypeOf<{ put: { key: string; value: string; ifMatch: string } }>().toExtend<BatchOperation>();
  expectTypeOf<{ get: { key: string } }>().toExtend<BatchOperation>();
  expectTypeOf<{ get: { key: string } }>().toExtend<TxnOperation>();
});

test('an error is narrowed by its guard, and knows its codes', () => {
  const codeOf = (error: unknown) => (isKvError(error, 'exists') ? error.current?.etag : undefined);
  expectTypeOf(codeOf).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf<'no-leader'>().toExtend<KvError['code']>();
  expectTypeOf<KvError['outcome']>().toEqualTypeOf<'none' | 'unknown'>();
});
