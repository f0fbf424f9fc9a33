import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeClient } from '../../src/main/local/kube-client.ts';
import { LocalCluster } from '../../src/main/local/local-cluster.ts';
import type { LocalPod } from '../../src/main/local/pod.ts';
import type { ClusterView } from '../../src/ports/data-operations.ts';
import type { Address } from './load/http-connection.ts';
import type { Held } from './load/ledger.ts';
import { readReplica } from './load/read-replica.ts';
import { until } from './until.ts';

export interface InstallationOptions {
  /** @default 3 */
  readonly replicas?: number;
  /** @default 1 */
  readonly proxies?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the logs of all processes are copied in the end. */
  readonly logsTo?: string;
}

const HOST = '127.0.0.1';

/** A local cluster of real processes, and what one wants to know of it while they are killed. */
export class Installation {
  readonly cluster: LocalCluster;
  readonly #folder: string;
  readonly #logsTo: string | null;

  private constructor(cluster: LocalCluster, folder: string, logsTo: string | null) {
    this.cluster = cluster;
    this.#folder = folder;
    this.#logsTo = logsTo;
  }

  static async start(options: InstallationOptions): Promise<Installation> {
    const { replicas = 3, proxies = 1, env = {}, logsTo = null } = options;
    const folder = mkdtempSync(join(tmpdir(), 'kvstore-measure-'));
    const cluster = new LocalCluster({
      replicas,
      proxies,
      env,
      directory: join(folder, 'cluster'),
      startWithinMs: 60_000,
    });
    const installation = new Installation(cluster, folder, logsTo);
    try {
      await cluster.start();
      await installation.untilInSync();
    } catch (error) {
      await installation.end();
      throw error;
    }
    return installation;
  }

  /** At once, whatever state its processes are in; their logs go with it. */
  async end(): Promise<void> {
    this.cluster.killAll();
    if (this.#logsTo !== null) {
      const isLog = (path: string) => !path.endsWith('kubernetes') && !path.includes('kubernetes/');
      cpSync(join(this.#folder, 'cluster'), this.#logsTo, { recursive: true, filter: isLog });
    }
    await this.cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get proxyAddresses(): readonly Address[] {
    return this.cluster.proxies.map(({ port }) => ({ host: HOST, port }));
  }

  /** Where the Kubernetes API keeps its objects. */
  get kubernetesDirectory(): string {
    return join(this.#folder, 'cluster', 'kubernetes');
  }

  get pods(): readonly LocalPod[] {
    return this.cluster.pods;
  }

  /** A proxy's, or null if none answers now. */
  async view(): Promise<ClusterView | null> {
    for (const { url } of this.cluster.proxies) {
      const view = await viewOf(url);
      if (view !== null) return view;
    }
    return null;
  }

  /** A proxy's, with somebody who leads. */
  async settledView(): Promise<ClusterView> {
    let settled: ClusterView | null = null;
    await until('somebody leads', async () => {
      const view = await this.view();
      settled = leadingPod(view) === null ? null : view;
      return settled !== null;
    });
    return settled as unknown as ClusterView;
  }

  /** As a proxy sees it now. */
  async leader(): Promise<LocalPod> {
    const name = leadingPod(await this.settledView());
    const leader = this.pods.find((pod) => pod.name === name);
    if (leader === undefined) throw new Error(`${String(name)} leads, and is no pod of this installation`);
    return leader;
  }

  async followers(): Promise<readonly LocalPod[]> {
    const leader = await this.leader();
    return this.pods.filter((pod) => pod !== leader);
  }

  /** Waits until another pod than `former` leads; its name. */
  async untilLedByAnother(former: LocalPod, withinMs = 30_000): Promise<string> {
    let name: string | null = null;
    await until(
      `another than ${former.name} leads`,
      async () => {
        name = leadingPod(await this.view());
        return name !== null && name !== former.name;
      },
      { withinMs },
    );
    return String(name);
  }

  /** Waits until a proxy's view is as it should be. */
  async until(what: string, holds: (view: ClusterView) => boolean, withinMs = 30_000): Promise<void> {
    await until(
      what,
      async () => {
        const view = await this.view();
        return view !== null && holds(view);
      },
      { withinMs },
    );
  }

  /** kill -9 of the Kubernetes API; nothing starts it again. */
  async takeApiAway(): Promise<void> {
    const { api } = this.cluster;
    api.restart = 'never';
    api.kill('SIGKILL');
    await until('the Kubernetes API is gone', () => api.pid === null);
  }

  /** Resolves when it answers. */
  async bringApiBack(): Promise<void> {
    const { api } = this.cluster;
    api.restart = 'always';
    api.start();
    const client = new KubeClient({ url: this.cluster.kubernetesUrl, namespace: 'default' });
    await until('the Kubernetes API answers', () => client.isUp(), { everyMs: 10 });
  }

  /** Waits until every pod is a member of the set, ready, and as far as the leader. */
  async untilInSync(withinMs = 90_000): Promise<ClusterView> {
    let found: ClusterView | null = null;
    const complete = async () => {
      const view = await this.view();
      const isComplete =
        view?.members.length === this.pods.length &&
        view.replicas.length === this.pods.length &&
        view.replicas.every(({ standing, ready }) => ready && (standing === 'leader' || standing === 'member'));
      found = isComplete ? view : null;
      return isComplete;
    };
    await until('every replica is in sync', complete, { withinMs, everyMs: 100 }).catch(async (error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(await this.view())}`);
    });
    return found as unknown as ClusterView;
  }

  /** Waits until every replica has applied the same, and nothing is left to commit. No write may be under way. */
  async untilQuiet(withinMs = 30_000): Promise<void> {
    let before = '';
    await until(
      'every replica has applied all that the leader has',
      async () => {
        const indexes =
          (await this.view())?.replicas.flatMap((replica) => [replica.lastIndex, replica.appliedIndex]) ?? [];
        const now = indexes.join();
        // Twice the same: an empty entry of the leader may have come between.
        const isQuiet = indexes.length === 2 * this.pods.length && new Set(indexes).size === 1 && now === before;
        before = now;
        return isQuiet;
      },
      { withinMs },
    );
  }

  /** What each replica holds of the keys of the load. */
  async held(keys: number): Promise<Map<string, readonly Held[]>> {
    const held = new Map<string, readonly Held[]>();
    for (const pod of this.pods) held.set(pod.name, await readReplica({ host: HOST, port: pod.httpPort }, keys));
    return held;
  }

  /** Everything that the processes of a server have logged. */
  logOf(name: string): string {
    const file = join(this.#folder, 'cluster', `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

export async function viewOf(url: string): Promise<ClusterView | null> {
  try {
    const response = await fetch(`${url}/v1/cluster`, { signal: AbortSignal.timeout(3000) });
    return response.ok ? ((await response.json()) as ClusterView) : null;
  } catch {
    return null;
  }
}

/** The pod that leads by the record, and does: a record may name one that is dead. */
export function leadingPod(view: ClusterView | null): string | null {
  const leads = view?.replicas.find((replica) => replica.role === 'leading' && replica.replica === view.leader);
  return leads?.podName ?? null;
}
