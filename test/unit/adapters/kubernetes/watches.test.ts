import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseWith } from '../../../../src/adapters/kubernetes/lease-record.ts';
import { wallMs } from '../../../../src/core/base/numbers.ts';
import type { Endpoint, GroupApi } from '../../../../src/ports/kubernetes.ts';
import { content, groupApi, KeptLog, until } from './fixtures.ts';
import { inOrder, json, listThenWatch, OpenWatches, reset, ScriptedApi, silence, status } from './scripted-api.ts';

const WATCH_SILENCE_MS = 400;

const lease = (nonce: string) =>
  leaseWith(
    { kind: 'Lease', metadata: { name: 'kvstore', uid: 'u1', resourceVersion: `of ${nonce}` }, spec: {} },
    content(nonce),
    { nowMs: wallMs(0), leaseDurationMs: 1000 },
  );
const list = (...items: readonly object[]) => json(200, { metadata: { resourceVersion: '7' }, items });

let server: ScriptedApi;
let watches: OpenWatches;
let api: GroupApi;
let log: KeptLog;
let stop: AbortController;
/** The nonce of every record that was reported; null for a deleted one. */
let seen: (string | null)[];

beforeEach(async () => {
  server = new ScriptedApi();
  await server.listen();
  watches = new OpenWatches();
  log = new KeptLog();
  seen = [];
  stop = new AbortController();
  api = await groupApi({
    connection: { kind: 'url', url: server.url },
    callTimeoutMs: 300,
    watchSilenceMs: WATCH_SILENCE_MS,
    log,
  });
});

afterEach(async () => {
  stop.abort();
  await api.close();
  await server.close();
});

const watchRecord = (): void =>
  api.watchRecord((record) => seen.push(record === null ? null : record.content.nonce), stop.signal);
const lists = () => server.requests.filter(({ query }) => query.get('watch') === null);

