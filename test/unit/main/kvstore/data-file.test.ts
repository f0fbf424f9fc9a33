import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { DataFileError } from '../../../../src/adapters/dataset/data-file.ts';
import { loadConfig } from '../../../../src/config/load-config.ts';
import { loadFailure, openDataFile } from '../../../../src/main/kvstore/data-file.ts';
import { quietLog } from '../../runtime/fakes.ts';

const Mi = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'kvstore-dataset-'));
const path = join(folder, 'pairs.data');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function configured(env: Readonly<Record<string, string>>) {
  const pod = { KV_POD_NAME: 'kv-0', KV_POD_IP: '10.0.0.1' };
  const loaded = loadConfig('kvstore', { ...pod, ...env }, []);
  if (loaded.kind !== 'config') throw new Error(JSON.stringify(loaded));
  return loaded.config;
}

async function opened(env: Readonly<Record<string, string>> = {}) {
  const file = await openDataFile(configured({ KV_DATASET: path, ...env }), quietLog);
  if (file === null) throw new Error('no data file');
  return file;
}

test('without KV_DATASET there is no data file', async () => {
  expect(await openDataFile(configured({}), quietLog)).toBeNull();
});

test('the file, the store at its largest and 192 MiB for the process have room within the limit of memory', async () => {
  writeFileSync(path, 'x'.repeat(1000));
  const config = configured({ KV_DATASET: path, KV_MEMORY_MAX: '100Mi' });
  expect((await openDataFile(config, quietLog, 292 * Mi + 1000))?.bytes).toBe(1000);
  await expect(openDataFile(config, quietLog, 292 * Mi + 999)).rejects.toThrow(
    'it has 1000 bytes and takes as much memory, and 999 bytes are left for it',
  );
  await expect(openDataFile(config, quietLog, 100 * Mi)).rejects.toThrow('and 0 bytes are left for it');
});

test('a file that turns out not to be one is a failure, with the options of the configuration', async () => {
  writeFileSync(path, `no\nno\n72cf48f7-d604-4423-b012-4e2329f5117b ${'x'.repeat(1025)}\n`);
  const signal = new AbortController().signal;
  const env = { KV_DATASET_MALFORMED_MAX: '2', KV_VALUE_BYTES_MAX: '1Ki' };
  const failure = await loadFailure(await opened(env), signal);
  expect(failure).toBeInstanceOf(DataFileError);
  expect(failure.message).toBe(
    'line 3: its value is longer than 1024 bytes (KV_VALUE_BYTES_MAX); so more lines are malformed than ' +
      'KV_DATASET_MALFORMED_MAX allows: 2',
  );
});

test('a file that is loaded is none, nor one that the process is stopped over', async () => {
  writeFileSync(path, '72cf48f7-d604-4423-b012-4e2329f5117b value\n');
  const stopping = new AbortController();
  const good = await opened();
  const failures = [loadFailure(good, stopping.signal)];
  while (good.progress < 1) await wait(1);
  stopping.abort();
  failures.push(loadFailure(await opened(), stopping.signal));
  expect(await Promise.race([...failures, wait(50, 'none')])).toBe('none');
});
