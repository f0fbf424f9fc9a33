import type { GroupLimits, GroupTimes, UncleanRecovery } from '../../src/core/group/options.ts';
import { defaultLimits, defaultTimes } from '../../src/core/group/options.ts';
import type { ReadMode } from '../../src/core/store/reads.ts';
import { Prng, streams } from './prng.ts';
import type { ScheduledFault } from './schedule.ts';

/** Simulated time is counted in whole microseconds. */
export const MS = 1000;
export const SECOND = 1000 * MS;

/** What the nemesis can do; each seed draws which of it is on, and how often. */
export const faultKinds = [
  'crash',
  'crashLeader',
  'crashMany',
  'crashAll',
  'powerCut',
  'terminate',
  'pause',
  'pauseLeader',
  'slow',
  'deletePod',
  'deleteLeaderPod',
  'rollingRestart',
  'stopAll',
  'forceDelete',
  'scale',
  'pendingPod',
  'isolate',
  'isolateLeader',
  'isolateLeaderFromAll',
  'cutPair',
  'split',
  'cutClients',
  'reset',
  'slowLink',
  'lossyLink',
  'apiOutage',
  'apiOutageOfOne',
  'apiSlow',
  'apiSlowAnswers',
  'apiLate',
  'apiRefuses',
  'leaseDelete',
  'leaseDeleteAfterTakeover',
  'leaseRestore',
  'leaseDamage',
  'leaseEdit',
  'wallJump',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** How often one fault is drawn beside the others when it is on. */
const usualWeight: Record<FaultKind, number> = {
  crash: 3,
  crashLeader: 4,
  crashMany: 1,
  crashAll: 0.3,
  powerCut: 1.5,
  terminate: 0.7,
  pause: 3,
  pauseLeader: 3,
  slow: 2,
  deletePod: 1.5,
  deleteLeaderPod: 1.5,
  rollingRestart: 0.6,
  stopAll: 0.2,
  forceDelete: 1,
  scale: 1,
  pendingPod: 0.5,
  isolate: 2,
  isolateLeader: 2,
  isolateLeaderFromAll: 1.5,
  cutPair: 3,
  split: 1.5,
  cutClients: 1,
  reset: 3,
  slowLink: 2,
  lossyLink: 1.5,
  apiOutage: 1.5,
  apiOutageOfOne: 1.5,
  apiSlow: 1,
  apiSlowAnswers: 1,
  apiLate: 2,
  apiRefuses: 0.7,
  leaseDelete: 0.7,
  leaseDeleteAfterTakeover: 0.5,
  leaseRestore: 0.4,
  leaseDamage: 0.4,
  leaseEdit: 0.5,
  wallJump: 1.5,
};

/** Faults that take the record away: a seed has some of them only now and then, for they can freeze the group. */
const recordFaults: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'leaseDelete',
  'leaseDeleteAfterTakeover',
  'leaseRestore',
  'leaseDamage',
  'leaseEdit',
]);

/** Everything that a seed decides before its first event. */
export interface Plan {
  readonly seed: number;
  readonly replicas: number;
  readonly replicasMax: number;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  readonly uncleanRecovery: UncleanRecovery;
  /** Names of replaced pods: the same again, or a new one each time. */
  readonly podNames: 'stable' | 'fresh';
  /** A new pod may get the address of one that is gone. */
  readonly addressReuse: number;
  readonly faultsUntilUs: number;
  readonly faultMeanUs: number;
  readonly faults: readonly { readonly kind: FaultKind; readonly weight: number }[];
  /** The faults one by one; null: as the seed, the weights and the mean draw them. */
  readonly schedule: readonly ScheduledFault[] | null;
  /** How long a fault lasts that ends by itself, on average. */
  readonly faultLengthUs: number;
  readonly restartMeanUs: number;
  readonly network: {
    readonly latencyUs: number;
    readonly jitterUs: number;
    /** Of messages within a connection: a stress beyond what TCP does. */
    readonly loss: number;
    readonly duplicates: number;
    /** How often a message of an earlier connection is heard again. */
    readonly ghosts: number;
    readonly falseRefusals: number;
  };
  readonly api: {
    readonly latencyUs: number;
    readonly timeoutUs: number;
    /** Of calls, at any time: the request lands long after. */
    readonly late: number;
    /** The request landed, its answer comes late, or not in time. */
    readonly slowAnswers: number;
    readonly refusals: number;
    readonly watchDelayUs: number;
    readonly watchLoss: number;
    readonly watchResyncUs: number;
  };
  readonly clock: { readonly drift: number; readonly wallSkewMs: number };
  readonly clients: {
    readonly count: number;
    readonly keys: number;
    readonly operationMeanUs: number;
    readonly inFlightMax: number;
    readonly deadlineUs: number;
    readonly attemptUs: number;
    readonly readShare: number;
    readonly conditionShare: number;
    readonly deleteShare: number;
    readonly idempotencyShare: number;
    /** Of writes: batches and transactions. */
    readonly compositeShare: number;
    /** Of writes: deletions of all keys under a prefix. */
    readonly clearShare: number;
    /** Of puts and touches: those that set a time to live. */
    readonly lifetimeShare: number;
    /** The same of an idle time. */
    readonly idleShare: number;
    /** Of reads: pages of keys. */
    readonly listShare: number;
    /** Of writes and reads: those of locks. Of other writes of whoever has had one: those under a fence. */
    readonly lockShare: number;
    /** Of reads: those of older versions. */
    readonly pastShare: number;
    /** Of keys: those that hold a counter. */
    readonly counterShare: number;
    readonly readModes: readonly ReadMode[];
    readonly valueBytesMax: number;
    /** Of requests and of answers, between a client and a replica. */
    readonly loss: number;
    /** Of those who watch keys, beside the clients. */
    readonly watchers: number;
    /** For each client, at which of its times to do something it does so before the faults end; null: at all. */
    readonly acts: readonly (readonly number[])[] | null;
  };
}

