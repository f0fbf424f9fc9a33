import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

interface Problem {
  readonly ruleId: string;
  readonly line: number;
  readonly message: string;
}

/** What lint says about `source` if it stood in `file`, which must be a real one for the types to be known. */
function problemsIn(file: string, source: string): Promise<readonly Problem[]> {
  return new Promise((resolve, reject) => {
    const eslint = ['node_modules/eslint/bin/eslint.js', '--stdin', '--stdin-filename', file, '--format', 'json'];
    const child = execFile(process.execPath, eslint, (_failure, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr));
      else resolve((JSON.parse(stdout) as [{ messages: Problem[] }])[0].messages);
    });
    child.stdin?.end(source);
  });
}

const linesWith = (problems: readonly Problem[], rule: string) =>
  problems.filter((problem) => problem.ruleId === rule).map((problem) => problem.line);

test('the core reaches no clock, timer, chance or promise, and imports nothing but the core', async () => {
  const forbidden = [
    'export const a = Date.now();',
    'export const b = performance.now();',
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'setImmediate(() => {});',
    'queueMicrotask(() => {});',
    'export const c = process.pid;',
    'export const d = Promise.resolve();',
    'export const e = Math.random();',
    'export async function f() {}',
    "import { readFileSync } from 'node:fs';",
    "import type { Clock } from '../../ports/clock.ts';",
    "export { entryOf } from '../replication/entry.ts';",
    "export { monotonicMs } from './numbers.ts';",
  ];
  const problems = await problemsIn('src/core/base/random.ts', forbidden.join('\n'));
  expect(linesWith(problems, 'no-restricted-globals')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(linesWith(problems, 'no-restricted-properties')).toEqual([9]);
  expect(linesWith(problems, 'no-restricted-syntax')).toEqual([10]);
  expect(linesWith(problems, 'kvstore/import-table')).toEqual([11, 12, 13]);
});

test('an adapter imports ports and packages, but no other adapter; the message says why', async () => {
  const source = [
    "import { createLogger } from 'winston';",
    "import type { Clock } from '../../ports/clock.ts';",
    "import type { Epoch } from '../../core/base/numbers.ts';",
    "import { logReport } from '../observability/log-report.ts';",
    "import { loadConfig } from '../../config/load-config.ts';",
    'export type { Clock, Epoch };',
    'export { createLogger, logReport, loadConfig };',
  ];
  const problems = await problemsIn('src/adapters/system/system-clock.ts', source.join('\n'));
  expect(linesWith(problems, 'kvstore/import-table')).toEqual([4, 5]);
  expect(problems.find((problem) => problem.line === 4)?.message).toContain('Two adapters that know each other');
});

test('import cycles, floating promises, any and a switch that forgets a case are refused', async () => {
  const source = [
    "import { relations } from './relations.ts';",
    'export const first: any = relations;',
    "export function print(level: 'a' | 'b'): void {",
    '  switch (level) {',
    "    case 'a':",
    '      Promise.resolve(first);',
    '  }',
    '}',
  ];
  const problems = await problemsIn('src/config/table.ts', source.join('\n'));
  expect(linesWith(problems, 'kvstore/no-import-cycles')).toEqual([1]);
  expect(linesWith(problems, '@typescript-eslint/no-explicit-any')).toEqual([2]);
  expect(linesWith(problems, '@typescript-eslint/switch-exhaustiveness-check')).toEqual([4]);
  expect(linesWith(problems, '@typescript-eslint/no-floating-promises')).toEqual([6]);
});
