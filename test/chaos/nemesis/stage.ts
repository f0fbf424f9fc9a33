import type { LocalPod } from '../../../src/main/local/pod.ts';
import type { Server } from '../../../src/main/local/server.ts';
import type { Prng } from '../../simulation/prng.ts';
import type { ChaosCluster } from '../cluster.ts';
import { nowUs } from '../load/clock.ts';
import { leaseStateOf, type LeaseState } from '../record/lease-state.ts';

const ANSWER_WITHIN_MS = 500;

/** What the faults of one run share: the cluster, chance, and what must not be done together. */
export class Stage {
  readonly cluster: ChaosCluster;
  readonly random: Prng;
  /** Of things that are made in the store for a fault's sake. */
  readonly prefix: string;
  /** Processes that are stopped (SIGSTOP) now. */
  readonly paused = new Set<Server>();
  /** The layer before the API has a plan already: there is one at a time. */
  isApiSpoiled = false;
  /** Somebody is filling the store. */
  isFilled = false;
  /** The record is lost, and its leader has not yet written it again (R13). */
  isRecordLost = false;
  /** What the record was when the API server was taken away; null: it is there. */
  leaseBeforeOutage: LeaseState | null = null;
  readonly #replicaIds = new Map<number, string>();
  #made = 0;

  constructor(options: { readonly cluster: ChaosCluster; readonly random: Prng; readonly prefix: string }) {
    this.cluster = options.cluster;
    this.random = options.random;
    this.prefix = options.prefix;
  }

  /** A key that no client of the load touches. */
  newKey(): string {
    this.#made += 1;
    return `${this.prefix}-fault${this.#made}`;
  }

  /**
   * Whether a pod may lose its memory now: not if that could leave nobody with every acknowledged write. Of the record's
   * other members none is missing already, so that one at least remains, whichever change of the set is under way.
   */
  async mayForget(pod: LocalPod): Promise<boolean> {
    if (this.isRecordLost || pod.server.pid === null || this.cluster.isEnding(pod.server)) return false;
    const state = this.leaseBeforeOutage ?? (await this.leaseState());
    if (state === null) return false;
    const running = await this.#runningReplicas();
    const others = state.inSync.filter((id) => !id.startsWith(`${pod.name}/`));
    return others.length > 0 && others.every((id) => running.has(id));
  }

  /** Whether the record may be lost now: a leader is there that will write it again, and nothing has begun to stop it. */
  async mayLoseRecord(): Promise<boolean> {
    if (this.isRecordLost || this.leaseBeforeOutage !== null || this.paused.size > 0) return false;
    const state = await this.leaseState();
    const running = await this.#runningReplicas();
    return state !== null && state.holder !== null && state.inSync.every((id) => running.has(id));
  }

  async leaseState(): Promise<LeaseState | null> {
    const lease = await this.cluster.lease();
    return lease === null ? null : leaseStateOf(lease, nowUs());
  }

  /** The pod that the record names; where the API is away, the one it named. */
  async holder(): Promise<LocalPod | null> {
    const state = this.leaseBeforeOutage ?? (await this.leaseState());
    return this.cluster.pods.find(({ name }) => state?.holder?.startsWith(`${name}/`) === true) ?? null;
  }

  async #runningReplicas(): Promise<ReadonlySet<string>> {
    const ids = await Promise.all(this.cluster.pods.map((pod) => this.#replicaIdOf(pod)));
    return new Set(ids.filter((id) => id !== null));
  }

  /** Of one that does not answer, what it said before: it keeps its id while it keeps its data. */
  async #replicaIdOf(pod: LocalPod): Promise<string | null> {
    const { pid } = pod.server;
    // One that was told to stop takes its memory with it, as soon as it likes.
    if (pid === null || this.cluster.isEnding(pod.server)) return null;
    try {
      const url = `http://${pod.ip}:${pod.httpPort}/v1/cluster`;
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      const view = (await response.json()) as { readonly replicas: readonly { podName: string; replica: string }[] };
      const id = view.replicas.find(({ podName }) => podName === pod.name)?.replica ?? null;
      if (id !== null && pod.server.pid === pid) this.#replicaIds.set(pid, id);
      return id;
    } catch {
      return this.#replicaIds.get(pid) ?? null;
    }
  }
}
