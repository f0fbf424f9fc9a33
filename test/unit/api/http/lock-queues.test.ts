import { expect, test } from '@jest/globals';
import { LockQueues, type Turn } from '../../../../src/api/http/lock-queues.ts';
import type { Key } from '../../../../src/core/base/key.ts';

const a = 'a' as Key;
const b = 'b' as Key;

function queuesWithRecord() {
  const queues = new LockQueues();
  const come: string[] = [];
  const enter = (lock: Key, name: string): Turn => {
    const turn = queues.enter(lock);
    if (turn === null) throw new Error('too many wait');
    void turn.come.then(() => come.push(name));
    return turn;
  };
  return { queues, come, enter, settle: () => new Promise(setImmediate) };
}

test('first come, first served, each lock for itself; who leaves lets the next one up', async () => {
  const { come, enter, settle } = queuesWithRecord();
  const [first, second] = [enter(a, 'first'), enter(a, 'second')];
  enter(a, 'third');
  enter(b, 'other lock');
  await settle();
  expect(come).toEqual(['first', 'other lock']);
  second.leave();
  await settle();
  expect(come).toEqual(['first', 'other lock']);
  first.leave();
  await settle();
  expect(come).toEqual(['first', 'other lock', 'third']);
});

test('no more than 1024 wait in one process', () => {
  const queues = new LockQueues();
  const turns = Array.from({ length: 1024 }, (_, at) => queues.enter(`l${at % 7}` as Key));
  expect(queues.enter(a)).toBeNull();
  turns[5]?.leave();
  expect(queues.enter(a)).not.toBeNull();
});
