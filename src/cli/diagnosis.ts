import type { KvCluster, KvError } from '../client/index.ts';
import { lagOf, leaderOf } from './cluster-view.ts';
import { durationText } from './text.ts';

export interface Finding {
  readonly level: 'ok' | 'warning' | 'failure';
  readonly what: string;
  /** null: nothing. */
  readonly todo: string | null;
}

/** What was seen of a store that answers. */
export interface Observation {
  readonly cluster: KvCluster;
  /** Of the process that was asked; null: the clocks could not be compared. */
  readonly clockOffMs: number | null;
  /** A write and a read of it; or how they failed; null: none was to be made. */
  readonly roundTrip:
    { readonly kind: 'done'; readonly ms: number } | { readonly kind: 'failed'; readonly error: KvError } | null;
}

const CLOCK_OFF_MS_MAX = 2000;
const ROUND_TRIP_MS_MAX = 200;
const LAG_MS_MAX = 1000;
const LAG_ENTRIES_MAX = 1000;
const MEMBERS_WANTED = 2;

/** What is wrong with a cluster, the gravest first, and what to do about it. Each check says something, if only that all is well. */
export function findingsOf(observation: Observation): readonly Finding[] {
  const { cluster } = observation;
  const checks = [leaderFinding(cluster), ...redundancyFindings(cluster), ...replicaFindings(cluster)];
  const all = [...checks, ...lagFindings(cluster), roundTripFinding(observation), clockFinding(observation)];
  const rank = { failure: 0, warning: 1, ok: 2 } as const;
  return all.filter((finding) => finding !== null).toSorted((a, b) => rank[a.level] - rank[b.level]);
}

const ok = (what: string): Finding => ({ level: 'ok', what, todo: null });
const warning = (what: string, todo: string): Finding => ({ level: 'warning', what, todo });
const failure = (what: string, todo: string): Finding => ({ level: 'failure', what, todo });

function leaderFinding(cluster: KvCluster): Finding {
  const leader = leaderOf(cluster);
  if (cluster.frozen) {
    return failure(
      'The group is frozen: it cannot go on by itself without losing data.',
      'Bring replicas back that are missing. If that cannot be: kv admin recover --dry-run shows what would be lost; docs/guides/recovery.md.',
    );
  }
  if (leader !== null) return ok(`${leader.podName} leads epoch ${cluster.epoch}.`);
  return failure(
    'Nobody leads: writes wait.',
    'Look again in some seconds. If it stays so, look whether the replicas reach each other and the Kubernetes API: their logs say.',
  );
}

function redundancyFindings({ members, replicas, standbys }: KvCluster): Finding[] {
  if (replicas.length === 0)
    return [failure('No replica answers.', 'Start some: kubectl get pods, or ./run.sh status.')];
  if (members.length >= MEMBERS_WANTED)
    return [ok(`${members.length} replicas are in sync, ${standbys.length} on standby.`)];
  return [
    warning(
      `Only ${members.length} of ${replicas.length} replicas is in sync: the next loss may be one of data.`,
      'Wait until others have caught up, or start more. With KV_MIN_IN_SYNC above 1 writes wait meanwhile.',
    ),
  ];
}

function replicaFindings({ replicas, unreachable, lineage }: KvCluster): Finding[] {
  const silent = unreachable.map(({ podName, peerAddress, reason }) =>
    warning(
      `${podName} does not answer at ${peerAddress}: ${reason}.`,
      `Look whether it runs (kubectl describe pod ${podName}), and whether a network policy keeps port 7000 from it.`,
    ),
  );
  const unready = replicas
    .filter(({ ready, stopping }) => !ready && !stopping)
    .map(({ podName }) =>
      warning(
        `${podName} is not ready.`,
        `It may be catching up. Its /readyz, and its log, say why: kubectl logs ${podName}.`,
      ),
    );
  const stopping = replicas
    .filter((replica) => replica.stopping)
    .map(({ podName }) => warning(`${podName} is stopping.`, 'Nothing, if a rollout is under way.'));
  if (lineage !== null && lineage.number > 1) {
    silent.push(
      warning(
        `This is lineage ${lineage.number}: the data was lost, or given up, ${lineage.number - 1} times before.`,
        'The log line and the Kubernetes Event of each tell why; nothing, if that is known.',
      ),
    );
  }
  const found = [...silent, ...unready, ...stopping];
  return found.length > 0 ? found : [ok('All replicas answer, and are ready.')];
}

function lagFindings(cluster: KvCluster): Finding[] {
  const late = cluster.replicas.flatMap((replica) => {
    const lag = lagOf(cluster, replica);
    const isLate = lag !== null && (lag.lagMs > LAG_MS_MAX || lag.lagEntries > LAG_ENTRIES_MAX);
    if (!isLate) return [];
    return [
      warning(
        `${replica.podName} is ${lag.lagEntries} entries, ${durationText(lag.lagMs)}, behind.`,
        'It is catching up, or has too little processor time or network: kv top.',
      ),
    ];
  });
  return late.length > 0 ? late : [ok('Nobody lags behind.')];
}

function roundTripFinding({ roundTrip }: Observation): Finding | null {
  if (roundTrip === null) return null;
  if (roundTrip.kind === 'failed') {
    const { code, detail } = roundTrip.error;
    const todo =
      code === 'memory-full'
        ? 'Delete keys (kv ls --count, kv del --prefix), or give it more: KV_MEMORY_MAX.'
        : 'What is said above comes first; then look again.';
    return failure(`A write and its read failed: ${detail}`, todo);
  }
  const took = durationText(roundTrip.ms);
  if (roundTrip.ms <= ROUND_TRIP_MS_MAX) return ok(`A write and its read took ${took}.`);
  return warning(
    `A write and its read took ${took}.`,
    'The slowest member sets the pace of writes: kv top; kv latency tells more.',
  );
}

function clockFinding({ clockOffMs }: Observation): Finding | null {
  if (clockOffMs === null) return null;
  if (Math.abs(clockOffMs) <= CLOCK_OFF_MS_MAX) return ok('Its clock and the one here agree.');
  return warning(
    `Its clock and the one here are ${durationText(Math.abs(clockOffMs))} apart.`,
    'Correct the one that is wrong. The store itself depends on none; what kv tells of lifetimes does.',
  );
}
