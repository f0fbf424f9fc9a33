import { afterEach, describe, expect, test } from '@jest/globals';
import { DrawnKeys } from '../../../src/client/drawn-keys.ts';
import { isKvError, KvClient, type KvClientOptions } from '../../../src/client/index.ts';
import {
  envelope,
  FakeStore,
  half,
  json,
  noKey,
  noLeader,
  problem,
  reply,
  reset,
  silence,
  tokenOf,
  written,
  type Reply,
} from './fake-store.ts';

let stores: FakeStore[] = [];

afterEach(async () => {
  await Promise.all(stores.map((store) => store.end()));
  stores = [];
});

async function storeWith(...replies: Reply[]): Promise<FakeStore> {
  const store = await FakeStore.start(...replies);
  stores.push(store);
  return store;
}

async function clientOf(
  replies: readonly Reply[],
  options: Partial<KvClientOptions> = {},
): Promise<{ readonly kv: KvClient; readonly store: FakeStore }> {
  const store = await storeWith(...replies);
  return { kv: new KvClient({ url: store.url, ...options }), store };
}

const keysOf = (store: FakeStore) => new Set(store.received.map(({ headers }) => headers['idempotency-key']));

describe('a write is repeated under the same Idempotency-Key', () => {
  test.each([
    ['after a reset', reset],
    ['after half an answer', half],
    ['after 503 no-leader', noLeader],
    ['after 503 deposed', problem(503, { code: 'deposed', retryable: true, outcome: 'unknown' })],
    ['after 502 of a gateway', reply(502, {}, '<html>')],
    ['after 504 of a gateway', reply(504)],
    ['after 429', problem(429, { code: 'too-many-requests', retryable: true })],
  ])('%s', async (_when, first) => {
    const { kv, store } = await clientOf([first, written]);
    expect(await kv.put('k', 'v')).toMatchObject({ revision: 7 });
    expect(store.received.map(({ body }) => body)).toEqual(['v', 'v']);
    expect(keysOf(store).size).toBe(1);
    expect(store.last.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('with the bytes that it had at first, whatever became of the array', async () => {
    const value = new Uint8Array([97]);
    const { kv, store } = await clientOf([
      (response, request) => {
        value[0] = 98;
        reset(response, request);
      },
      written,
    ]);
    await kv.put('k', value);
    expect(store.received.map(({ body }) => body)).toEqual(['a', 'a']);
  });
});

describe('a write without an Idempotency-Key', () => {
  test('is not repeated where it may have been applied, and says so', async () => {
    const { kv, store } = await clientOf([reset, written]);
    const write = kv.put('k', 'v', { idempotencyKey: false });
    await expect(write).rejects.toMatchObject({ code: 'unreachable', outcome: 'unknown', attempts: 1 });
    expect(store.received).toHaveLength(1);
  });

  test('is repeated where nothing was written', async () => {
    const { kv, store } = await clientOf([noLeader, written]);
    await kv.put('k', 'v', { idempotencyKey: false });
    expect(store.received).toHaveLength(2);
  });
});

describe('where the store has no room for the outcome of a write', () => {
  const full = problem(503, { code: 'idempotency-full', retryable: true }, { 'Retry-After': '20' });

  test('it is sent at once without the key that was drawn, and so are those that follow', async () => {
    const { kv, store } = await clientOf([full, written]);
    await kv.put('k', 'v');
    await kv.incr('n').catch(() => undefined);
    const keys = store.received.map(({ headers }) => headers['idempotency-key'] ?? null);
    expect(keys).toEqual([expect.any(String), null, null]);
  });

  test('and is not repeated then where it may have been applied', async () => {
    const { kv, store } = await clientOf([full, reset, written]);
    await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'unreachable', outcome: 'unknown', attempts: 2 });
    expect(store.received).toHaveLength(2);
  });

  test('a key that was chosen stays', async () => {
    const { kv, store } = await clientOf([full]);
    const write = kv.put('k', 'v', { idempotencyKey: 'order-1', timeoutMs: 1000 });
    await expect(write).rejects.toMatchObject({ code: 'idempotency-full', outcome: 'none' });
    expect(store.received).toHaveLength(1);
  });

  test('the key of a write that may have been applied already stays', async () => {
    const soon = problem(503, { code: 'idempotency-full', retryable: true }, { 'Retry-After': '0' });
    const { kv, store } = await clientOf([reset, soon, written]);
    await kv.put('k', 'v');
    expect(keysOf(store).size).toBe(1);
    expect(store.received).toHaveLength(3);
  });

  test('a minute later there are keys again', () => {
    const keys = new DrawnKeys();
    const drawn = { kind: 'write', idempotencyKey: 'a', isDrawn: true } as const;
    keys.next(drawn, { failure: { code: 'idempotency-full' }, isUnknown: false, nowMs: 1000 });
    expect(keys.first(drawn, 60_999)).toEqual({ ...drawn, idempotencyKey: null });
    expect(keys.first(drawn, 61_000)).toEqual(drawn);
  });
});

test('reads are repeated, and cannot have changed anything', async () => {
  const { kv } = await clientOf([half, reset, noLeader, json(envelope)]);
  expect((await kv.get('k'))?.text()).toBe('v');
  const { kv: unlucky } = await clientOf([reset], { retries: 1 });
  await expect(unlucky.get('k')).rejects.toMatchObject({ code: 'unreachable', outcome: 'none', attempts: 2 });
});

test('a refusal that is final is not repeated', async () => {
  const { kv, store } = await clientOf([problem(507, { code: 'memory-full', retryable: false })]);
  await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'memory-full', outcome: 'none', attempts: 1 });
  expect(store.received).toHaveLength(1);
});