describe('the record', () => {
  test('is reported as it stands, then at every change, within milliseconds', async () => {
    server.answer = listThenWatch(list(lease('1')), watches.answer);
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
    expect(seen).toEqual(['1']);
    const latencies: number[] = [];
    for (let change = 2; change < 30; change += 1) {
      const sentAt = performance.now();
      watches.send('MODIFIED', lease(String(change)));
      await until('the change is reported', () => seen.at(-1) === String(change));
      latencies.push(performance.now() - sentAt);
    }
    // The poll of `until` included.
    expect(latencies.sort((a, b) => a - b)[latencies.length >> 1]).toBeLessThan(10);
    expect(lists()).toHaveLength(1);
    const [listed, watched] = server.requests;
    expect(listed?.query.get('fieldSelector')).toBe('metadata.name=kvstore');
    expect(Object.fromEntries(watched?.query ?? [])).toMatchObject({
      fieldSelector: 'metadata.name=kvstore',
      resourceVersion: '7',
      allowWatchBookmarks: 'true',
      timeoutSeconds: expect.stringMatching(/^(?:[345]\d\d|600)$/),
    });
  });

  test('is null where there is no Lease, and when it is deleted', async () => {
    server.answer = listThenWatch(list(), watches.answer);
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
    watches.send('ADDED', lease('1'));
    watches.send('DELETED', lease('1'));
    await until('all is reported', () => seen.length === 3);
    expect(seen).toEqual([null, '1', null]);
  });

  test('that is damaged is not reported', async () => {
    const damaged = { ...lease('2'), spec: { holderIdentity: '?' } };
    server.answer = listThenWatch(list(lease('1')), watches.answer);
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
    watches.send('MODIFIED', damaged);
    watches.send('MODIFIED', lease('3'));
    await until('the next is reported', () => seen.length === 2);
    expect(seen).toEqual(['1', '3']);
  });

  test('is read from pieces, wherever the network cuts them', async () => {
    server.answer = listThenWatch(list(), watches.answer);
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
    const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: lease('höchst 🗝') })}\n\n`);
    for (let at = 0; at < bytes.length; at += 50) {
      watches.write(bytes.subarray(at, at + 50));
      await sleep(1);
    }
    await until('it is reported', () => seen.length === 2);
    expect(seen).toEqual([null, 'höchst 🗝']);
  });
});

describe('a watch survives', () => {
  const faults: readonly [string, () => void | Promise<void>][] = [
    ['a reset', () => server.resetConnections()],
    ['an end in good order', () => watches.end()],
    ['410 Gone', () => watches.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })],
    ['an internal error', () => watches.send('ERROR', { kind: 'Status', code: 500, message: 'etcd' })],
    ['an event that is no JSON', () => watches.write('<html>\n')],
    ['an event of no known type', () => watches.send('NEWS', {})],
    ['silence', () => sleep(WATCH_SILENCE_MS)],
    [
      'a restart of the API server',
      async () => {
        await server.close();
        await sleep(300);
        await server.listen();
      },
    ],
  ];

  test.each(faults)('%s: it lists anew and goes on', async (_name, strike) => {
    server.answer = listThenWatch(inOrder(list(lease('1')), list(lease('2'))), watches.answer);
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
    await strike();
    await until('the new state is reported', () => seen.includes('2'));
    await until('the watch is open again', () => watches.count === 1);
    watches.send('MODIFIED', lease('3'));
    await until('changes are reported again', () => seen.includes('3'));
  });

  test.each([
    ['410', status(410, 'Expired')],
    ['429', status(429)],
    ['500', status(500)],
    ['a reset', reset],
    ['no answer', silence],
  ])('%s instead of a watch', async (_name, answer) => {
    server.answer = listThenWatch(list(lease('1')), inOrder(answer, answer, watches.answer));
    watchRecord();
    await until('the watch is open', () => watches.count === 1);
  });

  test.each([
    ['429', status(429)],
    ['500', status(500)],
    ['a reset', reset],
    ['no answer', silence],
    ['an answer that is no list', json(200, { items: 'x' })],
  ])('%s instead of a list', async (_name, answer) => {
    server.answer = listThenWatch(inOrder(answer, answer, list(lease('1'))), watches.answer);
    watchRecord();
    await until('the record is reported', () => seen.length === 1);
    expect(seen).toEqual(['1']);
  });
});

test('bookmarks keep a quiet watch alive', async () => {
  server.answer = listThenWatch(list(lease('1')), watches.answer);
  watchRecord();
  await until('the watch is open', () => watches.count === 1);
  const until3Silences = performance.now() + 3 * WATCH_SILENCE_MS;
  while (performance.now() < until3Silences) {
    await sleep(50);
    watches.send('BOOKMARK', { metadata: { resourceVersion: '9' } });
  }
  expect(lists()).toHaveLength(1);
  expect(seen).toEqual(['1']);
});

test('an API server that only fails is asked about once a second, and the log says so once', async () => {
  server.answer = status(500);
  watchRecord();
  await sleep(2500);
  expect(server.requests.length).toBeGreaterThanOrEqual(5);
  expect(server.requests.length).toBeLessThanOrEqual(14);
  server.answer = listThenWatch(list(lease('1')), watches.answer);
  await until('the record is reported', () => seen.length === 1, 1300);
  expect(log.lines.filter(({ level }) => level === 'warn').map(({ event }) => event)).toEqual([
    'kubernetes-watch-failing',
  ]);
  expect(log.lines.filter(({ level }) => level === 'info').map(({ event }) => event)).toEqual([
    'kubernetes-watch-recovered',
  ]);
});

test('a server that ends every watch at once is not asked in a frenzy', async () => {
  server.answer = listThenWatch(list(lease('1')), (response) => void response.writeHead(200).end());
  watchRecord();
  await sleep(1500);
  expect(lists().length).toBeLessThanOrEqual(12);
});

test.each(['the signal', 'close'])('%s ends the watch and its connection', async (means) => {
  server.answer = listThenWatch(list(lease('1')), watches.answer);
  watchRecord();
  await until('the watch is open', () => watches.count === 1);
  if (means === 'close') await api.close();
  else stop.abort();
  await until('the watch is closed', () => watches.count === 0);
  const asked = server.requests.length;
  await sleep(200);
  expect(server.requests).toHaveLength(asked);
  expect(seen).toEqual(['1']);
});

test('endpoints are those of all slices, after every change of one', async () => {
  const slice = (name: string, ...pods: readonly string[]) => ({
    metadata: { name },
    addressType: 'IPv4',
    ports: [{ name: 'peer', port: 7000 }],
    endpoints: pods.map((pod) => ({ addresses: [`host-of-${pod}`], targetRef: { kind: 'Pod', name: pod } })),
  });
  const reported: string[][] = [];
  const onEndpoints = (endpoints: readonly Endpoint[]): void =>
    void reported.push(endpoints.map(({ peerAddress }) => peerAddress));
  server.answer = listThenWatch(list(slice('s1', 'a'), slice('s2', 'b')), watches.answer);
  api.watchEndpoints(onEndpoints, stop.signal);
  await until('the watch is open', () => watches.count === 1);
  watches.send('MODIFIED', slice('s2', 'b', 'c'));
  watches.send('DELETED', slice('s1', 'a'));
  await until('all is reported', () => reported.length === 3);
  expect(reported).toEqual([
    ['host-of-a:7000', 'host-of-b:7000'],
    ['host-of-a:7000', 'host-of-b:7000', 'host-of-c:7000'],
    ['host-of-b:7000', 'host-of-c:7000'],
  ]);
  expect(server.requests[0]?.query.get('labelSelector')).toBe('kubernetes.io/service-name=kvstore-peers');
});
