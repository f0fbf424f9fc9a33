import { expect, test } from '@jest/globals';
import { judge } from '../../endurance/flatness.ts';
import { figuresOf, withFigures } from '../../endurance/page.ts';
import { page } from '../docs/pages.ts';
import { recordingOf } from './recordings.ts';

const recording = recordingOf(100, (place) => ({ processes: { 'kvstore-0': { rssMiB: 100 + place, keys: 1000 } } }), {
  faults: [
    { atS: 20, what: 'SIGKILL of kvstore-1' },
    { atS: 40, what: 'SIGKILL of kvstore-2' },
    { atS: 60, what: 'SIGTERM of proxy-1' },
  ],
  load: { requests: 9, answered: 8, failures: { 'connection cut': 1 }, wrong: [], connections: 2 },
});

test('the figures tell what was done, what failed, and what is not flat', () => {
  const text = figuresOf(recording, judge(recording));
  expect(text).toContain('Faults: 2 × SIGKILL of a kvstore, 1 × SIGTERM of a proxy.');
  expect(text).toContain('these failed: 1 × connection cut.');
  expect(text).toMatch(/\| Resident memory \| kvstore-0 \| \d+ \| [\d.]+ \| [\d.]+ \| \*\*no\*\* \|/);
  expect(text).toMatch(/\| Keys \| kvstore-0 \| 1000 \| 0 \| 50 \| yes \|/);
});

test('they take the place of those of the run before', () => {
  const before =
    'a\n<!-- of the newest run: written by npm run endurance -->\nold\n<!-- end of the newest run -->\nz\n';
  const once = withFigures(before, recording, judge(recording));
  expect(once).not.toContain('old');
  expect(once).toMatch(/^a\n[^]*\nz\n$/);
  expect(withFigures(once, recording, judge(recording))).toBe(once);
  expect(() => withFigures('a page', recording, [])).toThrow('no place for the figures');
});

test('the page of the docs has that place', () => {
  expect(() => withFigures(page('docs/endurance.md'), recording, [])).not.toThrow();
});
