import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../../src/core/base/errors.ts';
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
  ['src/core/store/store.ts', 'VALUE_OVERHEAD_BYTES', /content type and (\d+) bytes/],
  ['src/core/store/content-bytes.ts', 'OFF_HEAP_OVERHEAD_BYTES', /(\d+) more if the value/],
  ['src/core/store/content-bytes.ts', 'ON_HEAP_BYTES_MAX', /is longer than (\d+) bytes/],
  ['src/core/store/store.ts', 'TOMBSTONE_OVERHEAD_BYTES', /remembered the key and (\d+) bytes/],
  ['src/core/store/history.ts', 'OLDER_OVERHEAD_BYTES', /its content type and (\d+) bytes, 170 more/],
  ['src/core/store/history.ts', 'KEY_OVERHEAD_BYTES', /has any the key and (\d+) bytes/],
  ['src/core/store/idempotency.ts', 'OVERHEAD_BYTES', /kept `Idempotency-Key` (\d+) bytes/],
])('what it says of sizes is what is accounted for: %s, %s', (file, constant, said) => {
  const accounted = new RegExp(`const ${constant} = (\\d+);`).exec(page(file))?.[1];
  expect(accounted).toBeDefined();
  expect(said.exec(guide)?.[1]).toBe(accounted);
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
