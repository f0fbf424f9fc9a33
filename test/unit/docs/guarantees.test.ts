import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { page } from './pages.ts';

const guarantees = page('docs/reference/guarantees.md');
const root = resolve(import.meta.dirname, '../../..');

/** Lines of a promise that name a test. */
const named = guarantees
  .split('\n')
  .filter((line) => line.startsWith('- `test/'))
  .map((line) => {
    const parts = /^- `(test\/[^`]+)`: \*(.+)\*$/.exec(line);
    if (parts === null) throw new Error(`this line does not name a test: ${line}`);
    return { file: parts[1] ?? '', title: parts[2] ?? '' };
  });

test('the page of guarantees names tests, each once', () => {
  expect(named.length).toBeGreaterThan(50);
  const lines = named.map(({ file, title }) => `${file}: ${title}`);
  expect(lines.filter((line, place) => lines.indexOf(line) !== place)).toEqual([]);
});

test.each(named)('$file has the test "$title"', ({ file, title }) => {
  expect(existsSync(resolve(root, file))).toBe(true);
  // One that runs for several seeds has them in its title.
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "\\\\?'");
  const titles = new RegExp(`\\btest(?:\\.each\\([^\\n]*\\))?\\(\\s*(['"\`])${literal}(?: \\(seed %d\\))?\\1`);
  expect(titles.test(page(file))).toBe(true);
});

describe('every promise', () => {
  const sections = guarantees.split(/^## /m).slice(1);
  const promises = sections.filter((section) => !section.startsWith('What is not promised at all'));

  test.each(promises.map((section) => [section.split('\n', 1)[0] ?? '', section] as const))(
    'of the section "%s" is held by a test',
    (_title, section) => {
      expect(section).toMatch(/^- `test\//m);
      expect(section).toMatch(/^\*\*|\n\*\*|\| promise \|/);
    },
  );
});
