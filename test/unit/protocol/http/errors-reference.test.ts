import { readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { ERRORS, type ErrorEntry } from '../../../../src/core/base/errors.ts';
import { problemOf } from '../../../../src/protocol/http/problem.ts';

const REFERENCE = new URL('../../../../docs/reference/errors.md', import.meta.url);

const entries = Object.entries<ErrorEntry>(ERRORS);

function reference(): string {
  const rows = entries.map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.status} | ${entry.retryable ? 'yes' : 'no'} | ${entry.title} | ${entry.meaning} | ${entry.advice} |`,
  );
  return ['| code | status | retryable | title | when | what to do |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** To bring the page up to date: `UPDATE_REFERENCE=1 npm run jest -- errors-reference`. */
test('docs/reference/errors.md shows the table of errors', () => {
  const page = readFileSync(REFERENCE, 'utf8');
  const [before = '', after = ''] = page.split(/<!-- table -->[^]*<!-- end of table -->/);
  const expected = `${before}<!-- table -->\n\n${reference()}\n\n<!-- end of table -->${after}`;
  if (process.env['UPDATE_REFERENCE'] === '1') writeFileSync(REFERENCE, expected);
  else expect(page).toBe(expected);
});

test.each(entries)('%s: its texts are whole sentences, and its status is one of HTTP', (code, entry) => {
  expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  expect(entry.meaning).toMatch(/^[A-Z].*\.$/);
  expect(entry.advice).toMatch(/^[A-Z].*\.$/);
  expect(entry.title).toMatch(/^[A-Z][^.]*$/);
  expect(entry.status).toBeGreaterThanOrEqual(400);
  expect(entry.status).toBeLessThan(600);
});

test('a retry is promised only where waiting can help', () => {
  const retryable = new Set(entries.filter(([, entry]) => entry.retryable).map(([, entry]) => entry.status));
  expect([...retryable].sort()).toEqual([408, 409, 429, 503]);
});

test('a problem says what happened, what to do, and whether the write may have landed', () => {
  expect(problemOf({ code: 'deposed', detail: 'The leader kv-0 was lost.', outcome: 'unknown' })).toEqual({
    type: 'urn:kvstore:error:deposed',
    title: 'Leader changed',
    status: 503,
    detail:
      'The leader kv-0 was lost. Whether the write was or will be applied is unknown. Send it again; with an Idempotency-Key it is applied at most once.',
    code: 'deposed',
    retryable: true,
    outcome: 'unknown',
  });
});
