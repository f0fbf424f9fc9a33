import { until } from '../../measure/until.ts';
import { API_FAULTS } from '../api-faults/layer.ts';
import type { KubeObject } from '../../../src/main/local/kube-client.ts';
import { ANNOTATIONS } from '../../../src/adapters/kubernetes/lease-record.ts';
import type { ActiveFault, Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const REWRITTEN_WITHIN_MS = 15_000;

/** The API server dies; it comes back with what it had stored. */
export const killApi: Fault = {
  async begin(stage) {
    const { cluster, random } = stage;
    if (stage.isRecordLost || stage.leaseBeforeOutage !== null || stage.paused.has(cluster.api)) return null;
    const state = await stage.leaseState();
    if (state === null) return null;
    stage.leaseBeforeOutage = state;
    cluster.api.restart = 'never';
    cluster.signal(cluster.api, 'SIGKILL');
    return {
      what: 'until it is started again',
      lastsMs: random.between(500, 5000),
      end() {
        cluster.api.restart = 'always';
        cluster.api.start();
        stage.leaseBeforeOutage = null;
        return Promise.resolve(null);
      },
    };
  },
};

/** It stands still; what it was sent meanwhile lands when it goes on. */
export const pauseApi: Fault = {
  begin(stage) {
    const { cluster, random } = stage;
    const isAway = stage.isRecordLost || stage.leaseBeforeOutage !== null;
    if (isAway || cluster.api.pid === null || stage.paused.has(cluster.api)) return Promise.resolve(null);
    cluster.api.kill('SIGSTOP');
    stage.paused.add(cluster.api);
    return Promise.resolve({
      what: 'until it goes on',
      lastsMs: random.between(300, 4000),
      end() {
        cluster.api.kill('SIGCONT');
        stage.paused.delete(cluster.api);
        return Promise.resolve(null);
      },
    });
  },
};

/** Conflicts that there were not, 429, 500, answers lost, requests lost, requests that land late. */
export const spoilApi: Fault = {
  async begin(stage) {
    const { cluster, random } = stage;
    const faults = API_FAULTS.filter(() => random.chance(0.5));
    if (faults.length === 0 || stage.isApiSpoiled) return null;
    stage.isApiSpoiled = true;
    const share = random.pick([0.2, 0.5, 1]);
    await cluster.spoilApi({ share, faults });
    return {
      what: `${Math.round(share * 100)} % of the requests: ${faults.join(', ')}`,
      lastsMs: random.between(500, 4000),
      async end() {
        const counts = await cluster.spoilApi({ share: 0, faults: [] });
        stage.isApiSpoiled = false;
        return `so far ${API_FAULTS.map((fault) => `${fault} ${counts[fault]}`).join(', ')}`;
      },
    };
  },
};

export const deleteLease: Fault = {
  async begin(stage) {
    if (!(await stage.mayLoseRecord())) return null;
    return losing(stage, 'deleted', () => stage.cluster.deleteLease());
  },
};

export const damageLease: Fault = {
  async begin(stage) {
    if (!(await stage.mayLoseRecord())) return null;
    const [name, edit] = stage.random.pick(DAMAGES);
    return losing(stage, name, () => stage.cluster.editLease(edit));
  },
};

const specOf = (lease: KubeObject): object => lease['spec'] ?? {};

const epochOf = (lease: KubeObject): number => (specOf(lease) as { leaseTransitions?: number }).leaseTransitions ?? 1;

/** What hands, a restored backup or another program make of it. */
const DAMAGES: readonly (readonly [string, (lease: KubeObject) => KubeObject])[] = [
  ['emptied', (lease) => ({ ...lease, metadata: annotated(lease, null), spec: {} })],
  ['the set is nonsense', (lease) => ({ ...lease, metadata: annotated(lease, { [ANNOTATIONS.inSync]: '///' }) })],
  ['the lineage is gone', (lease) => ({ ...lease, metadata: annotated(lease, { [ANNOTATIONS.lineage]: '' }) })],
  ['the epoch went back', (lease) => ({ ...lease, spec: { ...specOf(lease), leaseTransitions: epochOf(lease) - 1 } })],
  ['held by a stranger', (lease) => ({ ...lease, spec: { ...specOf(lease), holderIdentity: 'somebody-else' } })],
];

function annotated(lease: KubeObject, annotations: Readonly<Record<string, string>> | null): KubeObject['metadata'] {
  const { annotations: former = {} } = lease.metadata as { annotations?: object };
  return { ...lease.metadata, ...{ annotations: annotations === null ? {} : { ...former, ...annotations } } };
}

/** Until its leader has written it again: nobody else can (R13), so that nothing else may befall it meanwhile. */
async function losing(stage: Stage, what: string, lose: () => Promise<void>): Promise<ActiveFault> {
  const before = await stage.leaseState();
  stage.isRecordLost = true;
  try {
    await lose();
  } catch (error) {
    stage.isRecordLost = false;
    throw error;
  }
  return {
    what,
    lastsMs: 0,
    async end() {
      const lostMs = performance.now();
      await until(
        'the leader writes the lost record again',
        async () => {
          const state = await stage.leaseState();
          return state !== null && state.holder !== null && state.epoch > (before?.epoch ?? 0);
        },
        { withinMs: REWRITTEN_WITHIN_MS },
      );
      stage.isRecordLost = false;
      return `written again after ${Math.round(performance.now() - lostMs)} ms`;
    },
  };
}
