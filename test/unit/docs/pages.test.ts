import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { options } from '../../../src/config/table.ts';
import { allPages, codesIn, page, tableOf } from './pages.ts';

const root = resolve(import.meta.dirname, '../../..');

describe.each(allPages())('%s', (path) => {
  const text = page(path);

  test('links to files that exist', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => (match[1] ?? '').replace(/#.*/, ''));
    const files = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
    expect(files.filter((file) => !existsSync(resolve(root, dirname(path), file)))).toEqual([]);
  });

  test('names only options that exist', () => {
    const known = new Set<string>(Object.values(options).map(({ variable }) => variable));
    const named = [...text.matchAll(/\bKV_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    // Of the tests' own runs.
    const others = [
      'KV_SIM_SEED',
      'KV_SIM_SECONDS',
      'KV_CHAOS_SEED',
      'KV_CHAOS_RUNS',
      'KV_CHAOS_SECONDS',
      'KV_CHAOS_NETWORK',
      'KV_ORACLE_SEED',
      'KV_ORACLE_RUNS',
      // What the command line reads, and what it tells the commands that it runs.
      ...['KV_URL', 'KV_TOKEN', 'KV_CONTEXT', 'KV_CONSISTENCY', 'KV_OUTPUT', 'KV_CONFIG', 'KV_FENCE'],
      ...['KV_EVENT', 'KV_EVENT_ID', 'KV_KEY', 'KV_REVISION', 'KV_VERSION'],
      // Of an earlier service.
      'KV_STORE_SERVICE_URL',
      'KV_CLUSTER',
      'KV_MUTANTS_SEED',
    ];
    expect(named.filter((name) => !known.has(name) && !others.includes(name))).toEqual([]);
  });
});

test('every decision is on the list of decisions', () => {
  const list = tableOf(page('docs/decisions/README.md'), ['', '']).map(([link = '']) => /\((.*)\)/.exec(link)?.[1]);
  const pages = allPages().filter((path) => /^docs\/decisions\/\d/.test(path));
  expect(list.toSorted()).toEqual(pages.map((path) => path.slice('docs/decisions/'.length)).toSorted());
});

test('the import table of the architecture page is that of the sources', () => {
  const sources = JSON.parse(page('src/import-table.json')) as Record<string, { readonly may: readonly string[] }>;
  const rows = tableOf(page('docs/architecture.md'), ['folder', 'may import', 'packages']);
  expect(rows.map(([folder = '']) => codesIn(folder)[0]).toSorted()).toEqual(Object.keys(sources).toSorted());
  for (const [folder = '', may = ''] of rows) {
    const name = codesIn(folder)[0] ?? '';
    const allowed = sources[name]?.may ?? [];
    if (name === 'core/base' || name === 'main') continue;
    expect({ [name]: codesIn(may) }).toEqual({ [name]: allowed });
  }
});
