import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js';
import type { ClusterView } from '../../../src/ports/data-operations.ts';
import { leadingPod } from '../../measure/installation.ts';
import { eventually } from '../eventually.ts';
import type { KubeApi } from './kube-api.ts';
import type { Kubectl } from './kubectl.ts';
import { storePodsIn, type App, type PodList, type StorePod } from './store-pods.ts';

export interface InstallationOptions {
  readonly api: KubeApi;
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** A folder that `kubectl apply -k` takes. */
  readonly overlay: string;
}

/** On every pod of an installation that is here to be tested, and on no other. */
export const E2E_LABEL = 'kvstore.dev/e2e';

const WHOLE_WITHIN_MS = 120_000;
const IN_SYNC_MAX = 5;
const PORTS = { 'kvstore-proxy': 8001, 'kvstore-read': 8000 } as const;

interface DeploymentObject {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** The store in a cluster: what operators do to it, and what one wants to know of it meanwhile. */
export class Installation {
  readonly namespace: string;
  readonly #api: KubeApi;
  readonly #kubectl: Kubectl;
  readonly #overlay: string;

  constructor(options: InstallationOptions) {
    this.namespace = options.namespace;
    this.#api = options.api;
    this.#kubectl = options.kubectl;
    this.#overlay = resolve(options.overlay);
  }

  /** From `kubectl apply -k` until a write through the proxy's Service is acknowledged; how long that took. */
  async install(): Promise<number> {
    const startedMs = performance.now();
    await this.apply();
    await eventually('a first write is acknowledged', () => this.#acknowledges('first'), {
      withinMs: WHOLE_WITHIN_MS,
      everyMs: 50,
    });
    return performance.now() - startedMs;
  }

