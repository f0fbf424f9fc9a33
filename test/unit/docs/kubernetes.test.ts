import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import { ERRORS } from '../../../src/core/base/errors.ts';
import { tombstoneBytes, valueBytes } from '../../../src/core/store/store.ts';
import { codesIn, page, tableOf } from './pages.ts';

const guide = page('docs/guides/kubernetes.md');
const sources = textBelow('src');
const scripts = textBelow('scripts/cluster');

function textBelow(folder: string): string {
  const root = resolve(import.meta.dirname, '../../..', folder);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => readFileSync(resolve(file.parentPath, file.name), 'utf8')).join('\n');
}

const all = (pattern: RegExp, text = guide) => [...new Set([...text.matchAll(pattern)].map(([, found = '']) => found))];

describe('what the guide tells to look for is what the processes say', () => {
  test.each(all(/"event":"([^"]+)"/g))('the event %s', (event) => {
    expect(sources).toContain(`'${event}'`);
  });

  test.each([
    'the record is lost: an operator is needed',
    'no record is known yet, or no replica answers',
    'are open already',
    'no common version: the other side speaks',
    'not heard of, and its Lease expired',
    'began anew after a planned end',
    'began anew: every member was gone',
    'the leader cannot be heard',
    'caught up',
    'it does not acknowledge',
    'took over: the leader was ',
  ])('the words "%s"', (words) => {
    expect(guide).toContain(words);
    expect(sources).toContain(words);
  });

  test.each(all(/\b(kvstore_[a-z_]+)\b/g))('the metric %s', (metric) => {
    expect(sources).toContain(`'${metric}'`);
  });

  test.each(all(/\b(?:503|410|413|507|404) `([a-z-]+)`/g))('the error %s', (code) => {
    expect(Object.keys(ERRORS)).toContain(code);
  });
});

test.each([
  ['src/core/store/records.ts', 'APART_OVERHEAD_BYTES', /(\d+) more if the value is longer than 4 KiB/],
  ['src/core/store/content-types.ts', 'TYPE_OVERHEAD_BYTES', /each content type once, with (\d+) bytes/],
  ['src/core/store/store.ts', 'EXPIRY_BYTES', /(\d+) if it has a time to live/],
  ['src/core/store/uses.ts', 'USE_BYTES', /(\d+) if it has an idle time/],
  ['src/core/store/history.ts', 'KEY_PLACE_BYTES', /for each key that has any (\d+) bytes/],
  ['src/core/store/idempotency.ts', 'OVERHEAD_BYTES', /kept `Idempotency-Key` (\d+) bytes/],
])('what it says of sizes is what is accounted for: %s, %s', (file, constant, said) => {
  const accounted = new RegExp(`const ${constant} = (\\d+);`).exec(page(file))?.[1];
  expect(accounted).toBeDefined();
  expect(said.exec(guide)?.[1]).toBe(accounted);
});

const keyOf = (length: number) => 'k'.repeat(length) as Key;

test.each([
  [1, 0],
  [16, 64],
  [30, 500],
  [200, 4096],
  [30, 5000],
])('and of a value: a key of %i bytes, a value of %i', (keyLength, valueLength) => {
  const said = Number(/the key, the value, (\d+) bytes, and up to an eighth/.exec(guide)?.[1]);
  const apart = valueLength > 4096 ? 250 : 0;
  const least = keyLength + valueLength + said + apart;
  const accounted = valueBytes(keyOf(keyLength), new Uint8Array(valueLength));
  expect(accounted).toBeGreaterThanOrEqual(least);
  expect(accounted).toBeLessThan(1.125 * least + 16);
});

test.each([1, 16, 100])('and of what is deleted: a key of %i bytes', (keyLength) => {
  const said = Number(/remembered the key and (\d+) bytes/.exec(guide)?.[1]);
  const accounted = tombstoneBytes(keyOf(keyLength));
  expect(accounted).toBeGreaterThanOrEqual(keyLength + said);
  expect(accounted).toBeLessThan(1.125 * (keyLength + said) + 24);
});

test('it says of each alert where to look first', () => {
  const raised = all(/- alert: (\w+)/g, page('k8s/components/monitoring/rules.yaml'));
  const explained = tableOf(guide, ['alert', 'metric', 'first look at']).map(([alert = '']) => codesIn(alert)[0]);
  expect(raised.length).toBeGreaterThanOrEqual(8);
  expect(explained).toEqual(raised);
});

test('it uses run.sh with the verbs and options that there are', () => {
  const calls = all(/(\.\/run\.sh (?:up|status|test cluster|logs|down)[^`\n]*)/g);
  expect(calls.length).toBeGreaterThanOrEqual(8);
  for (const option of calls.flatMap((call) => call.match(/--[a-z-]+/g) ?? [])) {
    // The one that is a value: --build-option --platform=…
    if (option !== '--platform') expect(scripts).toContain(`  ${option} `);
  }
});
