import { setTimeout as wait } from 'node:timers/promises';
import type { RecoverRequest, RecoveryView } from '../core/election/recovery.ts';
import type { Lineage } from '../core/replication/lineage.ts';
import type { Problem } from '../protocol/http/problem.ts';
import { RECOVERY_PATH } from '../protocol/http/schemas/admin.ts';

/** A replica that answered, and where. */
export interface ReachedReplica {
  readonly podName: string;
  readonly url: string;
  readonly view: RecoveryView;
}

/** A pod that is known of, and did not answer here. */
export interface UnreachedPod {
  readonly podName: string;
  readonly reason: string;
  /** It answers a proxy or another replica: it lives, and only its own HTTP address cannot be reached from here. */
  readonly answersElsewhere: boolean;
}

export interface Found {
  readonly reached: readonly ReachedReplica[];
  readonly unreached: readonly UnreachedPod[];
  /** What came of each address that was given and gave nothing. */
  readonly faults: readonly string[];
}

export type RecoverAnswer =
  | { readonly kind: 'begun'; readonly lineage: Lineage; readonly epoch: number }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** The request may have arrived. */
  | { readonly kind: 'lost'; readonly reason: string };

const ANSWER_MS = 3000;
/** The replica itself gives up after 10 s. */
const RECOVER_MS = 15_000;
const POLL_MS = 200;

/**
 * All replicas that can be had from these addresses, each a proxy's or a replica's: whoever answers names the others, and
 * each is asked by itself.
 */
export async function findReplicas(urls: readonly string[]): Promise<Found> {
  const reached = new Map<string, ReachedReplica>();
  const addresses = new Map<string, string>();
  const silent = new Map<string, string>();
  const faults: string[] = [];
  const lookAt = async (url: string): Promise<void> => {
    const [view, cluster] = await Promise.all([getView(url), getJson(`${url}/v1/cluster`)]);
    if (typeof view === 'object') reached.set(podNameOf(view), { podName: podNameOf(view), url, view });
    if (typeof cluster === 'string') {
      if (typeof view === 'string') faults.push(`${url}: ${cluster}`);
      return;
    }
    const { replicas = [], unreachable = [] } = cluster as ClusterAnswer;
    for (const { podName, httpAddress } of replicas) addresses.set(podName, httpAddress);
    for (const { podName, reason } of unreachable) silent.set(podName, reason);
  };
  await Promise.all(urls.map(lookAt));

  const unreached: UnreachedPod[] = [];
  const others = [...addresses].filter(([podName]) => !reached.has(podName));
  await Promise.all(
    others.map(async ([podName, address]) => {
      const url = `http://${address}`;
      const view = await getView(url);
      if (typeof view === 'object') reached.set(podName, { podName, url, view });
      else unreached.push({ podName, reason: `${url}: ${view}`, answersElsewhere: true });
    }),
  );
  for (const [podName, reason] of silent) {
    if (!reached.has(podName) && !addresses.has(podName)) unreached.push({ podName, reason, answersElsewhere: false });
  }
  const byName = (a: { podName: string }, b: { podName: string }) => (a.podName < b.podName ? -1 : 1);
  return { reached: [...reached.values()].sort(byName), unreached: unreached.sort(byName), faults };
}

export async function askToRecover(replica: ReachedReplica, request: RecoverRequest): Promise<RecoverAnswer> {
  try {
    const response = await fetch(replica.url + RECOVERY_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(RECOVER_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok) return { kind: 'problem', problem: answer as Problem };
    return { kind: 'begun', ...(answer as { lineage: Lineage; epoch: number }) };
  } catch (error) {
    return { kind: 'lost', reason: reasonOf(error) };
  }
}

/** Whether it takes writes within this time. */
export async function takesWrites(
  { url }: ReachedReplica,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  for (const deadlineMs = performance.now() + withinMs; performance.now() < deadlineMs;) {
    const view = await getView(url);
    if (typeof view === 'object' && view.takesWrites) return true;
    await wait(POLL_MS, undefined, { signal });
  }
  return false;
}

interface ClusterAnswer {
  readonly replicas?: readonly { readonly podName: string; readonly httpAddress: string }[];
  readonly unreachable?: readonly { readonly podName: string; readonly reason: string }[];
}

/** A replica's id begins with the name of its pod. */
const podNameOf = ({ replica }: RecoveryView): string => replica.split('/')[0] ?? replica;

/** A view, or why there is none; a proxy has none. */
async function getView(url: string): Promise<RecoveryView | string> {
  const answer = await getJson(url + RECOVERY_PATH);
  return typeof answer === 'string' ? answer : (answer as RecoveryView);
}

async function getJson(url: string): Promise<object | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    const answer: unknown = await response.json();
    if (!response.ok) return `answers ${response.status}`;
    return typeof answer === 'object' && answer !== null ? answer : 'answers, but is no kvstore';
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  if (error instanceof SyntaxError) return 'answers, but is no kvstore';
  // fetch says only that it failed; why, its cause does.
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