test('an outcome stays unknown when a repetition is refused, and is settled when the key itself answers', async () => {
  const refused = await clientOf([reset, problem(507, { code: 'memory-full' })]);
  await expect(refused.kv.put('k', 'v')).rejects.toMatchObject({ code: 'memory-full', outcome: 'unknown' });
  const decided = await clientOf([reset, problem(409, { code: 'exists' })]);
  await expect(decided.kv.create('k', 'v')).rejects.toMatchObject({ code: 'exists', outcome: 'none' });
});

test('an internal error leaves open whether a write was applied', async () => {
  const { kv } = await clientOf([problem(500, { code: 'internal' })]);
  await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'internal', outcome: 'unknown' });
});

describe('repetitions are bounded', () => {
  test('in number', async () => {
    const { kv, store } = await clientOf([noLeader], { retries: 2 });
    await expect(kv.get('k')).rejects.toMatchObject({ code: 'no-leader', status: 503, retryable: true, attempts: 3 });
    expect(store.received).toHaveLength(3);
  });

  test('in time: what the server asks to wait for beyond it is not waited for', async () => {
    const { kv, store } = await clientOf([
      problem(503, { code: 'no-leader', retryable: true }, { 'Retry-After': '60' }),
    ]);
    await expect(kv.get('k')).rejects.toMatchObject({ code: 'no-leader', retryAfterMs: 60_000, attempts: 1 });
    expect(store.received).toHaveLength(1);
  });

  test('by a time that a single attempt may use up', async () => {
    const { kv } = await clientOf([silence], { timeoutMs: 200 });
    await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'timeout', outcome: 'unknown', attempts: 1 });
  });
});

test('Retry-After is waited for', async () => {
  const { kv, store } = await clientOf([
    problem(503, { code: 'stopping', retryable: true }, { 'Retry-After': '1' }),
    noKey,
  ]);
  await kv.get('k');
  const [first, second] = store.received;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
});

describe('of several addresses', () => {
  test('the next is asked where one is reset, and stays the one that is asked', async () => {
    const [first, second] = [await storeWith(reset), await storeWith(written)];
    const kv = new KvClient({ url: [first.url, second.url] });
    await kv.put('k', '1');
    await kv.put('k', '2');
    expect(first.received.map(({ body }) => body)).toEqual(['1']);
    expect(second.received.map(({ body }) => body)).toEqual(['1', '2']);
  });

  test('the next is asked where one is silent', async () => {
    const silent = await storeWith(silence);
    const good = await storeWith(written);
    const kv = new KvClient({ url: [silent.url, good.url], attemptTimeoutMs: 1500 });
    await kv.put('k', '1');
    expect(keysOf(good)).toEqual(keysOf(silent));
  });

  test('the next is asked where one has nobody behind it, and the first again after the last', async () => {
    const [first, second] = [await storeWith(noLeader, noKey), await storeWith(noLeader)];
    const kv = new KvClient({ url: [first.url, second.url] });
    await kv.get('k');
    expect([first.received.length, second.received.length]).toEqual([2, 1]);
  });

  test('calls that fail at one together turn away from it once', async () => {
    const [first, second, third] = [await storeWith(noLeader), await storeWith(noKey), await storeWith(noKey)];
    const kv = new KvClient({ url: [first.url, second.url, third.url] });
    await Promise.all([kv.get('a'), kv.get('b'), kv.get('c')]);
    expect(third.received).toEqual([]);
    expect(second.received).toHaveLength(3);
  });
});

