import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LocalPod } from '../../../src/main/local/pod.ts';
import { until } from '../../measure/until.ts';
import { Prng } from '../../simulation/prng.ts';
import { ChaosCluster, partiesOf } from '../cluster.ts';
import { askedNetwork, networkOf, newNetwork } from '../installation.ts';
import type { Network } from '../network/network.ts';
import type { ActiveFault } from './fault.ts';
import { faults, type FaultKind } from './nemesis.ts';
import { Stage } from './stage.ts';

/** Every fault by itself, on real processes: that it happens, to whom it says, and that it can be undone. */

const SIZE = { replicas: 3, proxies: 2, clients: 1 };
const SETTLE_WITHIN_MS = 20_000;

/** A test waits for several things one after the other; each of them has its own deadline. */
jest.setTimeout(120_000);

let folder = '';
let network: Network;
let cluster: ChaosCluster;
let stage: Stage;
let seed = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-faults-'));
  process.stderr.write(`network: ${networkOf(askedNetwork()).text}\n`);
  network = await newNetwork(partiesOf(SIZE), askedNetwork());
  cluster = await ChaosCluster.start({ ...SIZE, network, directory: folder, seed: 1 });
});

afterAll(async () => {
  await cluster.close();
  await network.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await cluster.untilInSync(SETTLE_WITHIN_MS);
  seed += 1;
  stage = new Stage({ cluster, random: new Prng(seed), prefix: `f${seed}` });
});

async function begun(kind: FaultKind): Promise<ActiveFault> {
  let active: ActiveFault | null = null;
  await until(`${kind} is begun`, async () => (active = await faults[kind].begin(stage)) !== null);
  return active as unknown as ActiveFault;
}

async function leader(): Promise<LocalPod> {
  let pod: LocalPod | null = null;
  await until('somebody leads', async () => (pod = await cluster.leader()) !== null);
  return pod as unknown as LocalPod;
}

const members = async (): Promise<readonly string[]> => (await stage.leaseState())?.inSync ?? [];

async function isAnswering(name: string): Promise<boolean> {
  const { host, port } = cluster.targets.find((target) => target.name === name) ?? { host: '', port: 0 };
  try {
    return (await fetch(`http://${host}:${port}/livez`, { signal: AbortSignal.timeout(500) })).ok;
  } catch {
    return false;
  }
}

describe('processes', () => {
  test('kill-leader: its process is gone, and another leads the next epoch', async () => {
    const [former, before] = [await leader(), await stage.leaseState()];
    const deaths = cluster.deaths.length;
    const active = await begun('kill-leader');
    expect(active.what).toBe(former.name);
    await until('another leads', async () => ((await stage.leaseState())?.epoch ?? 0) > (before?.epoch ?? 0));
    expect((await stage.leaseState())?.holder).not.toBe(before?.holder);
    expect(cluster.deaths[deaths]).toMatchObject({ server: former.name, signal: 'SIGKILL', wanted: true });
  });

  test('kill-follower: its replica is gone from the set, and what comes after it is another', async () => {
    const before = await members();
    const active = await begun('kill-follower');
    expect(active.what).not.toBe((await leader()).name);
    const lost = before.find((id) => id.startsWith(`${active.what}/`));
    await until('its place is another’s', async () => {
      const now = await members();
      return now.length === SIZE.replicas && lost !== undefined && !now.includes(lost);
    });
    expect(cluster.lives.filter(({ replica }) => replica === lost)).toEqual([
      expect.objectContaining({ pod: active.what, endUs: expect.any(Number) as unknown }),
    ]);
  });

  test('kill-proxy: its process is gone, and the next one answers', async () => {
    const deaths = cluster.deaths.length;
    const active = await begun('kill-proxy');
    await until('it has died', () => cluster.deaths.length > deaths);
    expect(cluster.deaths[deaths]).toMatchObject({ server: active.what, signal: 'SIGKILL', wanted: true });
    await until('the next one answers', () => isAnswering(active.what));
  });

  test('terminate: its process ends by itself, in order', async () => {
    const deaths = cluster.deaths.length;
    const active = await begun('terminate');
    await until('it has ended', () => cluster.deaths.length > deaths);
    expect(cluster.deaths[deaths]).toMatchObject({ server: active.what, exitCode: 0, wanted: true });
  });

  test('pause: it answers nobody, and later does again', async () => {
    const active = await begun('pause');
    expect(await isAnswering(active.what)).toBe(false);
    await active.end();
    expect(await isAnswering(active.what)).toBe(true);
  });

  test('cpu-starved: its process is in a group with a quota, or others compete with it; then no longer', async () => {
    const active = await begun('cpu-starved');
    expect(active.what).toMatch(/^(kvstore|proxy)-\d, \d+ % of a processor \((cgroup v[12]|busy loops)\)$/);
    await active.end();
    await cluster.untilInSync(SETTLE_WITHIN_MS);
  });

  test('clock-jump: the leader renews at a time of its own, yet its entries go on as before; clock-rate: they run ahead', async () => {
    const { server, ip, httpPort } = await leader();
    const url = `http://${ip}:${httpPort}/v1/keys/clock`;
    cluster.setClock(server, { wallOffsetMs: 7_200_000, rate: 1.2 });
    await until('the Lease is renewed in the future', async () => {
      const spec = (await cluster.lease())?.['spec'] as { readonly renewTime?: string } | undefined;
      return Date.parse(spec?.renewTime ?? '') - Date.now() > 7_000_000;
    });
    let aheadMs = 0;
    await until('an entry is of the future', async () => {
      await fetch(url, { method: 'PUT', body: 'v' });
      aheadMs = Date.parse((await fetch(url)).headers.get('last-modified') ?? '') - Date.now();
      return aheadMs > 1000;
    });
    // By the rate, and a twentieth: hours of the wall clock are not believed.
    expect(aheadMs).toBeLessThan(30_000);
    cluster.setClock(server, { wallOffsetMs: 0, rate: 1 });
    for (const kind of ['clock-jump', 'clock-rate'] as const) await (await begun(kind)).end();
  });
});

