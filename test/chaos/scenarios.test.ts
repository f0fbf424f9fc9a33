import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../measure/until.ts';
import { partiesOf } from './cluster.ts';
import { askedNetwork, startInstallation, type Installation } from './installation.ts';
import { Experiment } from './experiment.ts';
import { judge } from './judge.ts';
import { nowUs } from './load/clock.ts';
import { settle, untilQuiet } from './settle.ts';
import { changesOf } from './record/changes.ts';
import { lineagesAgainstTheRules } from './verdict.ts';

/** KV_READ_STALENESS_MAX, as it is by default. */
const STALENESS_MS = 1000;

let folder = '';
let installation: Installation | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-scenarios-'));
});

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
  const experiment = new Experiment({ cluster, directory: folder, prefix: 'all' });
  await experiment.begin(1);
  const outcomes = async (): Promise<number> => {
    const view = await cluster.view();
    return view?.replicas[0]?.appliedIndex ?? 0;
  };
  await until('some hundred entries', async () => (await outcomes()) > 300);

  for (const { server } of cluster.pods) cluster.signal(server, 'SIGKILL');
  await until('a new lineage', () => changesOf(cluster.leaseTrail()).lineages > 0);
  await settle(cluster, 'all');
  await experiment.end();
  await untilQuiet(cluster, 10_000);
  const settledAtUs = nowUs();
  await experiment.audit();

  const history = experiment.history();
  const trail = cluster.leaseTrail();
  expect(lineagesAgainstTheRules(trail, cluster.lives)).toEqual([]);
  const settled = { clocks: 'right', settledAtUs } as const;
  expect(judge(history, { ...settled, lineages: 'several' })).toBeNull();
  expect(judge(history, { ...settled, lineages: 'one' })).toMatch(/linearizable, key/);
}, 180_000);

/** What chance meets too seldom: it needs a leader that clients still reach, writes past it, and a reader who insists. */
test('R12: a leader that is cut off from all but clients tells nothing that is older than a second, and soon nothing', async () => {
  installation = await startInstallation({ seed: 1, directory: folder, network: askedNetwork() });
  const { cluster } = installation;
  const [proxy] = cluster.proxies;
  const former = await cluster.leader();
  if (proxy === undefined || former === null) throw new Error('nobody leads');
  const own = `http://${former.ip}:${former.httpPort}/v1/keys/k`;
  const url = `${proxy.url}/v1/keys/k`;
  expect((await fetch(url, { method: 'PUT', body: 'old' })).ok).toBe(true);
  await until('it is there', async () => (await valueBy(own, 'eventual')) === 'old');

  for (const other of partiesOf({ replicas: cluster.pods.length, proxies: cluster.proxies.length, clients: 0 })) {
    if (other === former.name) continue;
    await cluster.network.cut(former.name, other);
    await cluster.network.cut(other, former.name);
  }
  await until('others write on', async () => (await fetch(url, { method: 'PUT', body: 'new' })).ok);
  const writtenMs = performance.now();
  // It answers those who do not mind, all the time; the others get the truth, or nothing.
  const told: string[] = [];
  await until('three times the staleness bound has passed', async () => {
    const askedMs = performance.now();
    const [eventual, inSync, linearizable] = await Promise.all([
      valueBy(own, 'eventual'),
      valueBy(own, 'in-sync'),
      valueBy(own, 'linearizable'),
    ]);
    expect(eventual).toBe('old');
    if (inSync !== null && askedMs - writtenMs > STALENESS_MS) told.push(`in-sync: ${inSync}`);
    if (linearizable !== null) told.push(`linearizable: ${linearizable}`);
    return askedMs - writtenMs > 3 * STALENESS_MS;
  });
  expect(told).toEqual([]);

  await cluster.network.healAll();
  await settle(cluster, 'after');
  await until('it has what the others wrote', async () => (await valueBy(own, 'eventual')) === 'new');
}, 180_000);

/** null: it declines, or does not answer. */
async function valueBy(url: string, mode: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}?consistency=${mode}`, { signal: AbortSignal.timeout(2000) });
    const body = await response.text();
    return response.ok ? body : null;
  } catch {
    return null;
  }
}
