import { afterEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded, type Embedded, type EmbeddedOptions } from '../../../src/embedded/start-embedded.ts';
import { ApiClient } from '../../contract/api-client.ts';
import { event, EVENTS, lease, LEASES, slice, SLICES } from '../../contract/objects.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<{ embedded: Embedded; api: ApiClient }> {
  const embedded = await startEmbedded({ host: '127.0.0.1', port: 0, ...options });
  const api = new ApiClient(embedded);
  ends.push(
    () => embedded.close().catch(() => {}),
    () => api.close(),
  );
  return { embedded, api };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvstore-embedded-'));
  ends.push(() => rm(folder, { recursive: true }));
  return folder;
}

test.each(['0.0.0.0', '::', '', '192.0.2.1', 'example.com'])(
  'it does not listen beyond the loopback unless it is told to: %j',
  async (host) => {
    await expect(startEmbedded({ host, port: 0 })).rejects.toThrow('does not listen on');
  },
);

test('told to, it listens on every address', async () => {
  const { embedded } = await start({ host: '0.0.0.0', allowRemote: true });
  const port = new URL(embedded.url).port;
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
});

test('a port that is taken is an error, not a hang', async () => {
  const { embedded } = await start();
  const port = Number(new URL(embedded.url).port);
  await expect(startEmbedded({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing it ends connections and watches', async () => {
  const { embedded, api } = await start();
  const watch = await api.watch(`${LEASES}?watch=1`);
  await embedded.close();
  await watch.ended;
});

test('loopback addresses may be endpoints: here they are where replicas listen', async () => {
  const { api } = await start();
  const endpoints = [{ addresses: ['127.0.0.1'] }];
  expect((await api.post(SLICES, slice('kvstore', { endpoints }))).status).toBe(201);
});

test('a watch from before the bounded history gets 410, one from within it all that follows', async () => {
  const { api } = await start({ historyMax: 3 });
  const versions: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    versions.push((await api.post(LEASES, lease(name))).body.metadata.resourceVersion);
  }
  const late = await api.watch(`${LEASES}?watch=1&resourceVersion=${versions[0]}`);
  await late.ended;
  expect(late.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  const intime = await api.watch(`${LEASES}?watch=1&resourceVersion=${versions[1]}`);
  expect(await intime.names(3)).toEqual(['ADDED c', 'ADDED d', 'ADDED e']);
});

test('a server that lost everything gives out no version again: clients of its predecessor hear 410', async () => {
  const first = await start();
  const { body } = await first.api.post(LEASES, lease('a'));
  await first.embedded.close();
  const { api } = await start({ port: Number(new URL(first.embedded.url).port) });
  const watch = await api.watch(`${LEASES}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  await watch.ended;
  expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
});

test('what was answered is in the file already', async () => {
  const dataFile = join(await temporaryFolder(), 'deep', 'kubernetes.json');
  const { api } = await start({ dataFile });
  const { body } = await api.post(LEASES, lease('a', { leaseTransitions: 4 }));
  const kept = JSON.parse(await readFile(dataFile, 'utf8')) as { version: number; objects: unknown[] };
  expect(kept.version).toBe(Number(body.metadata.resourceVersion));
  expect(kept.objects).toMatchObject([{ object: { metadata: body.metadata, spec: { leaseTransitions: 4 } } }]);
});

test('a change that cannot be kept is an error, and is not seen', async () => {
  const folder = await temporaryFolder();
  const dataFile = join(folder, 'kubernetes.json');
  const { api } = await start({ dataFile });
  const before = (await api.post(LEASES, lease('a'))).body;
  const watch = await api.watch(`${LEASES}?watch=1&resourceVersion=${before.metadata.resourceVersion}`);
  // What the file is written as before it is renamed is now a folder.
  await mkdir(`${dataFile}.part`);
  expect((await api.put(`${LEASES}/a`, { ...before, spec: { leaseTransitions: 1 } })).status).toBe(500);
  expect((await api.post(LEASES, lease('b'))).status).toBe(500);
  expect((await api.get(LEASES)).body.items).toHaveLength(1);
  expect((await api.get(`${LEASES}/a`)).body).toEqual(before);

  await rm(`${dataFile}.part`, { recursive: true });
  expect((await api.put(`${LEASES}/a`, { ...before, spec: { leaseTransitions: 2 } })).status).toBe(200);
  expect(await watch.names(1)).toEqual(['MODIFIED a']);
  expect(watch.objectAt(0).spec).toEqual({ leaseTransitions: 2 });
});

test.each(['', '{', '[]', '{"format": 2}', '{"format": 1}'])(
  'a damaged file stops it at the start, and stays as it is: %s',
  async (text) => {
    const dataFile = join(await temporaryFolder(), 'kubernetes.json');
    await writeFile(dataFile, text);
    await expect(start({ dataFile })).rejects.toThrow(dataFile);
    expect(await readFile(dataFile, 'utf8')).toBe(text);
  },
);

test('a folder that cannot be written to stops it at the start', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  await expect(start({ dataFile: join(file, 'kubernetes.json') })).rejects.toThrow();
});

test('events go after an hour', async () => {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  const { api } = await start({ nowMs: () => nowMs });
  await api.post(EVENTS, event('a'));
  nowMs += 3_601_000;
  await api.post(EVENTS, event('b'));
  expect((await api.get(EVENTS)).body.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
});

test('bookmarks come while nothing else does', async () => {
  const { api } = await start({ bookmarkMs: 20 });
  const { body } = await api.post(LEASES, lease('a'));
  const selector = `fieldSelector=metadata.name%3Da&resourceVersion=${body.metadata.resourceVersion}`;
  const watch = await api.watch(`${LEASES}?watch=1&allowWatchBookmarks=true&${selector}`);
  const other = (await api.post(LEASES, lease('b'))).body;
  const bookmark = await watch.first('BOOKMARK');
  expect(bookmark.metadata.resourceVersion).toBe(other.metadata.resourceVersion);
});

test('a watch that does not read is cut off; the others are not disturbed', async () => {
  const { embedded, api } = await start();
  const { hostname, port } = new URL(embedded.url);
  const deaf = connect(Number(port), hostname);
  deaf.pause();
  deaf.write(`GET ${LEASES}?watch=1 HTTP/1.1\r\nhost: a\r\n\r\n`);
  const cut = new Promise((resolve) => deaf.once('close', resolve));
  const watch = await api.watch(`${LEASES}?watch=1`);

  const annotations = { note: 'x'.repeat(250_000) };
  let stored = (await api.post(LEASES, lease('a', {}, { annotations }))).body;
  const changes = 120;
  for (let transitions = 1; transitions < changes; transitions += 1) {
    const { body } = await api.put(`${LEASES}/a`, { ...stored, spec: { leaseTransitions: transitions } });
    stored = body;
  }
  expect(await watch.names(changes)).toHaveLength(changes);
  deaf.on('error', () => {});
  deaf.resume();
  await cut;
});

test.each([
  'GET //x HTTP/1.1',
  'GET http://[ HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET /api/v1/namespaces/%/pods HTTP/1.1',
])('a strange target is answered, and the server lives: %s', async (requestLine) => {
  const { embedded, api } = await start();
  const { hostname, port } = new URL(embedded.url);
  const socket = connect(Number(port), hostname);
  socket.write(`${requestLine}\r\nhost: a\r\nconnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await api.get('/readyz')).status).toBe(200);
});
