import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { logIndex } from '../../../../src/core/base/numbers.ts';
import { placeAfter, type WatchEnding, type WatchNews } from '../../../../src/core/store/watching.ts';
import { deleteEffect, LINEAGE, putEffect } from '../../core/kit/builders.ts';
import { apiUnderTest } from './api-under-test.ts';

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** The token of everything up to revision 7, of LINEAGE. */
const SEVEN = 'AQAAAAAAAAEAAAAAAAAHZmlyc3Q';
const EIGHT = 'AQAAAAAAAAEAAAAAAAAIZmlyc3Q';

const accepted: WatchNews = { events: [], place: placeAfter(logIndex(7)), synced: false, lineage: LINEAGE };
const synced: WatchNews = { ...accepted, synced: true };

async function watching(path: string, headers: Record<string, string> = {}) {
  const { api, operations, metrics } = apiUnderTest();
  const server = createServer(api).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = get({ host: '127.0.0.1', port, path, headers });
  ended.push(() => {
    asked.destroy();
    server.close();
  });
  await once(server, 'request');
  const watch = operations.watches.at(-1);
  if (watch === undefined) throw new Error('nothing is watched');
  asked.on('error', () => undefined);
  const answered = once(asked, 'response').then((args) => args[0] as IncomingMessage);
  // Where nobody waits for it.
  answered.catch(() => undefined);
  return { watch, asked, answered, metrics };
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

const watchOf = async (path: string, headers?: Record<string, string>) => (await watching(path, headers)).watch.request;

describe('what is watched, and from where', () => {
  test('a key, a prefix, or all keys, from now on', async () => {
    const start = { kind: 'now' };
    expect(await watchOf('/v1/watch?key=app%2Fa')).toMatchObject({ range: { kind: 'key', key: 'app/a' }, start });
    expect(await watchOf('/v1/watch?prefix=app/')).toMatchObject({ range: { kind: 'prefix', prefix: 'app/' }, start });
    expect(await watchOf('/v1/watch?prefix=')).toMatchObject({ range: { kind: 'prefix', prefix: '' }, start });
  });

  test('with the state first; behind a token; a browser that comes again counts more than its URL', async () => {
    const resume = { kind: 'resume', token: { lineage: LINEAGE, place: { index: 8, effects: 0, shown: null } } };
    expect((await watchOf('/v1/watch?key=k&snapshot=true')).start).toEqual({ kind: 'state' });
    expect((await watchOf(`/v1/watch?key=k&from=${SEVEN}`)).start).toEqual(resume);
    expect((await watchOf('/v1/watch?key=k&snapshot=true', { 'Last-Event-ID': SEVEN })).start).toEqual(resume);
  });

  test.each([
    ['/v1/watch', /either key, or prefix/],
    ['/v1/watch?key=a&prefix=b', /either key, or prefix/],
    ['/v1/watch?key=', /query parameter key must be one key/],
    [`/v1/watch?prefix=${'%C3%A9'.repeat(600)}`, /longer than a key/],
    ['/v1/watch?key=a&from=AQAAAAAAAAEAAAAAAAAHZmlyc3', /no id that a watch or a list gave/],
    ['/v1/watch?key=a&from=7', /query parameter from must be the id/],
    ['/v1/watch?key=a&snapshot=yes', /snapshot must be true or false/],
    ['/v1/watch?key=a&consistency=in-sync', /not known here/],
  ])('%s is refused', async (path, detail) => {
    const answer = await request(apiUnderTest().api).get(path).expect(400);
    expect(answer.body).toMatchObject({ code: 'bad-request', detail: expect.stringMatching(detail) as unknown });
  });
});

test('events are written as Server-Sent Events, each with its id', async () => {
  const { watch, answered } = await watching('/v1/watch?prefix=k');
  const put = putEffect('k', { version: 1, created: 8, value: 'dark', contentType: 'text/plain' });
  const place = placeAfter(logIndex(8));
  watch.watcher.onNews(synced);
  watch.watcher.onNews({ events: [{ effect: put, place }], place, synced: false, lineage: LINEAGE });
  const gone = deleteEffect('k', { version: 2, revision: 9 });
  watch.watcher.onNews({
    events: [
      { effect: gone, place: { index: logIndex(9), effects: 1, shown: null } },
      { effect: { ...gone, kind: 'expire' }, place: placeAfter(logIndex(9)) },
    ],
    place: placeAfter(logIndex(9)),
    synced: false,
    lineage: LINEAGE,
  });
  watch.watcher.onNews({ ...accepted, place });
  watch.watcher.onEnded({ kind: 'compacted', oldestRevision: logIndex(12) });
  const response = await answered;
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  const NINE = 'AQAAAAAAAAEAAAAAAAAJZmlyc3Q';
  expect((await textOf(response)).split('\n\n')).toEqual([
    'retry: 1000',
    `event: synced\nid: ${SEVEN}\ndata: {"revision":7}`,
    `event: put\nid: ${EIGHT}\ndata: {"key":"k","value":"dark","revision":8,"version":1,"createRevision":8,"contentType":"text/plain","expiresAt":null,"idle":null,"etag":"\\"8-first\\""}`,
    `event: delete\nid: ${EIGHT}.AAAAAAE\ndata: {"key":"k","revision":9,"version":2}`,
    `event: expire\nid: ${NINE}\ndata: {"key":"k","revision":9,"version":2}`,
    `event: progress\nid: ${EIGHT}\ndata: {"revision":8}`,
    'event: overflow\ndata: {"oldestRevision":12}',
    '',
  ]);
});

test('the answer begins when the watch is accepted, though there is nothing to tell', async () => {
  const { watch, answered } = await watching(`/v1/watch?key=k&from=${SEVEN}`);
  watch.watcher.onNews(accepted);
  watch.watcher.onEnded({ kind: 'declined', code: 'stopping' });
  const response = await answered;
  expect([response.statusCode, await textOf(response)]).toEqual([200, 'retry: 1000\n\n']);
});

test.each<[WatchEnding, number, object]>([
  [
    { kind: 'compacted', oldestRevision: logIndex(12) },
    410,
    { code: 'compacted', oldestRevision: 12, retryable: false },
  ],
  [{ kind: 'replaced-lineage', lineage: LINEAGE }, 410, { code: 'replaced-lineage' }],
  [{ kind: 'declined', code: 'replica-behind' }, 503, { code: 'replica-behind' }],
  [{ kind: 'declined', code: 'overloaded' }, 503, { code: 'overloaded' }],
])('a watch that is not begun is a problem: %j', async (ending, status, problem) => {
  const { watch, answered } = await watching('/v1/watch?key=k');
  watch.watcher.onEnded(ending);
  const response = await answered;
  expect(response.statusCode).toBe(status);
  expect(JSON.parse(await textOf(response))).toMatchObject(problem);
});

test('what was taken is granted again, in pieces; who leaves is gone', async () => {
  const { watch, asked, answered } = await watching('/v1/watch?key=k');
  watch.watcher.onNews(synced);
  (await answered).resume();
  const effect = putEffect('k', { version: 1, created: 8, value: 'x'.repeat(20_000) });
  const place = placeAfter(logIndex(8));
  for (let times = 0; times < 2; times += 1)
    watch.watcher.onNews({ events: [{ effect, place }], place, synced: false, lineage: LINEAGE });
  while (watch.granted === 0) await new Promise(setImmediate);
  expect(watch.granted).toBe(128 + 2 * (128 + 1 + 20_000));
  asked.destroy();
  while (watch.state === 'open') await new Promise(setImmediate);
});

test('behind a request that is not answered yet, nothing overtakes the answer to it or other news', async () => {
  const { api, operations } = apiUnderTest();
  const held = Promise.withResolvers<ServerResponse>();
  const server = createServer((asked, response) => {
    if (asked.url === '/held') held.resolve(response);
    else api(asked, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  ended.push(() => {
    socket.destroy();
    server.close();
  });
  socket.write(['/held', '/v1/watch?key=k'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  const first = await held.promise;
  while (operations.watches.length === 0) await new Promise(setImmediate);
  const [watch] = operations.watches;
  watch?.watcher.onNews(synced);
  const tell = (revision: number): void => {
    const place = placeAfter(logIndex(revision));
    const effect = putEffect('k', { version: 1, created: revision, value: `told ${revision}` });
    watch?.watcher.onNews({ events: [{ effect, place }], place, synced: false, lineage: LINEAGE });
  };
  tell(8);
  first.end('the answer');
  tell(9);
  tell(10);
  let text = '';
  while (!text.includes('told 10')) text += (await once(socket, 'data'))[0] as string;
  const order = text.match(/the answer|text\/event-stream|retry: 1000|event: synced|told \d+/g);
  expect(order).toEqual([
    'the answer',
    'text/event-stream',
    'retry: 1000',
    'event: synced',
    'told 8',
    'told 9',
    'told 10',
  ]);
});
