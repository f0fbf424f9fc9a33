import { apiPaused, apiStopped } from './rows/api-away.ts';
import { apiRestartedDuringRollout } from './rows/api-restarted-during-rollout.ts';
import { apply } from './rows/apply.ts';
import { autoscaling } from './rows/autoscaling.ts';
import { drain } from './rows/drain.ts';
import { leaderCutFromApi, leaderCutFromBoth, leaderCutFromPeers } from './rows/leader-cut-off.ts';
import { leaderDeleted } from './rows/leader-deleted.ts';
import { leaseDeleted } from './rows/lease-deleted.ts';
import { nodePowerCut } from './rows/node-power-cut.ts';
import { outOfMemory } from './rows/out-of-memory.ts';
import { rollout } from './rows/rollouts.ts';
import { scale } from './rows/scale.ts';
import { twoReleases } from './rows/two-releases.ts';
import type { MightyStage, Stage } from './stage.ts';
import type { Round } from './under-load.ts';

/** One of the things that must be seen. Nothing that was acknowledged may be lost in any of them. */
export type Row = {
  readonly name: string;
  /** What is done. */
  readonly what: string;
  /** What must be seen of it. */
  readonly required: Required;
  /** For the figures; once shows that it works. */
  readonly rounds: number;
} & (
  | { readonly needs: 'a cluster'; readonly round: (stage: Stage) => Promise<Round> }
  /** Its machines as well. */
  | { readonly needs: 'powers'; readonly round: (stage: MightyStage) => Promise<Round> }
);

export interface Required {
  readonly failedRequests: 'none' | 'some';
  /** Of writes and of reads, of the load as a whole; null: no limit is asked for. */
  readonly pauseMsMax: number | null;
}

const UNSEEN = (pauseMsMax: number | null): Required => ({ failedRequests: 'none', pauseMsMax });
const NOTHING_LOST = (pauseMsMax: number | null): Required => ({ failedRequests: 'some', pauseMsMax });

/** In the order in which they are played: what takes most to recover from comes last. */
export const rows: readonly Row[] = [
  {
    name: 'apply',
    what: 'kubectl apply -k, to the first acknowledged write within 15 s',
    required: UNSEEN(null),
    rounds: 3,
    needs: 'a cluster',
    round: apply,
  },
  {
    name: 'rollout-kvstore',
    what: 'kubectl rollout restart of kvstore',
    required: UNSEEN(300),
    rounds: 5,
    needs: 'a cluster',
    round: rollout('kvstore'),
  },
  {
    name: 'rollout-proxy',
    what: 'kubectl rollout restart of the proxy',
    required: UNSEEN(300),
    rounds: 5,
    needs: 'a cluster',
    round: rollout('kvstore-proxy'),
  },
  {
    name: 'scale',
    what: 'kubectl scale 3 to 6 to 3; new pods serve reads when ready',
    required: UNSEEN(null),
    rounds: 3,
    needs: 'a cluster',
    round: scale,
  },
  {
    name: 'autoscaling',
    what: 'the HorizontalPodAutoscaler scales 3 to 6 to 3 by real load',
    required: UNSEEN(null),
    rounds: 3,
    needs: 'a cluster',
    round: autoscaling,
  },
  {
    name: 'leader-deleted',
    what: "the leader's pod deleted by force, without grace",
    required: NOTHING_LOST(1000),
    rounds: 5,
    needs: 'a cluster',
    round: leaderDeleted,
  },
  {
    name: 'lease-deleted',
    what: 'the Lease deleted by an administrator',
    required: NOTHING_LOST(2000),
    rounds: 5,
    needs: 'a cluster',
    round: leaseDeleted,
  },
  {
    name: 'drain',
    what: 'each node drained in turn, the PodDisruptionBudget respected',
    required: UNSEEN(null),
    rounds: 1,
    needs: 'a cluster',
    round: drain,
  },
  {
    name: 'out-of-memory',
    what: 'values until memory-full: 507, nobody killed, deletes make room',
    required: UNSEEN(null),
    rounds: 1,
    needs: 'a cluster',
    round: outOfMemory,
  },
  {
    name: 'leader-cut-from-peers',
    what: 'the leader cut off from its peers, not from the API: another leads',
    required: NOTHING_LOST(2000),
    rounds: 3,
    needs: 'powers',
    round: leaderCutFromPeers,
  },
  {
    name: 'leader-cut-from-api',
    what: 'the leader cut off from the API, not from its peers: it goes on',
    required: NOTHING_LOST(2000),
    rounds: 3,
    needs: 'powers',
    round: leaderCutFromApi,
  },
  {
    name: 'leader-cut-from-both',
    what: 'the leader cut off from peers and API: another leads',
    required: NOTHING_LOST(2000),
    rounds: 3,
    needs: 'powers',
    round: leaderCutFromBoth,
  },
  {
    name: 'api-stopped',
    what: 'the API server stopped: writes go on, the same leads after',
    required: UNSEEN(200),
    rounds: 1,
    needs: 'powers',
    round: apiStopped,
  },
  {
    name: 'api-paused',
    what: 'the API server paused: writes go on, the same leads after',
    required: UNSEEN(200),
    rounds: 1,
    needs: 'powers',
    round: apiPaused,
  },
  {
    name: 'api-restarted-during-rollout',
    what: 'the API server restarted during a rollout, which ends',
    required: NOTHING_LOST(null),
    rounds: 3,
    needs: 'powers',
    round: apiRestartedDuringRollout,
  },
  {
    name: 'two-releases',
    what: 'a release with a new field, kind of entry and option, rolled out and back',
    required: UNSEEN(null),
    rounds: 1,
    needs: 'powers',
    round: twoReleases,
  },
  {
    name: 'node-power-cut',
    what: "the power of the leader's node cut",
    required: NOTHING_LOST(2000),
    rounds: 3,
    needs: 'powers',
    round: nodePowerCut,
  },
];

/** What a round has not shown though the row requires it. */
export function shortcomings(
  { required }: Row,
  { figures, broken }: Round,
  options: {
    /** How many times as long as required a pause may be: a machine that has much else to do is no shortcoming. */
    readonly pauseTolerance: number;
  },
): readonly string[] {
  const { failedRequests } = required;
  const pauseMsMax = required.pauseMsMax === null ? null : required.pauseMsMax * options.pauseTolerance;
  const found = [...broken];
  if (failedRequests === 'none' && figures.failed > 0) {
    found.push(`${figures.failed} requests failed: ${JSON.stringify(figures.failures)}`);
  }
  const pauses = [
    ['writes', figures.writePauseMs],
    ['reads', figures.readPauseMs],
  ] as const;
  for (const [of, pauseMs] of pauses) {
    if (pauseMsMax !== null && pauseMs > pauseMsMax) {
      found.push(`no ${of} for ${pauseMs.toFixed(0)} ms; ${pauseMsMax} ms are allowed`);
    }
  }
  return found;
}
