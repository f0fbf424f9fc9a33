import { expect, test } from '@jest/globals';
import { logIndex, wallMs } from '../../../../src/core/base/numbers.ts';
import { IdempotencyTable } from '../../../../src/core/store/idempotency.ts';
import { written } from '../kit/builders.ts';

const keep = (table: IdempotencyTable, key: string, options: { revision: number; timeMs?: number }): void =>
  table.record(
    { key, digest: 'digest' },
    {
      timeMs: wallMs(options.timeMs ?? options.revision),
      revision: logIndex(options.revision),
      outcome: written({ version: 1 }),
    },
  );

test('R15: an outcome is kept by the key that the client chose, for a time by the time of the log', () => {
  const table = new IdempotencyTable();
  keep(table, 'one', { revision: 1, timeMs: 1000 });
  keep(table, 'two', { revision: 2, timeMs: 2000 });
  table.forgetBefore(1001);
  expect([table.get('one'), table.get('two')?.revision, table.size]).toEqual([undefined, 2, 1]);
});

test('R11: what stands there newer stays', () => {
  const table = new IdempotencyTable();
  keep(table, 'one', { revision: 5 });
  keep(table, 'one', { revision: 3 });
  expect(table.get('one')?.revision).toBe(5);
});

test('a key that is used again, after its time, is the newest', () => {
  const table = new IdempotencyTable();
  keep(table, 'one', { revision: 1, timeMs: 10 });
  keep(table, 'two', { revision: 2, timeMs: 20 });
  keep(table, 'one', { revision: 3, timeMs: 30 });
  table.forgetBefore(25);
  expect([...table.entries()].map(([key]) => key)).toEqual(['one']);
});

test('its bytes go with its keys', () => {
  const table = new IdempotencyTable();
  keep(table, 'one', { revision: 1 });
  const one = table.bytes;
  keep(table, 'one', { revision: 2 });
  expect(table.bytes).toBe(one);
  table.forgetBefore(3);
  expect(table.bytes).toBe(0);
  keep(table, 'one', { revision: 4 });
  table.clear();
  expect([table.bytes, table.size]).toEqual([0, 0]);
});
