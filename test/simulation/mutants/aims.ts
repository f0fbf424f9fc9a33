import type { MakeGroup } from '../inspection.ts';
import { drawPlan, type FaultKind, MS, type Plan, SECOND } from '../plan.ts';
import { runPlan, type SeedReport } from '../run-seed.ts';
import { type Stage, stages } from './stages.ts';

/** One run of a schedule that a seed decides; with the real core, or with a mutant of it. */
export type Trial = (seed: number, makeGroup: MakeGroup) => SeedReport;

type Weights = Partial<Record<FaultKind, number>>;

interface Change {
  /** These faults, with these weights, instead of those that the seed draws. */
  readonly faults?: Weights;
  readonly limits?: Partial<Plan['limits']>;
  readonly times?: Partial<Plan['times']>;
  readonly network?: Partial<Plan['network']>;
  readonly api?: Partial<Plan['api']>;
  readonly clients?: Partial<Plan['clients']>;
  readonly plan?: Partial<Plan>;
}

/** Short, so that a seed is many beginnings; what is not told here is drawn as always. */
const SECONDS = 8;

function drawn(change: Change): Trial {
  return (seed, makeGroup) => {
    const plan = drawPlan(seed, { seconds: SECONDS });
    const faults =
      change.faults === undefined
        ? plan.faults
        : Object.entries(change.faults).map(([kind, weight]) => ({ kind: kind as FaultKind, weight }));
    const aimed: Plan = {
      ...plan,
      faults,
      faultMeanUs: Math.min(plan.faultMeanUs, 500 * MS),
      ...change.plan,
      limits: { ...plan.limits, ...change.limits },
      times: { ...plan.times, ...change.times },
      network: { ...plan.network, ...change.network },
      api: { ...plan.api, ...change.api },
      clients: { ...plan.clients, ...change.clients },
    };
    return runPlan(aimed, makeGroup);
  };
}

const leaders: Weights = {
  crashLeader: 3,
  pauseLeader: 3,
  isolateLeader: 2,
  isolateLeaderFromAll: 2,
  deleteLeaderPod: 1,
};
const members: Weights = { crash: 2, pause: 2, isolate: 1, cutPair: 2, reset: 2, slowLink: 2, scale: 1, deletePod: 1 };
const lostRecords: Weights = {
  leaseDelete: 4,
  leaseDeleteAfterTakeover: 4,
  leaseDamage: 1,
  leaseEdit: 1,
  leaseRestore: 1,
};
const losses: Weights = { crashMany: 4, crashAll: 2, powerCut: 3, terminate: 1, pendingPod: 1 };

/** Few keys, asked for again about when they would end: at the leader, and at members. */
const idleReads = {
  idleShare: 1,
  lifetimeShare: 0,
  keys: 5,
  readShare: 0.6,
  listShare: 0,
  pastShare: 0,
  lockShare: 0,
  counterShare: 0,
  deleteShare: 0.05,
  clearShare: 0,
  operationMeanUs: 60 * MS,
  readModes: ['in-sync', 'linearizable'],
} as const;

/** Much is written into little memory. */
const manyWrites = {
  keys: 60,
  readShare: 0.2,
  deleteShare: 0.02,
  clearShare: 0,
  lockShare: 0,
  idempotencyShare: 0,
  conditionShare: 0.1,
  valueBytesMax: 400,
  operationMeanUs: 15 * MS,
  inFlightMax: 8,
} as const;
const littleMemory = { logEntriesMax: 8, memoryBytesMax: 30_000, historyLimit: 2, eviction: 'lru' } as const;

/** For what is told to keep much: a small memory that some seeds draw would be full of it, and refuse writes to the end. */
const muchMemory = { memoryBytesMax: 1 << 29 };

const tinyLogs = { logEntriesMax: 8, inflightBytesMax: 1000, snapshotChunkBytes: 64 };
const manyReads = { readShare: 0.8, operationMeanUs: 10 * MS, inFlightMax: 8, keys: 1 };

