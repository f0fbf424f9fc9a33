import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { codesIn, page, tableOf } from './pages.ts';

const reference = page('docs/reference/invariants.md');

/** As they stand in the sources: as the argument of an assert, or as the constant that is one. */
function assertsIn(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((file) =>
    [...page(join(folder, file)).matchAll(/'(R\d+: [^']+)'/g)].map((match) => match[1] ?? ''),
  );
}

test('the page of the invariants lists every assert, by its words, once, and no other', () => {
  const listed = tableOf(reference, ['assert', 'what it protects']).flatMap(([assert = '']) => codesIn(assert));
  const asserted = new Set(assertsIn('src'));
  expect(asserted.size).toBeGreaterThan(30);
  expect(listed.toSorted()).toEqual([...asserted].toSorted());
});

test('it lists them in the order of the rules', () => {
  const rules = tableOf(reference, ['assert', 'what it protects']).map(([assert = '']) =>
    Number(/\d+/.exec(assert)?.[0]),
  );
  expect(rules).toEqual(rules.toSorted((a, b) => a - b));
});
