import { describe, expect, test } from '@jest/globals';
import { READ, type Effect } from '../../../src/client/exchange.ts';
import { KvError } from '../../../src/client/kv-error.ts';
import { mayRepeat, outcomeOf, pauseMs, retryAfterMsOf } from '../../../src/client/retries.ts';

const KEYED: Effect = { kind: 'write', idempotencyKey: 'i', isDrawn: true };
const UNKEYED: Effect = { kind: 'write', idempotencyKey: null, isDrawn: false };

const failure = (fields: Partial<ConstructorParameters<typeof KvError>[0]>): KvError =>
  new KvError({ code: 'no-leader', detail: '', retryable: true, status: 503, ...fields });

test('a write without an Idempotency-Key is repeated only if nothing was written', () => {
  expect(mayRepeat(UNKEYED, failure({}))).toBe(true);
  expect(mayRepeat(UNKEYED, failure({ outcome: 'unknown' }))).toBe(false);
  expect(mayRepeat(KEYED, failure({ outcome: 'unknown' }))).toBe(true);
  expect(mayRepeat(READ, failure({}))).toBe(true);
});

test('what the server calls final is not repeated', () => {
  for (const effect of [READ, KEYED, UNKEYED]) expect(mayRepeat(effect, failure({ retryable: false }))).toBe(false);
});

test('pauses are drawn from bounds that double up to 2 s, on top of what the server asked for', () => {
  const pauses = [1, 2, 3, 6, 7, 30].map((attempts) =>
    pauseMs({ retryAfterMs: null }, { attempts, random: () => 0.5 }),
  );
  expect(pauses).toEqual([25, 50, 100, 800, 1000, 1000]);
  expect(pauseMs({ retryAfterMs: null }, { attempts: 5, random: () => 0 })).toBe(0);
  expect(pauseMs({ retryAfterMs: 3000 }, { attempts: 2, random: () => 0.5 })).toBe(3050);
});

describe('once it was unknown whether a write was applied', () => {
  const after = (effect: Effect, status: number) =>
    outcomeOf(effect, failure({ status, outcome: 'none' }), { wasUnknown: true });

  test('an answer about the key settles it, under the same Idempotency-Key', () => {
    expect([404, 409, 412].map((status) => after(KEYED, status))).toEqual(['none', 'none', 'none']);
    expect([404, 409, 412].map((status) => after(UNKEYED, status))).toEqual(['unknown', 'unknown', 'unknown']);
  });

  test('a refusal does not: the attempt before may wait somewhere', () => {
    expect([429, 503, 507].map((status) => after(KEYED, status))).toEqual(['unknown', 'unknown', 'unknown']);
  });

  test('before that, a refusal means that nothing was written', () => {
    expect(outcomeOf(KEYED, failure({ status: 507 }), { wasUnknown: false })).toBe('none');
  });
});

test('Retry-After is read as seconds or as a date', () => {
  expect(retryAfterMsOf('3', 0)).toBe(3000);
  expect(retryAfterMsOf('Thu, 01 Jan 1970 00:00:05 GMT', 2000)).toBe(3000);
  expect(retryAfterMsOf('Thu, 01 Jan 1970 00:00:05 GMT', 9000)).toBe(0);
  expect(retryAfterMsOf('soon', 0)).toBeNull();
  expect(retryAfterMsOf(null, 0)).toBeNull();
});
