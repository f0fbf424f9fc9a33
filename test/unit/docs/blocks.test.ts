import { describe, expect, test } from '@jest/globals';
import { isShown, stepsOf, type Block } from '../../integration/docs/blocks.ts';
import { failuresIn, isFailure } from '../../integration/docs/shell.ts';

/** How the pages' examples are read; they are run in test/integration/docs. */
const block = (language: string, code: string): Block => ({ language, code, isStream: false, line: 1 });

describe('what a command prints is what the page shows', () => {
  test.each([
    ['text', 'dark\n', 'dark\n\n', true],
    ['text', 'dark\n', 'light\n', false],
    ['text', 'dark\n', 'dark\nlight\n', false],
    ['text', 'dark\n', '', false],
    ['text', 'ETag: "…"\n', 'ETag: "812-b1"\n', true],
    ['text', 'ETag: "…"\n', 'ETag: 812\n', false],
    ['text', 'a.c\n', 'abc\n', false],
    ['text', 'first\n…\nlast\n', 'first\nlast\n', true],
    ['text', 'first\n…\nlast\n', 'first\r\nsecond\r\nthird\r\nlast\r\n', true],
    ['text', 'first\n…\nlast\n', 'first\nsecond\n', false],
    ['json', '{"a":1,\n  "b":…}\n', '{"a":1,"b":[2]}', true],
    ['json', '{"a":1,\n  "b":…}\n', '{"a":2,"b":[2]}', false],
    ['text', '{"a":1,\n"b":2}\n', '{"a":1,"b":2}', false],
  ])('%s %j, printed %j: %s', (language, shown, printed, is) => {
    expect(isShown(block(language, shown), printed)).toBe(is);
  });
});

test('an answer is the text or JSON right beneath a command; other blocks are not run', () => {
  const page = [
    '```sh\na\n```\n\n```text\nA\n```',
    'Words.\n\n```json\nB\n```',
    '```sh\nc\n```\n\nWords.\n\n```text\nD\n```',
    '```sh stream\ne\n```\n\nWords.\n\n```text stream\nE\n```',
    '```console\nf\n```',
  ].join('\n\n');
  const { steps, others } = stepsOf(page);
  expect(steps.map(({ language, code, isStream, answer }) => [language, code, isStream, answer?.code])).toEqual([
    ['sh', 'a\n', false, 'A\n'],
    ['sh', 'c\n', false, undefined],
    ['sh', 'e\n', true, undefined],
    ['text', 'E\n', true, undefined],
  ]);
  expect(others.map(({ language, code }) => [language, code])).toEqual([
    ['json', 'B\n'],
    ['text', 'D\n'],
    ['console', 'f\n'],
  ]);
});

test('a block says which of its commands fail', () => {
  expect(failuresIn('curl x   # 412: it exists\nkv create k v  # exit code 4\ncurl y # all 12\n')).toEqual([
    '412',
    '4',
  ]);
  expect(['200', '204', '304', '400', '503', '4', '000'].filter(isFailure)).toEqual(['400', '503', '4', '000']);
});