/** Schedules drawn from the seed, aimed by what is on in them and how much. */
const drawnTrials = {
  anything: drawn({}),
  lists: drawn({
    faults: leaders,
    clients: {
      listShare: 0.9,
      readShare: 0.6,
      readModes: ['linearizable'],
      keys: 10,
      operationMeanUs: 10 * MS,
      inFlightMax: 8,
    },
    network: { latencyUs: 5 * MS },
  }),
  watches: drawn({
    faults: { ...members, crashLeader: 3 },
    limits: { logEntriesMax: 400, logBytesMax: 1 << 20 },
    clients: {
      watchers: 4,
      compositeShare: 0.4,
      lifetimeShare: 0.2,
      keys: 5,
      readShare: 0.1,
      operationMeanUs: 15 * MS,
      loss: 0.01,
    },
  }),
  'watches-and-snapshots': drawn({
    faults: { ...members, crash: 3, crashLeader: 3, pause: 4 },
    limits: { ...tinyLogs, inSyncMax: 2, minInSync: 1 },
    clients: { watchers: 4, keys: 5, readShare: 0.1, operationMeanUs: 15 * MS },
    times: { readmitMinMs: 300 },
  }),
  // Logs that drop a quarter of themselves at a time: those who watch are told of their progress all the while.
  'watches-and-progress': drawn({
    faults: {},
    limits: tinyLogs,
    clients: { watchers: 12, keys: 3, readShare: 0.1, operationMeanUs: 5 * MS },
  }),
  locks: drawn({ clients: { lockShare: 0.6, readShare: 0.3, idempotencyShare: 0.2, operationMeanUs: 15 * MS } }),
  'locks-over-lineages': drawn({
    faults: { ...losses, crashAll: 4 },
    clients: { lockShare: 0.6, readShare: 0.1, operationMeanUs: 10 * MS },
    limits: { minInSync: 1, inSyncMax: 3 },
    plan: { uncleanRecovery: 'auto' },
  }),
  'locks-and-snapshots': drawn({
    faults: { ...members, crash: 4, crashLeader: 3 },
    limits: tinyLogs,
    clients: { lockShare: 0.6, readShare: 0.2 },
    times: { readmitMinMs: 300 },
  }),
  'locks-and-slow-links': drawn({
    faults: { slowLink: 8, slow: 4, crashLeader: 1 },
    // So much on such links takes more than a few hundred bytes under way.
    limits: { inflightBytesMax: 100_000 },
    clients: { lockShare: 0.8, readShare: 0.1, operationMeanUs: 10 * MS, inFlightMax: 12 },
    network: { latencyUs: 20 * MS },
  }),
  'reads-of-locks': drawn({
    faults: leaders,
    clients: {
      lockShare: 0.8,
      readShare: 0.6,
      readModes: ['linearizable'],
      operationMeanUs: 10 * MS,
      inFlightMax: 8,
    },
    network: { latencyUs: 5 * MS },
  }),
  history: drawn({
    faults: { ...leaders, crash: 1 },
    limits: { historyLimit: 8 },
    clients: {
      pastShare: 0.7,
      keys: 3,
      readShare: 0.5,
      readModes: ['linearizable', 'in-sync'],
      operationMeanUs: 15 * MS,
    },
    network: { latencyUs: 5 * MS },
  }),
  'history-and-snapshots': drawn({
    faults: { ...members, crash: 4, reset: 3, crashLeader: 3 },
    limits: { ...tinyLogs, historyLimit: 8, inflightBytesMax: 1000, snapshotChunkBytes: 64 },
    clients: { pastShare: 0.5, keys: 10, readShare: 0.2, deleteShare: 0.1, operationMeanUs: 15 * MS, inFlightMax: 12 },
    times: { readmitMinMs: 300 },
  }),
  'history-ahead-of-entries': drawn({
    faults: { crash: 4, reset: 4, crashLeader: 1 },
    limits: { logEntriesMax: 200, inflightBytesMax: 2000, snapshotChunkBytes: 600, historyLimit: 8 },
    clients: {
      keys: 100,
      readShare: 0.05,
      deleteShare: 0,
      clearShare: 0,
      conditionShare: 0,
      operationMeanUs: 15 * MS,
      inFlightMax: 12,
    },
    network: { latencyUs: 5 * MS },
    times: { readmitMinMs: 300 },
  }),
  'history-in-little-memory': drawn({
    faults: leaders,
    limits: { ...tinyLogs, historyLimit: 8, memoryBytesMax: 30_000 },
    clients: { pastShare: 0.5, keys: 5, readShare: 0.3, idempotencyShare: 0, operationMeanUs: 15 * MS },
  }),
  lifetimes: drawn({ clients: { lifetimeShare: 0.8, readShare: 0.4 } }),
  idle: drawn({ faults: { crashLeader: 1, reset: 1 }, clients: idleReads, network: { loss: 0 } }),
  'idle-and-forgotten': drawn({ faults: { crashLeader: 1 }, clients: { ...idleReads, keys: 60, idleShare: 0.9 } }),
  'idle-in-bursts': drawn({
    faults: { crashLeader: 1 },
    clients: { ...idleReads, keys: 60, readShare: 0.8, operationMeanUs: 15 * MS, inFlightMax: 12 },
    network: { loss: 0 },
  }),
  'idle-while-the-leader-sleeps': drawn({
    faults: { pauseLeader: 6 },
    clients: { ...idleReads, operationMeanUs: 40 * MS },
    network: { loss: 0 },
    plan: { faultLengthUs: 400 * MS },
  }),
  'idle-over-broken-links': drawn({
    faults: { reset: 10, crashLeader: 0.3 },
    clients: idleReads,
    network: { loss: 0, latencyUs: 5 * MS, jitterUs: 300 },
    plan: { faultMeanUs: 100 * MS },
  }),
  'idle-over-slow-links': drawn({
    faults: { slowLink: 8, slow: 2, pause: 3, isolate: 2 },
    clients: { ...idleReads, operationMeanUs: 30 * MS },
    network: { loss: 0, latencyUs: 5 * MS },
  }),
  'idle-at-takeovers': drawn({ faults: leaders, clients: idleReads, network: { loss: 0 } }),
  'idle-and-composites': drawn({
    faults: { crashLeader: 1 },
    clients: { ...idleReads, compositeShare: 0.9, readShare: 0.05, conditionShare: 0.1 },
    network: { loss: 0 },
  }),
  'idle-and-snapshots': drawn({
    faults: { ...members, crash: 4, crashLeader: 3 },
    limits: tinyLogs,
    clients: { ...idleReads, keys: 10 },
    times: { readmitMinMs: 300 },
    network: { loss: 0 },
  }),
  evictions: drawn({ faults: { ...leaders, crash: 1 }, limits: littleMemory, clients: manyWrites }),
  'evictions-with-room': drawn({
    faults: { crashLeader: 1 },
    limits: { ...littleMemory, memoryBytesMax: 200_000, historyLimit: 1 },
    clients: { ...manyWrites, keys: 300, operationMeanUs: 8 * MS },
  }),
  'evictions-of-many': drawn({
    faults: { crashLeader: 1 },
    limits: { ...littleMemory, memoryBytesMax: 90_000 },
    clients: { ...manyWrites, keys: 300, operationMeanUs: 8 * MS },
    plan: { faultMeanUs: 2 * SECOND },
  }),
  'evictions-under-writes': drawn({
    faults: { slowLink: 4, crashLeader: 1 },
    limits: { ...littleMemory, uncommittedEntriesMax: 65_536, inflightBytesMax: 1 << 20 },
    clients: { ...manyWrites, keys: 30, inFlightMax: 12 },
    network: { latencyUs: 5 * MS },
  }),
  'evictions-watched': drawn({
    faults: { crashLeader: 1, reset: 1 },
    limits: { ...littleMemory, logEntriesMax: 30, memoryBytesMax: 50_000 },
    clients: { ...manyWrites, watchers: 4 },
  }),
  composites: drawn({ clients: { compositeShare: 0.6, counterShare: 0.3, readShare: 0.3 } }),
  clearings: drawn({
    clients: { clearShare: 0.4, lifetimeShare: 0.4, readShare: 0.3, operationMeanUs: 10 * MS, inFlightMax: 8 },
    network: { latencyUs: 5 * MS },
    // As above: in a window of 300 bytes, which some seeds draw, a learner does not catch up with this.
    limits: { inflightBytesMax: 100_000 },
  }),
  doubt: drawn({
    faults: { ...leaders, ...members, apiLate: 6, apiSlowAnswers: 2 },
    api: { late: 0.1, slowAnswers: 0.1, timeoutUs: 300 * MS },
    plan: { uncleanRecovery: 'auto' },
  }),
  'stale-watch': drawn({
    faults: { ...leaders, deletePod: 1, rollingRestart: 2, deleteLeaderPod: 3, scale: 1 },
    api: { watchDelayUs: 600 * MS, watchLoss: 0 },
    times: { readmitMinMs: 300 },
  }),
  'lease-lost': drawn({
    faults: {
      ...lostRecords,
      ...leaders,
      crash: 1,
      scale: 1,
      powerCut: 1,
      apiOutageOfOne: 2,
      apiLate: 2,
      apiSlowAnswers: 2,
    },
    plan: { uncleanRecovery: 'auto' },
  }),
  'lease-lost-with-members': drawn({
    faults: { leaseDelete: 6, leaseDamage: 1, crash: 4, powerCut: 4, isolate: 3, terminate: 2, pause: 2 },
    plan: { uncleanRecovery: 'auto', replicas: 3, replicasMax: 4 },
    limits: { minInSync: 2 },
  }),
  'old-backup': drawn({
    faults: { leaseRestore: 6, leaseEdit: 2, crashAll: 2, crashLeader: 2, pauseLeader: 1, crashMany: 2 },
    plan: { uncleanRecovery: 'auto', replicas: 3 },
    limits: { minInSync: 1 },
  }),
  'nothing-left': drawn({
    faults: { ...losses, ...leaders, isolate: 2, slowLink: 2 },
    limits: { minInSync: 1, inSyncMax: 2 },
    plan: { uncleanRecovery: 'auto', replicas: 4, replicasMax: 5 },
  }),
  'nothing-left-never': drawn({ faults: losses, limits: { minInSync: 1 }, plan: { uncleanRecovery: 'never' } }),
  'forced-deletion-strict': drawn({
    faults: { ...losses, forceDelete: 8, isolate: 1 },
    limits: { minInSync: 1, inSyncMax: 2 },
    plan: { uncleanRecovery: 'strict' },
  }),
  'nothing-left-amid-snapshots': drawn({
    faults: { ...losses, reset: 2, slowLink: 3 },
    limits: { ...tinyLogs, inflightBytesMax: 300, minInSync: 1, inSyncMax: 2 },
    clients: { keys: 10, readShare: 0.3 },
    plan: { uncleanRecovery: 'auto' },
  }),
  snapshots: drawn({
    faults: { ...members, crash: 4, reset: 3, crashLeader: 3, pauseLeader: 1 },
    limits: { ...tinyLogs, ...muchMemory, tombstonesMax: 1_000_000, sessionsMax: 10_000 },
    clients: { keys: 5, readShare: 0.3, deleteShare: 0.3, loss: 0.05, attemptUs: 150 * MS },
    times: { readmitMinMs: 300 },
  }),
  'snapshots-under-writes': drawn({
    faults: { crash: 4, reset: 3, pause: 2, slowLink: 2, crashLeader: 1 },
    limits: {
      logEntriesMax: 8,
      inflightBytesMax: 2500,
      snapshotChunkBytes: 64,
      ...muchMemory,
      tombstonesMax: 1_000_000,
    },
    clients: {
      keys: 30,
      readShare: 0.1,
      deleteShare: 0.3,
      operationMeanUs: 15 * MS,
      inFlightMax: 12,
      conditionShare: 0.1,
    },
    times: { readmitMinMs: 300 },
  }),
  'snapshots-few-tombstones': drawn({
    faults: { crash: 4, crashLeader: 4, reset: 2 },
    limits: { ...tinyLogs, tombstonesMax: 1 },
    clients: { keys: 10, readShare: 0.1, deleteShare: 0.5, conditionShare: 0.1 },
    times: { readmitMinMs: 300 },
  }),
  'snapshots-idempotent': drawn({
    faults: { crash: 4, crashLeader: 4, deleteLeaderPod: 3, reset: 2 },
    limits: { ...tinyLogs, ...muchMemory, idempotencyKeysMax: 100_000 },
    clients: { readShare: 0.1, idempotencyShare: 0.9 },
    times: { readmitMinMs: 300 },
  }),
  'snapshots-over-slow-links': drawn({
    faults: { crash: 4, slowLink: 8, crashLeader: 3 },
    limits: { ...tinyLogs, inflightBytesMax: 300 },
    clients: { keys: 10, readShare: 0.2 },
    times: { readmitMinMs: 100 },
  }),
  lossy: drawn({
    faults: { ...members, crashLeader: 2, lossyLink: 4, reset: 4 },
    network: { loss: 0.03, duplicates: 0.3 },
  }),
  ghosts: drawn({
    faults: { pauseLeader: 4, isolateLeader: 4, isolateLeaderFromAll: 2, reset: 1 },
    network: { ghosts: 0.2 },
    times: { readmitMinMs: 100, readmitMaxMs: 200 },
    plan: { uncleanRecovery: 'auto', replicas: 3, replicasMax: 3, faultLengthUs: 500 * MS, faultMeanUs: 700 * MS },
  }),
  'ghosts-of-other-lineages': drawn({
    faults: { ...losses, crashAll: 6, crashLeader: 2, reset: 2 },
    network: { ghosts: 0.1 },
    limits: { minInSync: 1 },
    plan: { podNames: 'stable', uncleanRecovery: 'auto', replicas: 3, replicasMax: 3 },
  }),
  'diverging-logs': drawn({
    faults: { pauseLeader: 5, isolateLeader: 3, isolateLeaderFromAll: 3, reset: 2, slowLink: 3 },
    clients: { readShare: 0.1, operationMeanUs: 12 * MS, inFlightMax: 12 },
    limits: { minInSync: 1, logEntriesMax: 100_000, inflightBytesMax: 1 << 20, uncommittedEntriesMax: 65_536 },
    plan: { uncleanRecovery: 'auto', faultLengthUs: 700 * MS, faultMeanUs: 400 * MS },
  }),
  'hand-over': drawn({
    faults: { deleteLeaderPod: 6, rollingRestart: 3, crashLeader: 1, pause: 1, scale: 1, reset: 1, apiOutage: 1 },
  }),
  'joins-at-takeover': drawn({
    faults: { ...leaders, crash: 4, slowLink: 2, cutPair: 2, scale: 2, deletePod: 1 },
    limits: { minInSync: 1, inSyncMax: 5 },
    times: { readmitMinMs: 100, readmitMaxMs: 200 },
  }),
  'linearizable-reads': drawn({
    faults: { pauseLeader: 4, isolateLeader: 3, isolateLeaderFromAll: 4, pause: 2, isolate: 3, split: 3 },
    clients: { ...manyReads, readModes: ['linearizable'], loss: 0 },
  }),
  'linearizable-reads-at-outsiders': drawn({
    faults: { pauseLeader: 2, isolate: 3, slowLink: 6, pause: 2, slow: 4 },
    clients: { ...manyReads, readModes: ['linearizable'], loss: 0 },
    limits: { minInSync: 1, inSyncMax: 2 },
    plan: { replicas: 5, replicasMax: 5 },
  }),
  'linearizable-reads-at-takeover': drawn({
    faults: { crashLeader: 6, deleteLeaderPod: 2, crash: 1, slowLink: 4, pause: 1 },
    clients: { ...manyReads, operationMeanUs: 4 * MS, readShare: 0.6, readModes: ['linearizable'], loss: 0, keys: 2 },
    limits: { minInSync: 1 },
  }),
  'kept-outcomes-at-takeover': drawn({
    faults: { ...losses, crashLeader: 4, crash: 3, crashMany: 6 },
    clients: { loss: 0.3, attemptUs: 150 * MS, readShare: 0.1, deadlineUs: 4 * SECOND, operationMeanUs: 10 * MS },
    limits: { minInSync: 2, inSyncMax: 2 },
    plan: { uncleanRecovery: 'auto', replicas: 4, replicasMax: 4, restartMeanUs: 50 * MS },
  }),
  'in-sync-reads': drawn({
    faults: { isolateLeaderFromAll: 5, isolate: 3, pauseLeader: 2, split: 3 },
    clients: { ...manyReads, readModes: ['in-sync'], loss: 0 },
    times: { readStalenessMs: 300 },
    plan: { faultLengthUs: 3 * SECOND },
  }),
  'in-sync-reads-at-outsiders': drawn({
    faults: { slowLink: 6, slow: 4, isolate: 2, crashLeader: 1 },
    clients: { ...manyReads, readModes: ['in-sync'], loss: 0 },
    times: { readStalenessMs: 300 },
    limits: { minInSync: 1, inSyncMax: 2 },
    plan: { replicas: 5, replicasMax: 5, faultLengthUs: 3 * SECOND },
  }),
  'in-sync-reads-after-a-pause': drawn({
    faults: { pause: 10, pauseLeader: 1 },
    clients: {
      ...manyReads,
      keys: 20,
      operationMeanUs: 3 * MS,
      readModes: ['in-sync'],
      loss: 0,
      attemptUs: 150 * MS,
      count: 6,
    },
    times: { readStalenessMs: 300 },
    plan: { replicas: 3, replicasMax: 3, faultLengthUs: 2 * SECOND },
    // What waits for a follower that does not take it in stays with the leader.
    limits: { minInSync: 1, inflightBytesMax: 500 },
  }),
  'session-reads': drawn({
    faults: { slowLink: 4, slow: 3, crash: 2, pause: 2 },
    clients: { ...manyReads, readModes: ['session'] },
  }),
  'session-reads-over-lineages': drawn({
    faults: { ...losses, crashAll: 4, isolate: 3 },
    clients: { readShare: 0.8, operationMeanUs: 10 * MS, readModes: ['session'] },
    limits: { minInSync: 1, inSyncMax: 2 },
    plan: { uncleanRecovery: 'auto' },
  }),
  'late-copies': drawn({
    faults: { ...leaders, reset: 2 },
    clients: { loss: 0.15, attemptUs: 150 * MS, readShare: 0.1, deadlineUs: 1500 * MS },
  }),
  'late-copies-over-snapshots': drawn({
    faults: { crash: 4, crashLeader: 4, deleteLeaderPod: 4 },
    clients: { loss: 0.3, attemptUs: 400 * MS, readShare: 0.1, deadlineUs: 4 * SECOND },
    limits: tinyLogs,
    times: { readmitMinMs: 300 },
    plan: { restartMeanUs: 50 * MS },
  }),
  'sessions-end': drawn({
    faults: { ...leaders, crash: 1, cutClients: 6, reset: 1 },
    clients: {
      count: 6,
      loss: 0.2,
      attemptUs: 700 * MS,
      readShare: 0,
      operationMeanUs: 700 * MS,
      deadlineUs: 8 * SECOND,
    },
    times: { sessionIdleMs: 200 },
    limits: { ...muchMemory, sessionsMax: 10_000 },
  }),
  'few-sessions': drawn({
    faults: { ...leaders, crash: 1 },
    clients: { count: 6, loss: 0.1, readShare: 0.1, attemptUs: 150 * MS },
    times: { sessionIdleMs: 1500 },
    limits: { sessionsMax: 3 },
  }),
  idempotent: drawn({
    faults: { ...leaders, crash: 2 },
    clients: { idempotencyShare: 0.9, readShare: 0.1, operationMeanUs: 10 * MS, inFlightMax: 12 },
    limits: { ...muchMemory, idempotencyKeysMax: 100_000, inflightBytesMax: 1 << 20 },
  }),
  'idempotent-by-wrong-clocks': drawn({
    faults: { ...leaders, wallJump: 6 },
    clients: { idempotencyShare: 0.9, readShare: 0.1, operationMeanUs: 10 * MS, inFlightMax: 12 },
    limits: { ...muchMemory, idempotencyKeysMax: 100_000, inflightBytesMax: 1 << 20 },
  }),
} as const satisfies Record<string, Trial>;

/** What a mutant is looked for in: schedules drawn, or a stage set for it. */
export type Aim = keyof typeof drawnTrials | Stage;

export function trialOf(aim: Aim): Trial {
  return aim in drawnTrials ? drawnTrials[aim as keyof typeof drawnTrials] : stages[aim as Stage];
}

export const aims: readonly Aim[] = [...(Object.keys(drawnTrials) as Aim[]), ...(Object.keys(stages) as Aim[])];
