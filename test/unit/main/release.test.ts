import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { RELEASE } from '../../../src/main/release.ts';

test('the release that the servers tell is the one of package.json', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(RELEASE).toBe(manifest.version);
});
