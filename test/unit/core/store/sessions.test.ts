import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex, wallMs } from '../../../../src/core/base/numbers.ts';
import type { SessionId } from '../../../../src/core/store/commands.ts';
import { SessionTable } from '../../../../src/core/store/sessions.ts';
import { SESSION, written } from '../kit/builders.ts';

const record = (table: SessionTable, number: number, settledThrough = 0, session: SessionId = SESSION): void =>
  table.record({ session, number, settledThrough }, logIndex(number), written({ version: number }), wallMs(number));

const numbers = (table: SessionTable, session: SessionId = SESSION): number[] => [
  ...(table.get(session)?.outcomes.keys() ?? []),
];

function opened(...sessions: SessionId[]): SessionTable {
  const table = new SessionTable();
  for (const session of sessions.length === 0 ? [SESSION] : sessions) table.open(session, wallMs(0));
  return table;
}

describe('R15: outcomes are kept with their session', () => {
  test('the first outcome of a number stays: the same entry changes nothing, and another is a broken invariant', () => {
    const table = opened();
    record(table, 1);
    const recordAgain = (index: number) =>
      table.record({ session: SESSION, number: 1, settledThrough: 0 }, logIndex(index), { kind: 'absent' }, wallMs(9));
    recordAgain(1);
    expect(() => recordAgain(9)).toThrow('R15: a request takes effect once');
    expect(table.get(SESSION)?.outcomes.get(1)).toEqual({ number: 1, revision: 1, outcome: written({ version: 1 }) });
  });

  test('failed conditions are kept like successes', () => {
    const table = opened();
    table.record(
      { session: SESSION, number: 1, settledThrough: 0 },
      logIndex(5),
      { kind: 'mismatch', current: null },
      wallMs(0),
    );
    expect(table.get(SESSION)?.outcomes.get(1)?.outcome).toEqual({ kind: 'mismatch', current: null });
  });

  test('they are forgotten when the session says that it asks no more, and only then', () => {
    const table = opened();
    for (const number of [1, 2, 3]) record(table, number);
    record(table, 4, 2);
    expect(numbers(table)).toEqual([3, 4]);
  });

  test('what was settled is not recorded again by a late copy', () => {
    const table = opened();
    record(table, 5, 4);
    record(table, 3);
    expect(numbers(table)).toEqual([5]);
  });

  test('a session that has ended, or was never opened, keeps nothing', () => {
    const table = opened();
    record(table, 1);
    table.end(SESSION);
    record(table, 2);
    expect([table.get(SESSION), table.size, table.bytes]).toEqual([undefined, 0, 0]);
  });

  test('opening a session that is there changes nothing', () => {
    const table = opened();
    record(table, 1);
    table.open(SESSION, wallMs(99));
    expect([numbers(table), table.get(SESSION)?.lastUsedMs]).toEqual([[1], 1]);
  });

  test('idle is who has written nothing since', () => {
    const other = 'other' as SessionId;
    const table = opened(SESSION, other);
    table.record({ session: other, number: 1, settledThrough: 0 }, logIndex(1), { kind: 'absent' }, wallMs(500));
    expect(table.idleSince(wallMs(500))).toEqual([SESSION]);
  });

  test('whatever is settled and in whatever steps, just the numbers above it are left, and counted', () => {
    const requests = fc.array(fc.record({ number: fc.integer({ min: 1, max: 60 }), settles: fc.nat(60) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(requests, (drawn) => {
        const table = opened();
        const empty = table.bytes;
        const kept = new Set<number>();
        let settled = 0;
        for (const { number, settles } of drawn) {
          record(table, number, settles);
          if (number > settled) kept.add(number);
          settled = Math.max(settled, settles);
          for (const one of kept) if (one <= settled) kept.delete(one);
        }
        expect(new Set(numbers(table))).toEqual(kept);
        expect(table.bytes - empty).toBe(180 * kept.size);
      }),
    );
  });
});

describe('R11: what a snapshot says of a session goes beneath what entries have said', () => {
  test('outcomes that entries brought already stay, older ones are added', () => {
    const table = opened();
    record(table, 2);
    table.restore(SESSION, wallMs(1), 0, [
      { number: 1, revision: logIndex(1), outcome: written({ version: 1 }) },
      { number: 2, revision: logIndex(77), outcome: { kind: 'absent' } },
    ]);
    expect(numbers(table).sort()).toEqual([1, 2]);
    expect(table.get(SESSION)?.outcomes.get(2)?.revision).toBe(2);
  });

  test('a session that nobody has heard of is opened with its outcomes', () => {
    const table = new SessionTable();
    table.restore(SESSION, wallMs(7), 3, [{ number: 4, revision: logIndex(4), outcome: { kind: 'absent' } }]);
    expect(table.get(SESSION)).toMatchObject({ lastUsedMs: 7, settledThrough: 3 });
    expect(numbers(table)).toEqual([4]);
  });

  test('what the snapshot calls settled is forgotten', () => {
    const table = opened();
    record(table, 1);
    table.restore(SESSION, wallMs(1), 1, []);
    expect(numbers(table)).toEqual([]);
  });
});
