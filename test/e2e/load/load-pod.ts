import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js';
import { build } from 'esbuild';
import { join } from 'node:path';
import type { Order, Report } from '../../chaos/load/orders.ts';
import type { RecordedOperation } from '../../chaos/load/requests.ts';
import { eventually } from '../eventually.ts';
import type { KubeApi } from '../cluster/kube-api.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import type { BatchReads, BatchReadsDone } from './batch-reader.ts';
import { HISTORY_FOLDER, LOAD_PORT, type LoadProgress } from './place.ts';

export interface LoadPodOptions {
  readonly api: KubeApi;
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** Of the pod. */
  readonly name: string;
  /** Any with Node at the place where the official image has it: the store's own is on every machine. */
  readonly image: string;
  /** Where it must not run, for these will be taken down. */
  readonly notOn: readonly string[];
  /** What it asks for of a processor. A load that gets less of one than what it measures would measure itself. @default 500m */
  readonly cpu?: string;
}

/** Ending a load waits for its slowest request; filling the memory takes longer. */
const ORDER_WITHIN_MS = 180_000;
/** After an outage of the API server its scheduler is elected anew, and kubelets have much to catch up with. */
const START_WITHIN_MS = 180_000;

/**
 * The clients run in a pod, so that they reach Services as every application does, on any cluster. Orders come through
 * the API server, which is asked for nothing while a test has taken it away.
 */
export class LoadPod {
  readonly #options: LoadPodOptions;

  private constructor(options: LoadPodOptions) {
    this.#options = options;
  }

  /** Resolves when it takes orders. */
  static async start(options: LoadPodOptions): Promise<LoadPod> {
    const pod = new LoadPod(options);
    await pod.end();
    await options.kubectl.run(['apply', '-f', '-'], JSON.stringify(manifests(options, await program())));
    await pod.#untilItTakesOrders();
    return pod;
  }

  async #untilItTakesOrders(): Promise<void> {
    const { api, namespace, name } = this.#options;
    let last: unknown = null;
    const takesOrders = async (): Promise<boolean> => {
      try {
        return (await this.progress()).nowUs > 0;
      } catch (error) {
        last = error;
        return false;
      }
    };
    const within = { withinMs: START_WITHIN_MS, everyMs: 100 };
    await eventually(`${name} takes orders`, takesOrders, within).catch(async (error: unknown) => {
      const { status, text } = await api.call(HttpMethod.GET, `/api/v1/namespaces/${namespace}/pods/${name}`);
      throw new Error(`${(error as Error).message}; last: ${String(last)}; its pod: ${status} ${text}`);
    });
  }

  async order<K extends Report['kind']>(order: Order, expected: K): Promise<Extract<Report, { kind: K }>> {
    const { api, name } = this.#options;
    const options = { body: JSON.stringify(order), timeoutMs: ORDER_WITHIN_MS };
    const { status, text } = await api.call(HttpMethod.POST, this.#path('/orders'), options);
    if (status !== 200) throw new Error(`${name} did not ${order.kind}: ${status} ${text}`);
    const report = JSON.parse(text) as Report;
    if (report.kind !== expected) throw new Error(`${name} answered ${order.kind} by ${report.kind}`);
    return report as Extract<Report, { kind: K }>;
  }

  /** Until the pod ends. */
  async readBatches(reads: BatchReads): Promise<void> {
    const { api, name } = this.#options;
    const { status, text } = await api.call(HttpMethod.POST, this.#path('/batch-reads'), {
      body: JSON.stringify(reads),
    });
    if (status !== 200) throw new Error(`${name} reads no batches: ${status} ${text}`);
  }

  batchReads(): Promise<BatchReadsDone> {
    return this.#options.api.get(this.#path('/batch-reads'));
  }

  progress(): Promise<LoadProgress> {
    return this.#options.api.get(this.#path('/progress'));
  }

  /** The operations that a file of the load holds. */
  async history(name: string): Promise<readonly RecordedOperation[]> {
    const options = { timeoutMs: ORDER_WITHIN_MS };
    const { status, text } = await this.#options.api.call(HttpMethod.GET, this.#path(`/histories/${name}`), options);
    if (status !== 200) throw new Error(`no history ${name}: ${status} ${text}`);
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as RecordedOperation);
  }

  async end(): Promise<void> {
    const command = [
      'delete',
      'pod,configmap',
      this.#options.name,
      '--ignore-not-found',
      '--grace-period=1',
      '--wait=true',
    ];
    await this.#options.kubectl.run(command);
  }

  #path(path: string): string {
    return `/api/v1/namespaces/${this.#options.namespace}/pods/${this.#options.name}:${LOAD_PORT}/proxy${path}`;
  }
}

/** In one file: the image has the store's programs in it, and none of the tests'. */
async function program(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]?.text ?? '';
}

function manifests({ name, image, notOn, cpu = '500m' }: LoadPodOptions, text: string): object {
  const metadata = { name, labels: { 'app.kubernetes.io/name': 'kvstore-e2e-load' } };
  const isElsewhere = { key: 'kubernetes.io/hostname', operator: 'NotIn', values: notOn };
  const elsewhere = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [isElsewhere] }] },
    },
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(notOn.length === 0 ? {} : { affinity: elsewhere }),
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'load',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/local/bin/node', '/program/main.mjs'],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: { requests: { cpu, memory: '128Mi' } },
          volumeMounts: [
            { name: 'program', mountPath: '/program' },
            { name: 'histories', mountPath: HISTORY_FOLDER },
          ],
        },
      ],
      volumes: [
        { name: 'program', configMap: { name } },
        { name: 'histories', emptyDir: {} },
      ],
    },
  };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'main.mjs': text } };
  return { apiVersion: 'v1', kind: 'List', items: [configMap, pod] };
}