export interface PlanOverrides {
  readonly seconds?: number;
}

export function drawPlan(seed: number, overrides: PlanOverrides = {}): Plan {
  const random = new Prng(seed, streams.plan);
  const replicas = random.pick([3, 3, 3, 4, 5, 5, 6, 7]);
  const replicasMax = Math.min(7, replicas + random.below(3));
  const minInSync = Math.min(random.pick([1, 2, 2, 2, 3]), replicas - 1);
  const tiny = random.chance(0.5);
  const history = new Prng(seed, streams.history);
  const recency = new Prng(seed, streams.recency);
  const eviction = new Prng(seed, streams.eviction);
  const uncleanRecovery = drawUncleanRecovery(random);
  const faults = drawFaults(random, uncleanRecovery);
  const limits: GroupLimits = {
    ...defaultLimits,
    minInSync,
    inSyncMax: Math.max(minInSync, random.pick([2, 3, 3, 4, 5, 5])),
    uncommittedEntriesMax: random.pick([4, 32, 65_536, 65_536]),
    logEntriesMax: tiny ? random.pick([8, 15, 40]) : random.pick([200, 1_000_000]),
    logBytesMax: random.chance(0.15) ? 2000 : defaultLimits.logBytesMax,
    inflightBytesMax: tiny ? random.pick([300, 1000, 5000]) : defaultLimits.inflightBytesMax,
    snapshotChunkBytes: random.pick([64, 300, 2000, 256 * 1024]),
    sessionsMax: random.pick([30, 10_000, 10_000]),
    outcomesPerSessionMax: random.pick([4, 16, 65_536, 65_536]),
    idempotencyKeysMax: random.pick([10, 100_000, 100_000]),
    historyLimit: history.pick([1, 2, 3, 8]),
    // With so little, what is older soon has to go.
    memoryBytesMax: tiny && history.chance(0.3) ? 60_000 : defaultLimits.memoryBytesMax,
    eviction: eviction.pick(['none', 'lru']),
    tombstonesMax: random.pick([0, 1, 3, 1_000_000, 1_000_000]),
    waitingReadsMax: random.pick([3, 65_536, 65_536]),
  };
  const times: GroupTimes = {
    ...defaultTimes,
    writeWaitMs: random.pick([700, 3000, 10_000]),
    readWaitMs: random.pick([200, 1000]),
    // With few sessions those that nobody uses must end, or soon there are none to be had.
    sessionIdleMs: limits.sessionsMax < 100 ? 1500 : random.pick([1500, 600_000, 600_000]),
    readmitMinMs: random.pick([300, 2000]),
    readmitMaxMs: random.pick([4000, 60_000]),
  };
  const stressful = random.chance(0.15);
  const seconds = overrides.seconds ?? 20;
  return {
    seed,
    replicas,
    replicasMax,
    times,
    limits,
    uncleanRecovery,
    podNames: random.pick(['stable', 'fresh']),
    addressReuse: random.pick([0, 0.3, 1]),
    faultsUntilUs: seconds * SECOND,
    faultMeanUs: random.pick([350, 700, 1000, 1000, 1500]) * MS,
    faults,
    schedule: null,
    faultLengthUs: random.pick([300, 1000, 1000, 2500]) * MS,
    restartMeanUs: random.pick([50, 500, 500, 2000]) * MS,
    network: {
      latencyUs: random.pick([50, 200, 1000]),
      jitterUs: random.pick([50, 300, 3000]),
      loss: stressful ? random.pick([0, 0.005, 0.03]) : 0,
      duplicates: stressful ? random.pick([0, 0.01, 0.05]) : 0,
      ghosts: stressful ? random.pick([0, 0.02]) : 0,
      falseRefusals: random.chance(0.1) ? 0.05 : 0,
    },
    api: {
      latencyUs: random.pick([1, 3, 15]) * MS,
      timeoutUs: random.pick([300, 1000, 1000, 5000]) * MS,
      late: random.pick([0, 0, 0.01, 0.05]),
      slowAnswers: random.pick([0, 0, 0.01, 0.05]),
      refusals: random.pick([0, 0, 0, 0.02]),
      watchDelayUs: random.pick([3, 20, 150]) * MS,
      watchLoss: random.pick([0, 0.05, 0.3]),
      watchResyncUs: random.pick([1000, 3000]) * MS,
    },
    clock: { drift: random.pick([0, 0.0005, 0.01]), wallSkewMs: random.pick([0, 5, 2000]) },
    clients: {
      count: random.between(3, 6),
      keys: random.pick([1, 3, 5, 10]),
      operationMeanUs: random.pick([25, 45, 70]) * MS,
      inFlightMax: random.pick([2, 4, 12]),
      deadlineUs: random.pick([1500, 4000, 8000]) * MS,
      attemptUs: random.pick([150, 400, 1000]) * MS,
      readShare: random.pick([0.3, 0.5, 0.7]),
      conditionShare: random.pick([0.1, 0.4, 0.7]),
      deleteShare: random.pick([0.05, 0.2]),
      idempotencyShare: random.pick([0, 0.1, 0.3]),
      compositeShare: random.pick([0, 0.1, 0.4]),
      clearShare: random.pick([0, 0.05, 0.2]),
      counterShare: random.pick([0, 0.2]),
      lifetimeShare: random.pick([0, 0.2, 0.6]),
      listShare: random.pick([0, 0.1, 0.3]),
      lockShare: random.pick([0, 0.1, 0.4]),
      pastShare: history.pick([0, 0.1, 0.4]),
      idleShare: recency.pick([0, 0, 0.3, 0.8]),
      readModes: random.pick<readonly ReadMode[]>([
        ['in-sync', 'linearizable', 'session', 'eventual'],
        ['linearizable'],
        ['linearizable', 'linearizable', 'in-sync'],
        ['in-sync', 'session'],
      ]),
      valueBytesMax: random.pick([8, 60, 400]),
      loss: random.pick([0, 0, 0.01, 0.05]),
      watchers: random.pick([0, 2, 4]),
      acts: null,
    },
  };
}

