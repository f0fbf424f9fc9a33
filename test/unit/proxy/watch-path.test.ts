import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import { logIndex } from '../../../src/core/base/numbers.ts';
import {
  placeAfter,
  type WatchEnding,
  type WatchEvent,
  type WatchNews,
  type WatchRequest,
  type WatchStart,
} from '../../../src/core/store/watching.ts';
import type { Unavailable, Watch, Watcher } from '../../../src/ports/data-operations.ts';
import { putEffect } from '../core/kit/builders.ts';
import { key, lineage, World, type FakeWatch } from './world.ts';

const PLENTY = 1 << 20;
const NOW: WatchStart = { kind: 'now' };
const after = (revision: number): WatchStart => ({
  kind: 'resume',
  token: { lineage, place: placeAfter(logIndex(revision)) },
});

let world: World;
beforeEach(async () => {
  world = await World.ready();
});
afterEach(() => {
  world.proxy.stop();
  jest.useRealTimers();
});

/** A client, and in a word each what it was told. */
class Client implements Watcher {
  readonly told: string[] = [];
  readonly news: WatchNews[] = [];
  readonly watch: Watch;

  constructor(start: WatchStart = NOW, credit = PLENTY, watched: Key = key) {
    this.watch = world.proxy.watch({ range: { kind: 'key', key: watched }, start, credit }, this);
  }

  onNews(news: WatchNews): void {
    this.news.push(news);
    for (const { effect } of news.events) this.told.push(String(effect.kind === 'put' ? effect.stored.revision : '-'));
    if (news.synced) this.told.push(`synced ${news.place.index - 1}`);
    else if (news.events.length === 0) this.told.push(`at ${news.place.index - 1}`);
  }

  onEnded(ending: WatchEnding | Unavailable): void {
    this.told.push('code' in ending ? ending.code : ending.kind);
  }
}

const turn = () => jest.advanceTimersByTimeAsync(1);

/** Watches at replicas that have not ended. */
const upstreams = (): FakeWatch[] =>
  world.replicas.flatMap(({ client }) => client?.watches ?? []).filter(({ state }) => state === 'open');

/** The only one. */
function upstream(): FakeWatch {
  const [first, ...others] = upstreams();
  if (first === undefined || others.length > 0) throw new Error(`${upstreams().length} watches at replicas`);
  return first;
}

const event = (revision: number): WatchEvent => ({
  effect: putEffect('k', { version: revision, created: revision }),
  place: placeAfter(logIndex(revision)),
});
const newsOf = (revision: number, synced = false, events: readonly WatchEvent[] = []): WatchNews => ({
  events,
  place: placeAfter(logIndex(revision)),
  synced,
  lineage,
});
const tell = (watch: FakeWatch, ...revisions: number[]) => {
  watch.watcher.onNews(newsOf(revisions.at(-1) ?? 0, false, revisions.map(event)));
};
const sync = (watch: FakeWatch, revision: number) => {
  watch.watcher.onNews(newsOf(revision, true));
};
const startOf = ({ request }: FakeWatch): WatchRequest['start'] => request.start;

async function fed(count: number): Promise<Client[]> {
  const clients = Array.from({ length: count }, () => new Client());
  await turn();
  sync(upstream(), 7);
  return clients;
}

describe('R19: all clients of a range share one watch at a replica', () => {
  test('and are told the very same news', async () => {
    const [one, two] = (await fed(2)) as [Client, Client];
    tell(upstream(), 8, 9);
    expect([one.told, two.told]).toEqual([
      ['synced 7', '8', '9'],
      ['synced 7', '8', '9'],
    ]);
    expect(one.news[1]).toBe(two.news[1]);
    expect([world.proxy.watchers, world.proxy.upstreamWatches]).toEqual([2, 1]);
  });

  test('who comes later begins where the others are, also if news come before it is welcome', async () => {
    await fed(1);
    const late = new Client();
    await turn();
    const later = new Client();
    tell(upstream(), 8);
    await turn();
    expect([late.told, later.told]).toEqual([
      ['synced 7', '8'],
      ['synced 7', '8'],
    ]);
  });

  test('another range is another watch; the last client of a range ends its watch', async () => {
    const [one, two] = (await fed(2)) as [Client, Client];
    const other = new Client(NOW, PLENTY, 'other' as Key);
    await turn();
    expect(upstreams()).toHaveLength(2);
    one.watch.cancel();
    other.watch.cancel();
    tell(upstream(), 8);
    expect([one.told, two.told]).toEqual([['synced 7'], ['synced 7', '8']]);
    two.watch.cancel();
    expect([upstreams(), world.proxy.watchers, world.proxy.upstreamWatches]).toEqual([[], 0, 0]);
  });

  test('what was passed on is granted again', async () => {
    await fed(1);
    const before = upstream().granted;
    const effect = putEffect('k', { version: 8, created: 8, value: 'x'.repeat(200_000) });
    upstream().watcher.onNews(newsOf(8, false, [{ effect, place: placeAfter(logIndex(8)) }]));
    expect(upstream().granted - before).toBe(128 + 128 + 1 + 200_000);
  });
});

