import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsIn } from '../../../src/client/event-stream.ts';
import { KvClient, type KvClientOptions, type KvWatchEvent } from '../../../src/client/index.ts';
import {
  envelope,
  FakeStore,
  json,
  noLeader,
  problem,
  reply,
  reset,
  silence,
  tokenOf,
  type Reply,
} from './fake-store.ts';

let stores: FakeStore[] = [];

afterEach(async () => {
  await Promise.all(stores.map((store) => store.end()));
  stores = [];
});

async function clientOf(
  replies: readonly Reply[],
  options: Partial<KvClientOptions> = {},
): Promise<{ readonly kv: KvClient; readonly store: FakeStore }> {
  const store = await FakeStore.start(...replies);
  stores.push(store);
  return { kv: new KvClient({ url: store.url, ...options }), store };
}

const block = (name: string, id: string | null, data: unknown): string =>
  `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

const put = (id: string, value: string): string => block('put', id, { ...envelope, value });

const begin = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write(`retry: 1000\n\n${text}`);
};

/** Ends as a proxy does that is stopped. */
const ended =
  (text: string): Reply =>
  (response) => {
    begin(response, text);
    response.end();
  };

/** Breaks off. */
const cut =
  (text: string): Reply =>
  (response) => {
    begin(response, text);
    setTimeout(() => response.destroy(), 50);
  };

const open =
  (text: string): Reply =>
  (response) =>
    begin(response, text);

async function take(events: AsyncIterable<KvWatchEvent>, count: number): Promise<KvWatchEvent[]> {
  const taken: KvWatchEvent[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const lastIds = (store: FakeStore) => store.received.map(({ headers }) => headers['last-event-id']);

test('events are found wherever the seams of chunks are, and comments are none', async () => {
  const bytes = bytesOf(`:\n\n${put('1', 'grün')}:\n\n${block('progress', '2', { revision: 9 })}event: cu`);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const found: string[] = [];
    for await (const { name, id, data } of eventsIn(ReadableStream.from(chunks)))
      found.push(`${name} ${id ?? ''} ${data}`);
    expect(found).toEqual([`put 1 ${JSON.stringify({ ...envelope, value: 'grün' })}`, 'progress 2 {"revision":9}']);
  }
});

test('a watch says what it is of and where it begins, and tells what it is told', async () => {
  const gone = { key: 'k', revision: 8, version: 2 };
  const text = [
    put('1', 'v'),
    block('synced', '2', { revision: 7 }),
    block('delete', '3', gone),
    block('expire', '4', { ...gone, key: undefined, keyB64: '/w==' }),
    block('sealed', '5', {}),
    block('progress', '6', { revision: 9 }),
  ];
  const { kv, store } = await clientOf([open(text.join(''))]);
  const [first, ...others] = await take(kv.watch({ prefix: 'a/&', snapshot: true }), 5);
  expect(first?.kind === 'put' && first.entry.text()).toBe('v');
  expect(others).toEqual([
    { kind: 'synced', id: '2', revision: 7 },
    { kind: 'delete', id: '3', key: 'k', keyBytes: new Uint8Array([107]), revision: 8, version: 2 },
    { kind: 'expire', id: '4', key: '\ufffd', keyBytes: new Uint8Array([255]), revision: 8, version: 2 },
    { kind: 'progress', id: '6', revision: 9 },
  ]);
  await take(kv.watch({ key: 'k', from: '3' }), 1);
  expect(store.received.map(({ target }) => target)).toEqual([
    '/v1/watch?prefix=a%2F%26&snapshot=true',
    '/v1/watch?key=k',
  ]);
  expect(lastIds(store)).toEqual([undefined, '3']);
});

test.each([
  ['an end', [ended]],
  ['a break', [cut]],
  ['an end, a reset and a refusal', [ended, () => reset, () => noLeader]],
])('after %s it goes on behind the last event, and shows no state again', async (_what, losses) => {
  const [first, ...others] = losses.map((loss) => loss(put('1', 'a') + put('2', 'b')));
  const { kv, store } = await clientOf([first ?? silence, ...others, open(put('3', 'c'))]);
  const events = await take(kv.watch({ prefix: '', snapshot: true }), 3);
  expect(events.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(store.last).toMatchObject({ target: '/v1/watch?prefix=', headers: { 'last-event-id': '2' } });
});

test('a loop that is left leaves the stream', async () => {
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const { kv } = await clientOf([
    (response) => {
      begin(response, put('1', 'a'));
      response.once('close', close);
    },
  ]);
  await take(kv.watch({ prefix: '' }), 1);
  await closed;
});

test('a signal ends it, while it waits and while it pauses', async () => {
  const cancel = new AbortController();
  const { kv } = await clientOf([open(put('1', 'a'))]);
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { id } of kv.watch({ prefix: '', signal: cancel.signal })) {
      seen.push(id);
      setTimeout(() => cancel.abort(new Error('enough')), 50);
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
  expect(seen).toEqual(['1']);

  const pausing = await clientOf([problem(503, { code: 'empty', retryable: true }, { 'Retry-After': '20' })]);
  const second = AbortSignal.timeout(200);
  await expect(take(pausing.kv.watch({ prefix: '', signal: second }), 1)).rejects.toMatchObject({ code: 'aborted' });
});

test('one that never began gives up after as many attempts as any call; one that has told something comes again for longer', async () => {
  const never = await clientOf([problem(503, { code: 'empty', retryable: true })], { retries: 2 });
  await expect(take(never.kv.watch({ prefix: '' }), 1)).rejects.toMatchObject({ code: 'empty' });
  expect(never.store.received).toHaveLength(3);

  const away = Array.from({ length: 4 }, () => problem(503, { code: 'empty', retryable: true }));
  const begun = await clientOf([ended(put('1', 'a')), ...away, ended(put('2', 'b'))], { retries: 2 });
  const events = await take(begun.kv.watch({ prefix: '' }), 2);
  expect([events.map(({ id }) => id), lastIds(begun.store)]).toEqual([
    ['1', '2'],
    [undefined, '1', '1', '1', '1', '1'],
  ]);
});

test('what is final ends it: nothing of a history may be left out in silence', async () => {
  const { kv, store } = await clientOf([ended(put('1', 'a')), problem(410, { code: 'compacted' })]);
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { id } of kv.watch({ prefix: '' })) seen.push(id);
  })();
  await expect(watching).rejects.toMatchObject({ code: 'compacted', status: 410 });
  expect([seen, lastIds(store)]).toEqual([['1'], [undefined, '1']]);
});

test('overflow is no event: the last id tells whether something is lost', async () => {
  const { kv, store } = await clientOf([
    ended(put('1', 'a') + block('overflow', null, { oldestRevision: 5 })),
    open(put('2', 'b')),
  ]);
  expect((await take(kv.watch({ prefix: '' }), 2)).map(({ id }) => id)).toEqual(['1', '2']);
  expect(lastIds(store)).toEqual([undefined, '1']);
});

test('without a store for as long as timeoutMs it fails', async () => {
  const { kv } = await clientOf([reset], { timeoutMs: 300 });
  await expect(take(kv.watch({ prefix: '' }), 1)).rejects.toMatchObject({ code: 'unreachable' });
});

test('a stream that tells nothing before it ends is no success: the pauses grow, and the time runs', async () => {
  const { kv, store } = await clientOf([ended('')], { timeoutMs: 1500 });
  await expect(take(kv.watch({ prefix: '' }), 1)).rejects.toMatchObject({ code: 'unreachable', retryable: true });
  expect(store.received.length).toBeLessThan(25);
});

describe('an answer that is none of a watch ends it', () => {
  test.each([
    ['an event that is no JSON', open('event: put\nid: 1\ndata: {\n\n')],
    ['an event without what belongs to it', open(block('put', '1', null))],
    ['another kind of answer', json({ message: 'Hello!' })],
    ['a page', reply(200, { 'Content-Type': 'text/html' }, '<html>')],
  ])('%s', async (_what, other) => {
    const { kv, store } = await clientOf([other]);
    await expect(take(kv.watch({ prefix: '' }), 1)).rejects.toMatchObject({ code: 'bad-answer' });
    expect(store.received).toHaveLength(1);
  });

  test('an event that never ends', async () => {
    const chunks = ReadableStream.from([new Uint8Array(60).fill(97), new Uint8Array(60).fill(97)]);
    await expect(eventsIn(chunks, 100).next()).rejects.toMatchObject({ code: 'bad-answer' });
  });
});

test('a replaced history ends it, and takes nothing of the session, which may be of the new one', async () => {
  const { kv, store } = await clientOf([problem(410, { code: 'replaced-lineage' })], { session: tokenOf(5, 2) });
  const watching = take(kv.watch({ prefix: '', from: tokenOf(9) }), 1);
  await expect(watching).rejects.toMatchObject({ code: 'replaced-lineage', retryable: false });
  expect([kv.session, store.last.headers['x-kv-session']]).toEqual([tokenOf(5, 2), undefined]);
});

test('a store that is silent for 45 s is left for the next address, however short timeoutMs is', async () => {
  jest.useFakeTimers();
  try {
    const asked: string[] = [];
    const silent = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(bytesOf(':\n\n')) });
    const fetch: KvClientOptions['fetch'] = (url, init) => {
      asked.push(new URL(url instanceof Request ? url.url : url).host);
      const body =
        asked.length === 1 ? endedBy(silent, init?.signal) : ReadableStream.from([put('1', 'a')].map(bytesOf));
      return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
    };
    const kv = new KvClient({ url: ['http://first', 'http://second'], fetch, timeoutMs: 5000 });
    const taken = take(kv.watch({ prefix: '' }), 1);
    await jest.advanceTimersByTimeAsync(44_000);
    expect(asked).toEqual(['first']);
    await jest.advanceTimersByTimeAsync(2000);
    expect((await taken).map(({ id }) => id)).toEqual(['1']);
    expect(asked).toEqual(['first', 'second']);
  } finally {
    jest.useRealTimers();
  }
});

test('a loop that is slow reads nothing ahead: the store is held up, and no memory fills', async () => {
  let writtenBytes = 0;
  const event = put('1', 'x'.repeat(1024 * 1024));
  const { kv } = await clientOf([
    (response) => {
      begin(response, '');
      const fill = (): void => {
        while (writtenBytes < 256 * 2 ** 20) {
          writtenBytes += event.length;
          if (!response.write(event)) break;
        }
      };
      response.on('drain', fill);
      fill();
    },
  ]);
  for await (const _event of kv.watch({ prefix: '' })) {
    await sleep(500);
    break;
  }
  // What sockets of this machine hold.
  expect(writtenBytes).toBeLessThan(32 * 2 ** 20);
});

test('once its signal is given it tells nothing more, not even what has come', async () => {
  const cancel = new AbortController();
  const { kv } = await clientOf([open(put('1', 'a') + put('2', 'b'))]);
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { id } of kv.watch({ prefix: '', signal: cancel.signal })) {
      seen.push(id);
      cancel.abort();
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: 'aborted' });
  expect(seen).toEqual(['1']);
});

/** As fetch ends a body whose signal is given. */
function endedBy(body: ReadableStream<Uint8Array>, signal: AbortSignal | null | undefined): ReadableStream<Uint8Array> {
  const through = new TransformStream<Uint8Array, Uint8Array>();
  body.pipeTo(through.writable, signal instanceof AbortSignal ? { signal } : {}).catch(() => undefined);
  return through.readable;
}