  /** As the overlay says it. */
  async apply(): Promise<void> {
    await this.#withKustomization(this.#overlay, async (folder) => {
      await this.#kubectl.run(['apply', '-k', folder]);
    });
  }

  /**
   * The autoscalers of the overlay's other form, `…-hpa`, and nothing else of it: to go from Deployments that say their
   * replicas to those that do not takes an operator's care.
   */
  async autoscale(): Promise<void> {
    await this.#withKustomization(`${this.#overlay}-hpa`, async (folder) => {
      const objects = (await this.#kubectl.run(['kustomize', folder])).split(/^---$/m);
      const autoscalers = objects.filter((text) => /^kind: HorizontalPodAutoscaler$/m.test(text));
      await this.#kubectl.run(['apply', '-f', '-'], autoscalers.join('---'));
    });
  }

  /** With all that it had: the Lease is made by the store, not by its manifests. */
  async remove(): Promise<void> {
    await this.#withKustomization(this.#overlay, async (folder) => {
      await this.#kubectl.run(['delete', '-k', folder, '--ignore-not-found', '--wait=true']);
    });
    await eventually('its pods are gone', async () => (await this.#allPods()).length === 0, {
      withinMs: WHOLE_WITHIN_MS,
    });
    await this.#kubectl.run(['delete', 'lease', 'kvstore', '--ignore-not-found']);
  }

  async pods(app: App): Promise<readonly StorePod[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods?labelSelector=app.kubernetes.io%2Fname%3D${app}`;
    return storePodsIn(await this.#api.get<PodList>(path));
  }

  /** A proxy's; null if none answers now. */
  async view(): Promise<ClusterView | null> {
    try {
      return await this.#api.get<ClusterView>(this.#proxyPath('/v1/cluster'), { timeoutMs: 3000 });
    } catch {
      return null;
    }
  }

  /** As a proxy sees it now; waits for one. */
  async leader(): Promise<StorePod> {
    let leader: StorePod | undefined;
    await eventually('somebody leads', async () => {
      const name = leadingPod(await this.view());
      leader = (await this.pods('kvstore')).find((pod) => pod.name === name && !pod.terminating);
      return leader !== undefined;
    });
    return leader as unknown as StorePod;
  }

  async replicas(app: App): Promise<number> {
    return (await this.#deployment(app)).spec.replicas;
  }

  /** Waits until another than `former` leads. */
  async untilLedByAnother(former: StorePod, withinMs = 30_000): Promise<void> {
    await eventually(
      `another than ${former.name} leads`,
      async () => {
        const name = leadingPod(await this.view());
        return name !== null && name !== former.name;
      },
      { withinMs },
    );
  }

  /**
   * Waits until both Deployments are rolled out, nobody is on the way out, every replica is ready and in sync, and a
   * write is acknowledged.
   */
  async untilWhole(withinMs = WHOLE_WITHIN_MS): Promise<ClusterView> {
    let last = 'nothing was looked at';
    let found: ClusterView | null = null;
    const isWhole = async (): Promise<boolean> => {
      for (const app of ['kvstore', 'kvstore-proxy'] as const) {
        const [deployment, pods] = [await this.#deployment(app), await this.pods(app)];
        last = `${app}: ${JSON.stringify(deployment.status)}, ${pods.map(({ name, node, ready, terminating }) => `${name} on ${node} ${ready ? 'ready' : 'not ready'}${terminating ? ', terminating' : ''}`).join('; ')}`;
        if (!isRolledOut(deployment) || pods.length !== deployment.spec.replicas) return false;
        if (pods.some(({ ready, terminating }) => !ready || terminating)) return false;
      }
      found = await this.view();
      last = JSON.stringify(found);
      const count = await this.replicas('kvstore');
      return (
        found?.members.length === Math.min(count, IN_SYNC_MAX) &&
        found.replicas.length === count &&
        found.replicas.every(({ ready, stopping }) => ready && !stopping) &&
        leadingPod(found) !== null
      );
    };
    await eventually('the installation is whole', isWhole, { withinMs, everyMs: 200 }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; last: ${last}`);
    });
    return found as unknown as ClusterView;
  }

  /** Waits until every replica has applied the same, and nothing is left to commit. No write may be under way. */
  async untilQuiet(withinMs = 30_000): Promise<void> {
    let before = '';
    await eventually(
      'every replica has applied all that the leader has',
      async () => {
        const replicas = (await this.view())?.replicas ?? [];
        const indexes = replicas.flatMap(({ lastIndex, appliedIndex }) => [lastIndex, appliedIndex]);
        const now = indexes.join();
        // Twice the same: an empty entry of the leader may have come between.
        const isQuiet = indexes.length > 0 && new Set(indexes).size === 1 && now === before;
        before = now;
        return isQuiet;
      },
      { withinMs, everyMs: 200 },
    );
  }

  /** Within the cluster. */
  async serviceAddress(name: keyof typeof PORTS): Promise<{ readonly host: string; readonly port: number }> {
    const path = `/api/v1/namespaces/${this.namespace}/services/${name}`;
    const { spec } = await this.#api.get<{ readonly spec: { readonly clusterIP: string } }>(path);
    return { host: spec.clusterIP, port: PORTS[name] };
  }

  /** A request to one pod's own HTTP port, passed on by the API server. */
  async askPod(pod: StorePod, path: string): Promise<{ readonly status: number; readonly text: string }> {
    const place = `/api/v1/namespaces/${this.namespace}/pods/${pod.name}:8000/proxy`;
    return this.#api.call(HttpMethod.GET, place + path, { timeoutMs: 3000 });
  }

  /** What a pod has logged, of the container that runs. */
  async logOf(pod: StorePod): Promise<string> {
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod.name}/log`;
    return (await this.#api.call(HttpMethod.GET, path, { timeoutMs: 30_000 })).text;
  }

  async #acknowledges(key: string): Promise<boolean> {
    try {
      const options = { body: 'x', contentType: 'text/plain', timeoutMs: 3000 };
      const { status } = await this.#api.call(HttpMethod.PUT, this.#proxyPath(`/v1/keys/${key}`), options);
      return status === 200 || status === 201;
    } catch {
      return false;
    }
  }

  async #allPods(): Promise<readonly StorePod[]> {
    return [...(await this.pods('kvstore')), ...(await this.pods('kvstore-proxy'))];
  }

  #deployment(app: App): Promise<DeploymentObject> {
    return this.#api.get(`/apis/apps/v1/namespaces/${this.namespace}/deployments/${app}`);
  }

  #proxyPath(path: string): string {
    return `/api/v1/namespaces/${this.namespace}/services/kvstore-proxy:${PORTS['kvstore-proxy']}/proxy${path}`;
  }

  /** The overlay as it is, in a namespace of the test's own: nobody else's installation is touched. */
  async #withKustomization(overlay: string, use: (folder: string) => Promise<void>): Promise<void> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kvstore-e2e-')));
    try {
      const lines = [
        'apiVersion: kustomize.config.k8s.io/v1beta1',
        'kind: Kustomization',
        `namespace: ${this.namespace}`,
        `resources: [${relative(folder, realpathSync(overlay))}]`,
        // A drain looks at the pods of all namespaces.
        `labels: [{ pairs: { ${E2E_LABEL}: '' }, includeTemplates: true }]`,
      ];
      writeFileSync(join(folder, 'kustomization.yaml'), `${lines.join('\n')}\n`);
      await use(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** As `kubectl rollout status` judges it. */
function isRolledOut({ metadata, spec, status }: DeploymentObject): boolean {
  const counts = [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas];
  return (status.observedGeneration ?? 0) >= metadata.generation && counts.every((count) => count === spec.replicas);
}
