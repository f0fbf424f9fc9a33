import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Stage } from '../stage.ts';

/** What somebody else's tool makes of the document, asked of a proxy: requests at the edges of each schema, and beyond. */
const PROGRAM = join(import.meta.dirname, 'schemathesis.sh');
const CONFIG = join(import.meta.dirname, 'schemathesis.toml');
/** On a machine that has nothing else to do, half a minute. */
const WITHIN_MS = 300_000;

const found = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
const missing = found.status === 0 ? null : (found.error?.message ?? found.stderr.trim());

let stage: Stage | null = null;
/** What it keeps between runs is not kept: each begins anew. */
let folder = '';

if (missing !== null && process.env['CI'] === undefined) {
  test.skip(`Schemathesis finds nothing: ${missing}`, () => undefined);
} else {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kvstore-schemathesis-'));
    stage = await Stage.open();
  }, WITHIN_MS);

  afterAll(async () => {
    await stage?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    'Schemathesis finds nothing',
    async () => {
      // In CI it is not left out: what is missing is missed.
      expect(missing).toBeNull();
      const { code, output } = await run(['--config-file', CONFIG, 'run', `${stage?.proxy ?? ''}/openapi.json`]);
      if (code !== 0) throw new Error(output);
      expect(output).toMatch(/Tested: [1-9]/);
    },
    WITHIN_MS,
  );
}

interface Ended {
  readonly code: number | string;
  readonly output: string;
}

function run(options: readonly string[]): Promise<Ended> {
  // One worker: two threads that read Python's syntax at once end in a SystemError now and then (python/cpython#106905).
  const quiet = ['--no-color', '--warnings', 'off', '--workers', '1', '--request-timeout', '15'];
  return new Promise((resolve) => {
    execFile(
      PROGRAM,
      [...options, ...quiet],
      { cwd: folder, maxBuffer: 2 ** 26, timeout: WITHIN_MS },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? 'ended by a signal'), output: `${stdout}\n${stderr}` });
      },
    );
  });
}