const drawUncleanRecovery = (random: Prng): UncleanRecovery =>
  random.pick<UncleanRecovery>(['auto', 'auto', 'auto', 'auto', 'auto', 'auto', 'strict', 'never']);

/** The same world once faults have ended: nothing gets lost by chance any more. */
export function calm(plan: Plan): Plan {
  return {
    ...plan,
    restartMeanUs: Math.min(plan.restartMeanUs, 100 * MS),
    network: { ...plan.network, loss: 0, duplicates: 0, ghosts: 0, falseRefusals: 0 },
    api: { ...plan.api, late: 0, slowAnswers: 0, refusals: 0, watchLoss: 0 },
    clients: { ...plan.clients, loss: 0 },
  };
}

/** Swarm testing: many faults at once hide each other, so each seed has about half of them, and some far more often. */
function drawFaults(random: Prng, uncleanRecovery: UncleanRecovery): Plan['faults'] {
  const recordFaultsOn = random.chance(0.25);
  const share = random.pick([0.25, 0.5, 0.8]);
  const drawn: { kind: FaultKind; weight: number }[] = [];
  for (const kind of faultKinds) {
    if (recordFaults.has(kind) && !recordFaultsOn) continue;
    // R14: whoever deletes a pod by force vouches that its process is gone. `strict` is for those who cannot, and even
    // then the record must stay: R13 asks only the pods that are listed.
    if (kind === 'forceDelete' && (uncleanRecovery === 'auto' || recordFaultsOn)) continue;
    if (!random.chance(share)) continue;
    drawn.push({ kind, weight: usualWeight[kind] * random.pick([0.3, 1, 1, 4]) });
  }
  // Without a leader that goes away there is nothing to see.
  if (!drawn.some((fault) => fault.kind === 'crashLeader')) drawn.push({ kind: 'crashLeader', weight: 2 });
  return drawn;
}
