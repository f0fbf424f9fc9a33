import { expect, test } from '@jest/globals';
import { defaultTextOf, isDerived, options, type Option } from '../../../src/config/table.ts';
import { ERRORS } from '../../../src/core/base/errors.ts';
import { LIMITS } from '../../../src/ports/telemetry.ts';
import { codesIn, page, tableOf } from './pages.ts';

const readme = page('README.md');
const manifest = JSON.parse(page('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
const limits = tableOf(readme, ['what', 'option, default', 'beyond it', 'metric']);
const optionsByVariable = new Map(
  Object.values(options).map((option) => [option.variable as string, option as Option<unknown>]),
);

test('README gives a reason for every dependency, and for nothing else', () => {
  const rows = tableOf(readme, ['package', 'what for', 'why this one']);
  const named = rows.map(([name = '']) => codesIn(name)[0]);
  expect(named.toSorted()).toEqual(
    [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].toSorted(),
  );
  for (const [, purpose, reason] of rows) {
    expect(purpose).not.toBe('');
    expect(reason).toMatch(/\.$/);
  }
});

test('README lists what runs apart from what builds', () => {
  const [atRunTime = ''] = readme.split('To build and test:');
  const rows = tableOf(atRunTime, ['package', 'what for', 'why this one']);
  expect(rows.map(([name = '']) => codesIn(name)[0]).toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
});

test('README names limits by their options, with their defaults', () => {
  const cells = limits.map(([, option = '']) => option);
  expect(cells.length).toBeGreaterThan(15);
  for (const cell of cells) {
    for (const variable of codesIn(cell)) {
      const option = optionsByVariable.get(variable);
      if (option === undefined) throw new Error(`no option ${variable}`);
      if (option.default !== undefined && !isDerived(option.default)) {
        expect(cell).toContain(`\`${variable}\` ${defaultTextOf(option) ?? ''}`);
      }
    }
  }
});

test('README names every option of the section Limits that is of a kvstore or the proxy', () => {
  const named = new Set(limits.flatMap(([, option = '']) => codesIn(option)));
  const bounds = Object.values(options).filter(
    ({ section, processes }) => section === 'Limits' && processes.some((process) => process !== 'embedded'),
  );
  // The size of a piece is no limit.
  const missing = bounds.filter(({ variable }) => !named.has(variable) && variable !== 'KV_SNAPSHOT_CHUNK_BYTES');
  expect(missing.map(({ variable }) => variable)).toEqual([]);
});

test('README names limits by errors and metrics that exist', () => {
  const sources = [
    'src/adapters/observability/metrics.ts',
    'src/main/kvstore/replica.ts',
    'src/main/kvstore/data-file.ts',
    'src/main/proxy.ts',
  ];
  const published = sources.map(page).join('\n');
  for (const [, , error = '', metric = ''] of limits) {
    for (const code of codesIn(error)) expect(Object.keys(ERRORS)).toContain(code);
    for (const name of codesIn(metric)) expect(published).toContain(`'${name.replace(/\{.*/, '')}'`);
  }
});

test('README names every limit that is counted, by its code', () => {
  const named = limits.flatMap(([, , , metric = '']) =>
    [...metric.matchAll(/kvstore_limits_hit_total\{code="([^"]+)"\}/g)].map(([, code]) => code),
  );
  expect([...new Set(named)].toSorted()).toEqual([...LIMITS].toSorted());
});
