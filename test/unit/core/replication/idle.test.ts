import { describe, expect, test } from '@jest/globals';
import { logIndex, monotonicMs } from '../../../../src/core/base/numbers.ts';
import { Touches } from '../../../../src/core/replication/touches.ts';
import type { PutCommand } from '../../../../src/core/store/commands.ts';
import { entry, key, messagesOf, ofKeys, present, put, putBody, putEffect, remove, request } from '../kit/builders.ts';
import { followerOf, type FollowerKit } from '../kit/follower-kit.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const putIdle = (name: string, ms: number): PutCommand => ({ ...put(name), idle: { kind: 'limited', ms } });

/** The keys that entries let go, entry by entry. */
function goneFrom({ replica: { log } }: LeaderKit): string[][] {
  const gone: string[][] = [];
  for (let at = 1; at <= log.lastIndex; at += 1) {
    const { body } = present(log.at(logIndex(at)));
    if (body.kind === 'expire') gone.push(ofKeys(body.effects).map((effect) => effect.key));
  }
  return gone;
}

describe('R21: a leader removes what nobody uses', () => {
  test('by an entry, once the idle time and a quarter of it have passed', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(putIdle('k', 1000));
    group.propose(put('stays'));
    group.pass(1200);
    expect(goneFrom(group)).toEqual([]);
    group.pass(250);
    const { log, machine } = group.replica;
    expect(present(log.at(log.lastIndex)).body).toEqual({
      kind: 'expire',
      effects: [{ kind: 'expire', key: 'k', tombstone: { version: 2, revision: log.lastIndex } }],
    });
    expect([machine.store.get(key('k')), machine.store.size, machine.store.uses.size]).toEqual([null, 1, 0]);
  });

  test('its own reads, and what a batch gets, begin the time anew', () => {
    const group = leaderOf({ inSync: ['a'] });
    for (const name of ['read', 'got', 'neither']) group.propose(putIdle(name, 1000));
    group.pass(1000);
    group.replica.machine.store.uses.use(key('read'), group.nowMs);
    group.propose({ kind: 'batch', steps: [{ kind: 'get', key: key('got') }] });
    group.pass(1000);
    expect(goneFrom(group)).toEqual([['neither']]);
    group.pass(400);
    expect(goneFrom(group)).toEqual([['neither'], ['read', 'got']]);
  });

  test('so does what a follower tells, from when it comes', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(putIdle('k', 1000));
    group.pass(1000, ['b']);
    group.ack('b', { touches: [key('k'), key('nobody')] });
    group.pass(1200, ['b']);
    expect(goneFrom(group)).toEqual([]);
    group.pass(300, ['b']);
    expect(goneFrom(group)).toEqual([['k']]);
  });

  test('not while a member does not say what it was asked for', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(putIdle('k', 1000));
    group.pass(1000, ['b', 'c']);
    group.pass(2000, ['b']);
    expect(goneFrom(group)).toEqual([]);
    group.ack('c', { touches: [key('k')] });
    group.pass(1000, ['b', 'c']);
    expect(goneFrom(group)).toEqual([]);
    group.pass(500, ['b', 'c']);
    expect(goneFrom(group)).toEqual([['k']]);
  });

  test('not by a round that is old: it says nothing of now', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(putIdle('k', 1000));
    group.pass(1200, ['b']);
    group.pass(1500);
    group.ack('b');
    group.pass(50);
    expect(goneFrom(group)).toEqual([]);
    group.pass(300, ['b']);
    expect(goneFrom(group)).toEqual([['k']]);
  });

  test('not what is written or deleted now, and what is removed already not again', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    for (const name of ['written', 'deleted', 'left']) group.propose(putIdle(name, 1000));
    group.pass(1200, ['b']);
    group.propose(putIdle('written', 1000));
    group.propose(remove('deleted'));
    // It answers the rounds, and has no more of the log.
    const matchIndex = logIndex(5);
    for (let passed = 0; passed < 400; passed += 50) {
      group.pass(50);
      group.ack('b', { matchIndex });
    }
    expect(goneFrom(group)).toEqual([['left']]);
  });

  test('a new leader begins every idle time anew', () => {
    const effects = [putEffect('k', { version: 1, created: 1, idleMs: 1000 })];
    const written = { kind: 'written', version: 1 as never, created: true } as const;
    const body = { kind: 'write', request: request(1), settledThrough: 0, idempotencyKey: null, effects } as const;
    const group = leaderOf({ inSync: ['a'], log: [entry(1, 1, { ...body, outcome: written })] });
    group.pass(1200);
    expect(goneFrom(group)).toEqual([]);
    group.pass(300);
    expect(goneFrom(group)).toEqual([['k']]);
  });
});

describe('R21: a follower tells what it was asked for', () => {
  const idle = (name: string, index: number) => {
    const body = putBody(name, { version: 1, created: index });
    const effects = [putEffect(name, { version: 1, created: index, idleMs: 8000 })];
    return entry(index, 4, body.kind === 'write' ? { ...body, effects } : body);
  };
  const following = (): FollowerKit => {
    const kit = followerOf({ log: [idle('k', 1), idle('l', 2)], committed: 2 });
    kit.resume();
    return kit;
  };
  /** What the acknowledgement of the next heartbeat tells. */
  const told = (kit: FollowerKit, confirmedMs = -1): readonly string[] =>
    present(kit.ackOf(kit.append([], { confirmedMs }))).touches;
  const read = (kit: FollowerKit, name: string): void => kit.follower.onRead(key(name), monotonicMs(kit.nowMs));

  test('with its next acknowledgement, once, and of a key no oftener than each eighth of its idle time', () => {
    const kit = following();
    for (const name of ['k', 'l', 'k', 'not idle']) read(kit, name);
    expect([told(kit), told(kit)]).toEqual([['k', 'l'], []]);
    kit.nowMs += 999;
    read(kit, 'k');
    expect(told(kit)).toEqual([]);
    kit.nowMs += 1;
    read(kit, 'k');
    expect(told(kit)).toEqual(['k']);
  });

  test('again on another connection, unless the leader is known to have it', () => {
    const kit = following();
    read(kit, 'k');
    told(kit);
    const toldMs = kit.nowMs;
    kit.nowMs += 100;
    read(kit, 'l');
    told(kit, toldMs);
    const again = kit.turn((effects) => {
      kit.follower.onClosed(kit.link, 'lost', kit.now, effects);
    });
    expect(messagesOf('hello', again)).toEqual([]);
    const greeted = kit.turn((effects) => {
      kit.follower.onConnected(kit.link, kit.now, effects);
    });
    expect(messagesOf('hello', greeted)).toHaveLength(1);
    expect(present(kit.ackOf(kit.resume())).touches).toEqual(['l']);
    expect(told(kit)).toEqual([]);
  });
});

describe('R21: what waits to be told is bounded', () => {
  const keys = (count: number) => Array.from({ length: count }, (_, number) => key(`k${number}`));

  test('in one acknowledgement, and in all', () => {
    const touches = new Touches();
    const taken = keys(70_000).filter((each) => touches.add(each));
    expect(taken).toHaveLength(65_536);
    expect([touches.take(1).length, touches.take(2).length, touches.take(3)[0]]).toEqual([1000, 1000, 'k2000']);
    expect(touches.add(key('k69999'))).toBe(true);
  });
});
