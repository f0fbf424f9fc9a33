import { expect, test } from '@jest/globals';
import { cliReference } from '../../../src/cli/reference.ts';
import { page } from './pages.ts';

test('the reference of the command line is what --help says', () => {
  expect(page('docs/reference/cli.md')).toBe(cliReference());
});
