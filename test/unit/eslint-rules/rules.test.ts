import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from '@jest/globals';

interface Problem {
  readonly ruleId: string;
  readonly line: number;
  readonly message: string;
}

/** What must be refused, each line for itself. The files are real ones, for the types to be known. */
const texts = {
  core: {
    file: 'src/core/base/random.ts',
    lines: [
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
    ],
  },
  adapter: {
    file: 'src/adapters/system/system-clock.ts',
    lines: [
      "import { createLogger } from 'winston';",
      "import type { Clock } from '../../ports/clock.ts';",
      "import type { Epoch } from '../../core/base/numbers.ts';",
      "import { logReport } from '../observability/log-report.ts';",
      "import { loadConfig } from '../../config/load-config.ts';",
      'export type { Clock, Epoch };',
      'export { createLogger, logReport, loadConfig };',
    ],
  },
  config: {
    file: 'src/config/table.ts',
    lines: [
      "import { relations } from './relations.ts';",
      'export const first: any = relations;',
      "export function print(level: 'a' | 'b'): void {",
      '  switch (level) {',
      "    case 'a':",
      '      Promise.resolve(first);',
      '  }',
      '}',
    ],
  },
};

/** By text. One run for all: most of its time goes into reading the types. */
let problems: Record<keyof typeof texts, readonly Problem[]>;

beforeAll(async () => {
  const lint = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/lint.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  lint.stdin.end(JSON.stringify(Object.values(texts).map(({ file, lines }) => [file, lines.join('\n')])));
  const [core = [], adapter = [], config = []] = JSON.parse(await text(lint.stdout)) as Problem[][];
  problems = { core, adapter, config };
}, 120_000);

const linesWith = (problems: readonly Problem[], rule: string) =>
  problems.filter((problem) => problem.ruleId === rule).map((problem) => problem.line);

test('the core reaches no clock, timer, chance or promise, and imports nothing but the core', () => {
  expect(linesWith(problems.core, 'no-restricted-globals')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(linesWith(problems.core, 'no-restricted-properties')).toEqual([9]);
  expect(linesWith(problems.core, 'no-restricted-syntax')).toEqual([10]);
  expect(linesWith(problems.core, 'kvstore/import-table')).toEqual([11, 12, 13]);
});

test('an adapter imports ports and packages, but no other adapter; the message says why', () => {
  expect(linesWith(problems.adapter, 'kvstore/import-table')).toEqual([4, 5]);
  expect(problems.adapter.find((problem) => problem.line === 4)?.message).toContain(
    'Two adapters that know each other',
  );
});

test('import cycles, floating promises, any and a switch that forgets a case are refused', () => {
  expect(linesWith(problems.config, 'kvstore/no-import-cycles')).toEqual([1]);
  expect(linesWith(problems.config, '@typescript-eslint/no-explicit-any')).toEqual([2]);
  expect(linesWith(problems.config, '@typescript-eslint/switch-exhaustiveness-check')).toEqual([4]);
  expect(linesWith(problems.config, '@typescript-eslint/no-floating-promises')).toEqual([6]);
});
