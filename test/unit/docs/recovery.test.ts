import { expect, test } from '@jest/globals';
import { codesIn, page, tableOf } from './pages.ts';

const guide = page('docs/guides/recovery.md');
const ways = tableOf(guide, ['#', 'what happens']);
const tried = tableOf(guide, ['#', 'file', 'test']);

test.each(tried)('recovery, row %s: %s has the test "%s"', (_row, file = '', name = '') => {
  expect(page(codesIn(file)[0] ?? '')).toContain(name);
});

test('every way to lose a group is tried, and says what is done, seen, raised and to be done', () => {
  expect(ways.length).toBeGreaterThanOrEqual(12);
  expect([...new Set(tried.map(([row]) => row))]).toEqual(ways.map(([row]) => row));
  for (const cells of ways) expect(cells.filter((cell) => cell === '')).toEqual([]);
});

test('the guide explains every alarm that the store raises, and no other', () => {
  const [codes = ''] = (page('src/core/group/io.ts').split('export type AlarmCode =')[1] ?? '').split(';\n');
  const raised = [...codes.matchAll(/\| '([a-z-]+)'/g)].map(([, code]) => code);
  const explained = [...guide.matchAll(/^## `([a-z-]+)` \(Event/gm)].map(([, code]) => code);
  expect(raised.length).toBeGreaterThanOrEqual(3);
  expect(explained.toSorted()).toEqual(raised.toSorted());
});