describe('R19: who is not up to date has a watch of its own until it is', () => {
  test('and joins the others without a gap, and without a repetition', async () => {
    const [one] = (await fed(1)) as [Client];
    const feed = upstream();
    const late = new Client(after(3));
    await turn();
    const own = upstreams().find((watch) => watch !== feed) as FakeWatch;
    expect(startOf(own)).toEqual(after(3));
    tell(own, 4, 5);
    own.watcher.onNews(newsOf(9, true, [8, 9].map(event)));
    expect(own.state).toBe('ended');
    // The feed hears of them later.
    tell(feed, 8);
    tell(feed, 9, 10);
    expect(late.told).toEqual(['4', '5', '8', '9', 'synced 9', '10']);
    expect(one.told).toEqual(['synced 7', '8', '9', '10']);
  });

  test('but not while the others are ahead of it', async () => {
    await fed(1);
    const feed = upstream();
    const late = new Client(after(3));
    await turn();
    const own = upstreams().find((watch) => watch !== feed) as FakeWatch;
    tell(feed, 8);
    sync(own, 6);
    tell(feed, 9);
    tell(own, 8, 9);
    tell(feed, 10);
    expect([late.told, own.state]).toEqual([['synced 6', '8', '9', '10'], 'ended']);
  });

  test('the first of its range hands its watch to those who come', async () => {
    const one = new Client(after(3));
    await turn();
    sync(upstream(), 7);
    const two = new Client();
    await turn();
    tell(upstream(), 8);
    expect([one.told, two.told, upstreams().length]).toEqual([['synced 7', '8'], ['synced 7', '8'], 1]);
  });

  test('who is too slow for the others leaves them, and is told the rest by a watch of its own', async () => {
    const [fast] = (await fed(1)) as [Client];
    const feed = upstream();
    const slow = new Client(NOW, 300);
    await turn();
    for (const revision of [8, 9, 10]) tell(feed, revision);
    expect([fast.told, slow.told]).toEqual([
      ['synced 7', '8', '9', '10'],
      ['synced 7', '8'],
    ]);
    const own = upstreams().find((watch) => watch !== feed) as FakeWatch;
    expect([startOf(own), own.request.credit]).toEqual([after(8), 300 - 128 - 130]);
    slow.watch.grant(5000);
    expect(own.granted).toBe(5000);
    own.watcher.onNews(newsOf(10, true, [9, 10].map(event)));
    tell(feed, 11);
    expect(slow.told).toEqual(['synced 7', '8', '9', '10', '11']);
  });

  test('and is told that nobody keeps what follows', async () => {
    await fed(1);
    const slow = new Client(NOW, 200);
    await turn();
    tell(upstream(), 8);
    for (const { watcher } of upstreams().slice(1))
      watcher.onEnded({ kind: 'compacted', oldestRevision: logIndex(12) });
    for (let round = 0; round < 3; round += 1)
      for (const { watcher, request } of upstreams())
        if (request.start.kind === 'resume') watcher.onEnded({ kind: 'compacted', oldestRevision: logIndex(12) });
    expect(slow.told).toEqual(['synced 7', 'compacted']);
  });
});

describe('R19: a watch outlives the replica that tells it', () => {
  test('it goes on at another where it was, without a word to the client', async () => {
    const clients = await fed(3);
    const first = upstream();
    tell(first, 8);
    world.replicas.find(({ client }) => client?.watches.includes(first) === true)?.die();
    await turn();
    const second = upstream();
    expect([second.address === first.address, startOf(second)]).toEqual([false, after(8)]);
    second.watcher.onNews(newsOf(9, true, [event(9)]));
    tell(first, 99);
    for (const { told } of clients) expect(told).toEqual(['synced 7', '8', '9']);
  });

  test('one that declines, or keeps too little, is no reason to give up while there is another', async () => {
    const client = new Client(after(3));
    await turn();
    upstream().watcher.onEnded({ kind: 'declined', code: 'replica-behind' });
    upstream().watcher.onEnded({ kind: 'compacted', oldestRevision: logIndex(6) });
    sync(upstream(), 7);
    expect(client.told).toEqual(['synced 7']);
  });

  test('if all keep too little the client is told the least of it', async () => {
    const client = new Client(after(3));
    await turn();
    for (const oldest of [6, 5, 9]) upstream().watcher.onEnded({ kind: 'compacted', oldestRevision: logIndex(oldest) });
    expect([client.told, upstreams()]).toEqual([['compacted'], []]);
  });

  test('a history that was replaced is final', async () => {
    const client = new Client(after(3));
    await turn();
    upstream().watcher.onEnded({ kind: 'replaced-lineage', lineage });
    expect([client.told, upstreams()]).toEqual([['replaced-lineage'], []]);
  });

  test('if nobody can tell for long the client is told that', async () => {
    const client = new Client();
    for (const replica of world.replicas) replica.die();
    await jest.advanceTimersByTimeAsync(9000);
    expect(client.told).toEqual([]);
    await jest.advanceTimersByTimeAsync(2000);
    expect(client.told).toEqual(['no-replica']);
  });

  test('a proxy that stops ends all watches', async () => {
    const [one] = (await fed(1)) as [Client];
    world.proxy.endWatches();
    const late = new Client();
    await turn();
    expect([one.told, late.told, upstreams()]).toEqual([['synced 7', 'stopping'], ['stopping'], []]);
  });
});
