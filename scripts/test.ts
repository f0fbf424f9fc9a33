/**
 * Runs the tests, part after part: unit tests share the cores, compat asks a small store in its own process, the
 * simulation brings its own workers; contract, integration, chaos and e2e start real processes and measure time, so they
 * have the machine for themselves. Ends with one line of sums.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not even be loaded. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const root = resolve(import.meta.dirname, '..');
const parts = ['unit', 'compat', 'contract', 'simulation', 'integration', 'chaos', 'e2e'];

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !parts.includes(part));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(', ')}; there are ${parts.join(', ')}`);
  process.exit(2);
}

const sums = { passed: 0, failed: 0 };
for (const part of parts) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  const results = runJest(part);
  sums.passed += results.numPassedTests;
  sums.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  // Whatever was left out is named, for its name says why; jest tells only how many there were.
  for (const { status, fullName } of results.testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'pending') console.log(`skipped: ${fullName}`);
  }
}
console.log(`${sums.passed} passed, ${sums.failed} failed`);
process.exitCode = sums.failed === 0 && sums.passed > 0 ? 0 : 1;

function runJest(part: string): JestResults {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-test-'));
  const outputFile = join(folder, 'results.json');
  try {
    const arguments_ = ['--selectProjects', part, '--passWithNoTests', '--json', '--outputFile', outputFile];
    if (part !== 'unit') arguments_.push('--runInBand');
    const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    spawnSync(process.execPath, [...node, 'node_modules/jest/bin/jest.js', ...arguments_], {
      cwd: root,
      // Jest reports to standard error; its standard output is the JSON once more.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return JSON.parse(readFileSync(outputFile, 'utf8')) as JestResults;
  } catch (error) {
    console.error(`${part}: jest ended without results: ${String(error)}`);
    return { numPassedTests: 0, numFailedTests: 1, numRuntimeErrorTestSuites: 0, testResults: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
