import { afterEach, expect, jest, test } from '@jest/globals';
import { leaseWith, readLease } from '../../src/adapters/kubernetes/lease-record.ts';
import { createTcpTransport } from '../../src/adapters/transport/tcp-transport.ts';
import { wallMs, type Epoch, type LogIndex } from '../../src/core/base/numbers.ts';
import type { LocalPod } from '../../src/main/local/pod.ts';
import { Installation } from '../measure/installation.ts';
import { Ledger } from '../measure/load/ledger.ts';
import { OpenLoop } from '../measure/load/open-loop.ts';
import { newRun, steady } from '../measure/round.ts';
import { until } from '../measure/until.ts';
import { quietLog } from '../unit/runtime/fakes.ts';

/** A replica that meets a broken invariant, in a running installation: brought about from outside, by a leader that lies. */
jest.setTimeout(180_000);

const RATE_PER_S = 300;

const ending: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/**
 * Listens as a leader would, and tells one pod to drop everything that it has committed. Whoever else comes, followers
 * and proxies, finds nobody here.
 */
async function startFalseLeader(victim: LocalPod): Promise<string> {
  const transport = createTcpTransport({ log: quietLog });
  ending.push(() => transport.close());
  return transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => ({
    onOpen() {},
    onFrames([first]) {
      const hello = first?.kind === 'peer' ? first.message : null;
      if (first === undefined || hello?.kind !== 'hello' || !hello.from.startsWith(`${victim.name}/`)) {
        connection.close('nobody leads here');
        return;
      }
      const { epoch, lineage, number } = hello;
      if (lineage === null) throw new Error(`${victim.name} has no data to lose`);
      const nothing = { prevIndex: 0 as LogIndex, prevEpoch: 0 as Epoch };
      connection.send({
        kind: 'peer',
        group: first.group,
        message: { kind: 'resume', epoch, lineage, hello: number, ...nothing },
      });
    },
    onClose() {},
  }));
}

/** Writes another address of the leader into the Lease, as a replica would. The leader puts it right when it next renews. */
async function misdirect(kubernetesUrl: string, peerAddress: string): Promise<void> {
  const url = `${kubernetesUrl}/apis/coordination.k8s.io/v1/namespaces/default/leases/kvstore`;
  const lease = (await (await fetch(url)).json()) as Record<string, unknown>;
  const reading = readLease(lease);
  const content = reading.kind === 'record' ? reading.record.content : null;
  if (content?.addresses == null) return;
  const addresses = { ...content.addresses, peer: peerAddress };
  const times = { nowMs: wallMs(Date.now()), leaseDurationMs: 1000 };
  const misdirected = leaseWith(lease, { ...content, addresses }, times);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(misdirected) });
  await answer.body?.cancel();
  // 409: the leader has renewed it meanwhile.
  if (answer.status !== 200 && answer.status !== 409) throw new Error(`the Lease cannot be edited: ${answer.status}`);
}

test('it stops with a report that names the rule; the others go on, it comes back, and no write is lost', async () => {
  const installation = await Installation.start({});
  ending.push(() => installation.end());
  const ledger = new Ledger(100);
  const load = new OpenLoop({ addresses: installation.proxyAddresses, ratePerS: RATE_PER_S, ledger });
  ending.push(() => load.close());
  const run = newRun({ installation, ratePerS: RATE_PER_S, say: () => undefined, outageMs: 0 });
  await steady(run, load);

  const before = await installation.settledView();
  const [victim] = await installation.followers();
  if (victim === undefined) throw new Error('there is no follower');
  const bystanders = installation.pods.filter((pod) => pod !== victim);
  const pids = bystanders.map(({ server }) => server.pid);
  const falseLeader = await startFalseLeader(victim);
  await until(
    `${victim.name} has stopped`,
    async () => {
      if (victim.server.lastEnd !== null) return true;
      await misdirect(installation.cluster.kubernetesUrl, falseLeader);
      return false;
    },
    { everyMs: 200 },
  );

  expect(victim.server.lastEnd).toMatchObject({ exitCode: 70, signal: null });
  const former = before.replicas.find(({ podName }) => podName === victim.name)?.replica;
  const lines = installation
    .logOf(victim.name)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const report = lines.find(({ event }) => event === 'invariant-violated');
  expect(report).toMatchObject({
    level: 'error',
    rule: 'R10',
    invariant: 'R10: a committed entry is never dropped',
    replica: former,
    role: 'seeking',
    epoch: before.epoch,
    lineage: before.lineage,
  });
  expect(report?.['appliedIndex']).toBe(report?.['commitIndex']);
  expect(report?.['commitIndex']).toBeGreaterThan(0);

  // Restarted as another replica, and in sync again, with the load going on.
  await installation.until('another process of the pod is a member', ({ members }) =>
    members.some((member) => member.startsWith(`${victim.name}/`) && member !== former),
  );
  await installation.untilInSync();
  await steady(run, load);
  expect(bystanders.map(({ server }) => server.pid)).toEqual(pids);
  await load.stop();
  await installation.untilQuiet();
  const findings = ledger.judge(await installation.held(ledger.keys));
  expect(findings).toEqual({ lost: 0, doubled: 0, diverged: 0, examples: [] });
  expect(load.failures).toEqual([]);
});
