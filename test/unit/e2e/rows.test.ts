import { describe, expect, test } from '@jest/globals';
import { tableOf } from '../../e2e/report.ts';
import { rows, shortcomings, type Row } from '../../e2e/rows.ts';
import type { Round } from '../../e2e/under-load.ts';

const FIGURES = {
  operations: 1000,
  acknowledgedWrites: 300,
  answeredReads: 700,
  writePauseMs: 120,
  writePauseAtMs: 4000,
  readPauseMs: 40,
  failures: {},
  failed: 0,
};
const ROUND: Round = { figures: FIGURES, stallMs: 3, writePauseAt: '2026-01-01T00:00:04.000Z', note: '', broken: [] };
const FAILED: Round = { ...ROUND, figures: { ...FIGURES, failed: 2, failures: { 'read: no-replica': 2 } } };

const EXACT = { pauseTolerance: 1 };

const rowNamed = (name: string): Row => {
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
};

describe('what a row requires', () => {
  test('nothing is missing of a round that shows all of it', () => {
    expect(shortcomings(rowNamed('rollout-kvstore'), ROUND, EXACT)).toEqual([]);
  });

  test('a rollout fails no request; a leader that is killed may', () => {
    expect(shortcomings(rowNamed('rollout-kvstore'), FAILED, EXACT)).toEqual([
      '2 requests failed: {"read: no-replica":2}',
    ]);
    expect(shortcomings(rowNamed('leader-deleted'), FAILED, EXACT)).toEqual([]);
  });

  test('pauses of writes and of reads count alike', () => {
    const slow = { ...ROUND, figures: { ...FIGURES, writePauseMs: 301, readPauseMs: 302 } };
    expect(shortcomings(rowNamed('rollout-proxy'), slow, EXACT)).toEqual([
      'no writes for 301 ms; 300 ms are allowed',
      'no reads for 302 ms; 300 ms are allowed',
    ]);
  });

  test('on a busy machine pauses may be longer by so much, and requests may fail no more', () => {
    const slow = { ...FAILED, figures: { ...FAILED.figures, writePauseMs: 1500, readPauseMs: 1501 } };
    expect(shortcomings(rowNamed('rollout-proxy'), slow, { pauseTolerance: 5 })).toEqual([
      '2 requests failed: {"read: no-replica":2}',
      'no reads for 1501 ms; 1500 ms are allowed',
    ]);
  });

  test('a broken promise is one whatever the figures', () => {
    expect(shortcomings(rowNamed('node-power-cut'), { ...ROUND, broken: ['lost'] }, EXACT)).toEqual(['lost']);
  });

  test('each has a name of its own', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });
});

test('the table tells the worst pauses and all failures, and why a row was not played', () => {
  const table = tableOf(rows, [
    {
      kind: 'played',
      row: 'rollout-kvstore',
      rounds: [ROUND, { ...FAILED, note: 'a|note' }],
      shortcomings: ['round 2: no\nreads'],
    },
    { kind: 'skipped', row: 'api-stopped', reason: 'nobody has power' },
  ]);
  expect(table.split('\n')).toEqual([
    '| what | rounds | pause of writes | of reads | failed | operations | seen |',
    '|---|---|---|---|---|---|---|',
    '| rollout-kvstore: kubectl rollout restart of kvstore | 2 | 120 ms | 40 ms | 2 | 2000 | **no**: round 2: no reads; a note |',
    '| api-stopped: the API server stopped: writes go on, the same leads after | – | – | – | – | – | skipped: nobody has power |',
  ]);
});