describe('the network', () => {
  test('a leader that is cut off from all others is replaced, and follows when it is healed', async () => {
    const former = await leader();
    const others = partiesOf(SIZE).filter((party) => party !== former.name);
    for (const other of others) {
      await network.cut(former.name, other);
      await network.cut(other, former.name);
    }
    await until('another leads', async () => {
      const holder = (await stage.leaseState())?.holder;
      return holder != null && !holder.startsWith(`${former.name}/`);
    });
    await network.healAll();
    await cluster.untilInSync(SETTLE_WITHIN_MS);
  });

  test('a follower that hears its leader, and is not heard, leaves the set', async () => {
    const holder = await leader();
    const follower = cluster.pods.find((pod) => pod !== holder) as LocalPod;
    await network.cut(follower.name, holder.name);
    await until('the set is without it', async () => (await members()).every((id) => !id.startsWith(follower.name)));
    await network.healAll();
  });

  test('reset: connections are ended, and made again', async () => {
    const active = await begun('reset');
    expect(Number(/, (\d+) connections$/.exec(active.what)?.[1])).toBeGreaterThan(0);
  });

  test.each(['cut-one-way', 'cut-both-ways', 'isolate', 'slow-link'] as const)(
    '%s is begun and undone',
    async (kind) => {
      const active = await begun(kind);
      expect(active.lastsMs).toBeGreaterThan(0);
      await active.end();
      await cluster.untilInSync(SETTLE_WITHIN_MS);
    },
  );
});

describe('the Kubernetes API', () => {
  test.each(['api-killed', 'api-paused'] as const)(
    '%s: it does not answer until it is back, with what it had',
    async (kind) => {
      const before = await cluster.lease();
      const active = await begun(kind);
      expect(await cluster.lease()).toBeNull();
      await active.end();
      await until('it is back', async () => (await cluster.lease()) !== null);
      expect((await cluster.lease())?.metadata.uid).toBe(before?.metadata.uid);
    },
  );

  test('api-errors: requests of pods meet them', async () => {
    const active = await begun('api-errors');
    const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
    const plan = { share: 1, faults: ['landed', 'internal-error'] as const };
    const before = sum(await cluster.spoilApi(plan));
    await until('some are met', async () => sum(await cluster.spoilApi(plan)) > before + 3);
    await active.end();
    await cluster.untilInSync(SETTLE_WITHIN_MS);
  });

  test('lease-deleted: its leader writes it again, with the next epoch and the same lineage', async () => {
    const before = await stage.leaseState();
    const active = await begun('lease-deleted');
    expect(await active.end()).toMatch(/^written again after \d+ ms$/);
    const after = await stage.leaseState();
    expect(after?.uid).not.toBe(before?.uid);
    expect(after).toMatchObject({ holder: before?.holder, lineage: before?.lineage, epoch: (before?.epoch ?? 0) + 1 });
  });

  test('lease-damaged: so is one that says nonsense', async () => {
    const before = await stage.leaseState();
    await (await begun('lease-damaged')).end();
    const after = await stage.leaseState();
    expect(after).toMatchObject({ holder: before?.holder, lineage: before?.lineage, epoch: (before?.epoch ?? 0) + 1 });
  });
});

describe('clients', () => {
  test('memory-full: the store says so, still deletes, and accepts again', async () => {
    const result = await (await begun('memory-full')).end();
    expect(result).toMatch(/^\d\d written, [1-9]\d* refused, all deleted, accepts again$/);
  });

  test('deaf-client: it asks and never reads, and others are served meanwhile', async () => {
    const active = await begun('deaf-client');
    for (const { name } of cluster.proxies) expect(await isAnswering(name)).toBe(true);
    expect(await active.end()).toMatch(/^[1-9]\d* bytes of requests, /);
  });
});

describe('what must not be done together', () => {
  test('of two members one may lose its memory, and not the other while the first is missing', async () => {
    const [first, second] = cluster.pods as readonly [LocalPod, LocalPod];
    // With the API away the record goes on naming whoever dies.
    const outage = await begun('api-killed');
    expect(await stage.mayForget(first)).toBe(true);
    const deaths = cluster.deaths.length;
    cluster.signal(first.server, 'SIGKILL');
    await until('it has died', () => cluster.deaths.length > deaths);
    expect(await stage.mayForget(second)).toBe(false);
    await outage.end();
    await cluster.untilInSync(SETTLE_WITHIN_MS);
    await until('all are alive', () => stage.mayForget(second));
  });

  test('nor while it is on its way out', async () => {
    const [first, second] = cluster.pods as readonly [LocalPod, LocalPod];
    first.server.kill('SIGSTOP');
    cluster.signal(first.server, 'SIGTERM');
    expect(await stage.mayForget(second)).toBe(false);
    expect(await stage.mayForget(first)).toBe(false);
    const deaths = cluster.deaths.length;
    first.server.kill('SIGCONT');
    await until('it has ended', () => cluster.deaths.length > deaths);
    await until('all are alive', () => stage.mayForget(second));
  });

  test('nobody may lose memory while the record is lost', async () => {
    stage.isRecordLost = true;
    expect(await stage.mayForget(cluster.pods[0] as LocalPod)).toBe(false);
    expect(await stage.mayLoseRecord()).toBe(false);
  });
});
