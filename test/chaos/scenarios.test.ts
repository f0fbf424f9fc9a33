import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../measure/until.ts';
import { askedNetwork, startInstallation, type Installation } from './installation.ts';
import { judge } from './judge.ts';
import { nowUs } from './load/clock.ts';
import { keysUntil } from './load/keys.ts';
import type { RecordedOperation } from './load/requests.ts';
import { audit, beginLoad } from './run.ts';
import { settle, untilQuiet } from './settle.ts';
import { changesOf } from './record/changes.ts';
import { lineagesAgainstTheRules } from './verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvstore-scenarios-'));
let installation: Installation | null = null;

afterEach(async () => {
  await installation?.close();
  installation = null;
  rmSync(folder, { recursive: true, force: true });
});

/**
 * What the nemesis of mixed runs avoids. It shows as well that the judges see: what is lost here rightly would be lost
 * wrongly if a single member had lived.
 */
test('R14: when every member dies at once writes are lost, all agree from when on, and nothing else is wrong', async () => {
  installation = await startInstallation({ seed: 1, directory: folder, network: askedNetwork() });
  const { cluster } = installation;
  const prefix = 'all';
  const startUs = nowUs();
  const histories = cluster.crowds.map(({ name }) => join(folder, `${name}.jsonl`));
  await beginLoad({ cluster, seed: 1 }, { prefix, startUs, histories });
  const outcomes = async (): Promise<number> => {
    const view = await cluster.view();
    return view?.replicas[0]?.appliedIndex ?? 0;
  };
  await until('some hundred entries', async () => (await outcomes()) > 300);

  for (const { server } of cluster.pods) cluster.signal(server, 'SIGKILL');
  await until('a new lineage', () => changesOf(cluster.leaseTrail()).lineages > 0);
  await settle(cluster, prefix);
  for (const crowd of cluster.crowds) await crowd.order({ kind: 'end' }, 'counts');
  await untilQuiet(cluster, 10_000);
  const settledAtUs = nowUs();
  const auditFile = join(folder, 'audit.jsonl');
  await audit(cluster, auditFile, keysUntil(prefix, startUs, nowUs()));

  const history = [...histories, auditFile].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RecordedOperation),
  );
  const trail = cluster.leaseTrail();
  expect(lineagesAgainstTheRules(trail, cluster.lives)).toEqual([]);
  const settled = { clocks: 'right', settledAtUs } as const;
  expect(judge(history, { ...settled, lineages: 'several' })).toBeNull();
  expect(judge(history, { ...settled, lineages: 'one' })).toMatch(/linearizable, key/);
}, 180_000);
