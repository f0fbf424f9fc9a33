/**
 * Runs the tests, part after part: unit tests share the cores, compat asks a small store in its own process, the
 * simulation brings its own workers; contract, integration, chaos and e2e start real processes and measure time, so they
 * have the machine for themselves. Ends with what has failed, once more, and one line of sums.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not even be loaded. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Of the file, if it could not be loaded. */
    readonly message: string;
    readonly assertionResults: readonly AssertionResult[];
  }[];
}

interface AssertionResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages: readonly string[];
}

/** Of a failure's message, at the end; the whole is where it happened. */
const MESSAGE_CHARACTERS_SHOWN = 1200;

const root = resolve(import.meta.dirname, '..');
const parts = ['unit', 'compat', 'contract', 'simulation', 'integration', 'chaos', 'e2e'];

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !parts.includes(part));
if (unknown.length > 0) {
  console.error(`unknown part: ${unknown.join(', ')}; there are ${parts.join(', ')}`);
  process.exit(2);
}

const sums = { passed: 0, failed: 0 };
const failures: string[] = [];
for (const part of parts) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  const startedMs = performance.now();
  const results = runJest(part);
  console.log(`${part} took ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  sums.passed += results.numPassedTests;
  sums.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  for (const { name, message, assertionResults } of results.testResults) {
    if (assertionResults.length === 0 && message !== '') failures.push(failure(`${part}: ${name}`, message));
    for (const { status, fullName, failureMessages } of assertionResults) {
      // Whatever was left out is named, for its name says why; jest tells only how many there were.
      if (status === 'pending') console.log(`skipped: ${fullName}`);
      if (status === 'failed') failures.push(failure(`${part}: ${fullName}`, failureMessages.join('\n')));
    }
  }
}
// Thousands of lines are between a failure and the end, and whoever keeps a log keeps its end.
for (const text of failures) console.log(text);
console.log(`${sums.passed} passed, ${sums.failed} failed`);
process.exitCode = sums.failed === 0 && sums.passed > 0 ? 0 : 1;

function failure(what: string, message: string): string {
  const said = stripVTControlCharacters(message);
  const cut = said.length > MESSAGE_CHARACTERS_SHOWN ? `${said.slice(0, MESSAGE_CHARACTERS_SHOWN)} […]` : said;
  return `failed: ${what}\n${cut.replaceAll(/^/gm, '  ')}`;
}

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
