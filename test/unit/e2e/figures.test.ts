import { describe, expect, test } from '@jest/globals';
import type { RecordedOperation } from '../../chaos/load/requests.ts';
import { figuresOf } from '../../e2e/figures.ts';

const NONE_EXPECTED = { expectedCodes: [] };

function operation(over: Partial<RecordedOperation>): RecordedOperation {
  return {
    client: 0,
    op: 'put',
    key: 'k',
    value: 'v',
    expect: null,
    mode: null,
    start: 0,
    end: 1000,
    outcome: 'ok',
    revision: null,
    code: null,
    target: 'kvstore-proxy',
    ...over,
  };
}

const write = (endMs: number): RecordedOperation => operation({ start: endMs * 1000 - 500, end: endMs * 1000 });
const read = (endMs: number): RecordedOperation => operation({ ...write(endMs), op: 'get', value: null });

describe('figures of a load', () => {
  test('a pause is the longest time between two acknowledged writes, whoever made them', () => {
    const history = [write(10), { ...write(40), client: 1 }, write(20), { ...write(100), client: 2 }, write(110)];
    expect(figuresOf(history, NONE_EXPECTED)).toMatchObject({ writePauseMs: 60, writePauseAtMs: 30.5 });
  });

  test('reads have pauses of their own, and fill none of writes', () => {
    const history = [write(10), read(20), read(30), write(40)];
    expect(figuresOf(history, NONE_EXPECTED)).toMatchObject({ writePauseMs: 30, readPauseMs: 10 });
  });

  test('what was not acknowledged ends no pause', () => {
    const lost = operation({ start: 0, end: 30_000, outcome: 'unknown', code: 'gave up' });
    const refused = operation({ op: 'create', start: 0, end: 35_000, outcome: 'refused', code: 'exists' });
    expect(figuresOf([write(10), lost, refused, write(90)], NONE_EXPECTED)).toMatchObject({ writePauseMs: 80 });
  });

  test('a request fails by whatever its client does not reckon with; a condition that does not hold is an answer', () => {
    const history = [
      operation({ op: 'cas', expect: 3, outcome: 'refused', code: 'revision-mismatch' }),
      operation({ outcome: 'failed', code: 'connection refused' }),
      operation({ outcome: 'unknown', code: 'connection cut' }),
      operation({ op: 'get', value: null, outcome: 'failed', code: 'no-replica' }),
      operation({ op: 'get', value: null, outcome: 'failed', code: 'no-replica' }),
    ];
    expect(figuresOf(history, NONE_EXPECTED)).toMatchObject({
      failed: 4,
      failures: { 'write: connection refused': 1, 'write: connection cut': 1, 'read: no-replica': 2 },
    });
  });

  test('an error that the round brings about is no failure', () => {
    const full = operation({ outcome: 'failed', code: 'memory-full' });
    expect(figuresOf([full, full], { expectedCodes: ['memory-full'] }).failed).toBe(0);
    expect(figuresOf([full, full], NONE_EXPECTED).failed).toBe(2);
  });
});