test('where no connection comes about, nothing was written', async () => {
  const gone = await storeWith();
  const url = gone.url;
  await gone.end();
  const kv = new KvClient({ url, retries: 0 });
  await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'unreachable', outcome: 'none', retryable: true });
  await expect(kv.put('k', 'v')).rejects.toThrow(/ECONNREFUSED/);
});

describe('a signal', () => {
  test('cancels a call under way, whose write may have been applied', async () => {
    const cancel = new AbortController();
    const { kv } = await clientOf([() => cancel.abort(new Error('enough'))]);
    const write = kv.put('k', 'v', { signal: cancel.signal });
    await expect(write).rejects.toMatchObject({ code: 'aborted', outcome: 'unknown', cause: { message: 'enough' } });
  });

  test('cancels a pause', async () => {
    const cancel = new AbortController();
    const { kv, store } = await clientOf([
      (response, request) => {
        problem(503, { code: 'no-leader', retryable: true }, { 'Retry-After': '20' })(response, request);
        setTimeout(() => cancel.abort(), 50);
      },
    ]);
    const write = kv.put('k', 'v', { signal: cancel.signal });
    await expect(write).rejects.toMatchObject({ code: 'aborted', outcome: 'none', attempts: 1 });
    expect(store.received).toHaveLength(1);
  });

  test('of the client cancels every call, those to come included', async () => {
    const cancel = new AbortController();
    const { kv, store } = await clientOf([silence], { signal: cancel.signal });
    const [first, second] = [kv.get('a'), kv.get('b')];
    setTimeout(() => cancel.abort(), 50);
    await expect(first).rejects.toMatchObject({ code: 'aborted' });
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    const before = store.received.length;
    await expect(kv.get('c')).rejects.toMatchObject({ code: 'aborted', attempts: 0 });
    expect(store.received).toHaveLength(before);
  });

  test('keeps nothing of the calls that are done', async () => {
    const counted = new AbortController();
    const listeners = { added: 0, removed: 0 };
    const { signal } = counted;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...words: Parameters<typeof add>) => ((listeners.added += 1), add(...words));
    signal.removeEventListener = (...words: Parameters<typeof remove>) => ((listeners.removed += 1), remove(...words));
    const { kv } = await clientOf([reset, noKey], { signal });
    await kv.get('k');
    expect(listeners.added).toBeGreaterThan(0);
    expect(listeners.removed).toBe(listeners.added);
  });

  test('keeps nothing of a call that could not even be sent: its timer would hold the process', async () => {
    const { kv, store } = await clientOf([noKey]);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await expect(kv.put('k', 'v', { idempotencyKey: 'a\nb' })).rejects.toThrow('invalid header');
    expect([timers(), store.received]).toEqual([before, []]);
  });
});

test('connections are kept and used again', async () => {
  const { kv, store } = await clientOf([noKey]);
  for (let calls = 0; calls < 20; calls += 1) await kv.get('k');
  // fetch opens a second one where the first has not quite done with its last answer.
  expect(store.connections).toBeLessThanOrEqual(2);
});

test('a session of a replaced history fails once, and is not sent again', async () => {
  const { kv, store } = await clientOf([problem(410, { code: 'replaced-lineage' }), noKey], { session: tokenOf(5) });
  await expect(kv.get('k')).rejects.toMatchObject({ code: 'replaced-lineage', retryable: false });
  expect(await kv.get('k')).toBeNull();
  expect(store.last.headers['x-kv-session']).toBeUndefined();
});

describe('an answer that is none of kvstore', () => {
  test.each([
    ['a page', reply(200, { 'Content-Type': 'text/html' }, '<html>')],
    ['other JSON', json({ message: 'Hello!' })],
    ['a missing route', reply(404, {}, 'not here')],
    ['a redirection', reply(308, { Location: 'https://elsewhere/' })],
  ])('is said to be so: %s', async (_what, other) => {
    const { kv, store } = await clientOf([other], { token: 's3cret' });
    await expect(kv.get('k')).rejects.toMatchObject({ code: 'bad-answer', retryable: false });
    expect(store.received).toHaveLength(1);
  });

  test('to a write leaves its outcome open', async () => {
    const { kv } = await clientOf([reply(200, {}, 'ok')]);
    await expect(kv.put('k', 'v')).rejects.toMatchObject({ code: 'bad-answer', outcome: 'unknown' });
  });
});

test('isKvError matches by code', async () => {
  const { kv } = await clientOf([problem(413, { code: 'too-large' })]);
  const error: unknown = await kv.put('k', 'v').catch((thrown: unknown) => thrown);
  expect([isKvError(error), isKvError(error, 'too-large'), isKvError(error, 'exists')]).toEqual([true, true, false]);
  expect(isKvError(new Error('x'))).toBe(false);
});
