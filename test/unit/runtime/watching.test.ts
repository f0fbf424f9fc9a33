import { expect, test } from '@jest/globals';
import type { Epoch, LogIndex } from '../../../src/core/base/numbers.ts';
import type { Key } from '../../../src/core/base/key.ts';
import type { PeerFrame } from '../../../src/core/routing/frames.ts';
import { placeAfter, type WatchNews, type WatchRequest } from '../../../src/core/store/watching.ts';
import { NO_DATASET } from '../../../src/ports/dataset.ts';
import { GroupHost } from '../../../src/runtime/group-host.ts';
import {
  FakeApi,
  FakePeers,
  FakeTransport,
  GROUP,
  quietLog,
  realClock,
  RecordingListener,
  ScriptedGroup,
  turn,
} from './fakes.ts';

const watch: WatchRequest = { range: { kind: 'key', key: 'k' as Key }, start: { kind: 'now' }, credit: 1000 };
const lineage = { number: 1, id: 'one' };
const news: WatchNews = { events: [], place: placeAfter(7 as LogIndex), synced: true, lineage };

const frame = (request: number): PeerFrame => ({ kind: 'watch', group: GROUP, epoch: 0 as Epoch, request, watch });
const grant = (request: number, bytes: number): PeerFrame => ({
  kind: 'grant',
  group: GROUP,
  epoch: 0 as Epoch,
  request,
  bytes,
});
const unwatch = (request: number): PeerFrame => ({ kind: 'unwatch', group: GROUP, epoch: 0 as Epoch, request });

async function hosted() {
  const transport = new FakeTransport();
  const listener = new RecordingListener();
  const host = new GroupHost({
    transport,
    openPeerClient: new FakePeers().open,
    dataset: NO_DATASET,
    clock: realClock,
    log: quietLog,
    tickMs: 25,
    limits: {
      clientConnectionsMax: 10,
      silentConnectionsMax: 10,
      requestsPerConnectionMax: 100,
      unreadBytesMax: 1000,
      relayTimeoutMs: 1000,
    },
    listener,
  });
  const group = new ScriptedGroup();
  const driver = host.add({
    id: GROUP,
    group,
    podName: 'kv-1',
    httpAddress: 'kv-1:8000',
    api: new FakeApi(),
    memoryBytesMax: 1000,
    usage: () => ({ cpuPercent: 0, memoryPercent: 0 }),
  });
  await host.listen({ host: '127.0.0.1', port: 0 });
  return { host, transport, listener, group, driver };
}

test('a watch of a proxy goes on under its number, for whoever else watches as well', async () => {
  const { transport, group } = await hosted();
  const [one, two] = [transport.accept(), transport.accept()];
  one.handler?.onFrames([frame(5), frame(6)]);
  two.handler?.onFrames([frame(5)]);
  await turn();
  const tickets = group.of('watch').map(({ ticket }) => ticket);
  group.onFlush = (effects) => effects.push({ kind: 'watchNews', tickets, news });
  one.handler?.onFrames([grant(6, 99)]);
  await turn();
  expect(group.of('grant')).toEqual([{ kind: 'grant', ticket: tickets[1], bytes: 99 }]);
  const told = (sent: readonly PeerFrame[]) =>
    sent.map((each) => (each.kind === 'watchNews' ? [each.request, each.news] : each.kind));
  expect([told(one.sent), told(two.sent)]).toEqual([
    [
      [5, news],
      [6, news],
    ],
    [[5, news]],
  ]);
});

test('what has ended, was ended, or is gone with its connection is told nothing more, and the group hears of it', async () => {
  const { transport, group } = await hosted();
  const connection = transport.accept();
  connection.handler?.onFrames([frame(1), frame(2), frame(3)]);
  await turn();
  const tickets = group.of('watch').map(({ ticket }) => ticket);
  const [first, second, third] = tickets;
  group.onStep = (input, effects) => {
    if (input.kind === 'grant')
      effects.push({ kind: 'watchEnded', tickets: [first ?? 0], ending: { kind: 'declined', code: 'empty' } });
  };
  connection.handler?.onFrames([grant(1, 1), unwatch(2)]);
  await turn();
  group.onFlush = (effects) => effects.push({ kind: 'watchNews', tickets: [first ?? 0, second ?? 0], news });
  connection.handler?.onFrames([grant(1, 1), unwatch(1), unwatch(2)]);
  connection.handler?.onClose('lost', 'gone');
  await turn();
  expect(connection.sent.map(({ kind }) => kind)).toEqual(['watchEnded']);
  expect(group.of('cancel').map(({ ticket }) => ticket)).toEqual([second, third]);
});

test('a number that is taken ends the connection', async () => {
  const { transport } = await hosted();
  const connection = transport.accept();
  connection.handler?.onFrames([frame(1), frame(1)]);
  expect(connection.closedWith).toBe('a second watch of number 1');
});

test('a watch that is one too many is counted; one that comes when all has ended is told so', async () => {
  const { host, group, driver, listener } = await hosted();
  const endings: string[] = [];
  const watcher = {
    onNews: () => undefined,
    onEnded: (ending: { readonly kind: string; readonly code?: string }) => endings.push(ending.code ?? ending.kind),
  };
  const ticket = driver.watchKeys(watch, watcher);
  group.onFlush = (effects) =>
    effects.push({ kind: 'watchEnded', tickets: [ticket], ending: { kind: 'declined', code: 'overloaded' } });
  await turn();
  group.onFlush = () => undefined;
  driver.watchKeys(watch, watcher);
  await host.close();
  driver.watchKeys(watch, watcher);
  await turn();
  expect([endings, listener.limitsHit]).toEqual([['overloaded', 'stopping', 'stopping'], ['watchers']]);
});
