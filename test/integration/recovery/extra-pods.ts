import { join } from 'node:path';
import { bundleOf } from '../../../src/main/local/bundle.ts';
import { KubeClient } from '../../../src/main/local/kube-client.ts';
import { Kubelet } from '../../../src/main/local/kubelet.ts';
import { newPod, POD_IP, type LocalPod } from '../../../src/main/local/pod.ts';
import { FreePorts } from '../../../src/main/local/ports.ts';
import { Server } from '../../../src/main/local/server.ts';
import { until } from '../../measure/until.ts';

export interface ExtraPod {
  readonly name: string;
  /** The release that it runs; by default this one. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** @default those of every kvstore */
  readonly labels?: Readonly<Record<string, string>>;
}

/** kvstores beside those of a local cluster: pods that take the place of others, belong to somebody else, or are newer. */
export class ExtraPods {
  readonly client: KubeClient;
  readonly #kubernetesUrl: string;
  readonly #directory: string;
  readonly #ports = new FreePorts();
  readonly #pods: LocalPod[] = [];
  readonly #kubelets: Kubelet[] = [];

  constructor(options: { readonly kubernetesUrl: string; readonly directory: string }) {
    this.#kubernetesUrl = options.kubernetesUrl;
    this.#directory = options.directory;
    this.client = new KubeClient({ url: options.kubernetesUrl, namespace: 'default' });
  }

  /** All of them are listed before the first starts. */
  async start(wanted: readonly ExtraPod[]): Promise<readonly LocalPod[]> {
    const pods: LocalPod[] = [];
    for (const { name, program = bundleOf('kvstore'), env = {}, labels } of wanted) {
      const peerPort = await this.#ports.take();
      const httpPort = await this.#ports.take();
      const spec = { name, peerPort, httpPort, restart: 'never' } as const;
      const object = newPod(spec);
      const metadata = labels === undefined ? object.metadata : { ...object.metadata, labels };
      const { uid = '' } = (await this.client.create('pods', { ...object, metadata })).metadata;
      const server = new Server({
        name,
        program,
        logFile: this.logFileOf(name),
        restart: 'never',
        env: {
          KV_KUBERNETES_URL: this.#kubernetesUrl,
          KV_NAMESPACE: 'default',
          KV_GRACE_PERIOD: '3s',
          KV_HTTP_HOST: POD_IP,
          KV_POD_NAME: name,
          KV_POD_UID: uid,
          KV_POD_IP: POD_IP,
          KV_PEER_HOST: POD_IP,
          KV_PEER_PORT: String(peerPort),
          KV_HTTP_PORT: String(httpPort),
          ...env,
        },
        onChange: () => undefined,
      });
      pods.push({ ...spec, ip: POD_IP, uid, server, ready: false, deleting: false });
    }
    this.#pods.push(...pods);
    const kubelet = new Kubelet({ api: this.client, pods });
    this.#kubelets.push(kubelet);
    for (const { server } of pods) server.start();
    kubelet.start();
    return pods;
  }

  async untilReady(pods: readonly LocalPod[]): Promise<void> {
    await until(`${pods.map(({ name }) => name).join(', ')} are ready`, () => pods.every(({ ready }) => ready));
  }

  logFileOf(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  /** SIGKILL, of all that there are so far. */
  killForGood(): void {
    for (const { server } of this.#pods) server.kill('SIGKILL');
  }

  /** At once, whatever state they are in. */
  async end(): Promise<void> {
    this.killForGood();
    await Promise.all(this.#pods.map(({ server }) => server.stop(1000)));
    await Promise.all(this.#kubelets.map((kubelet) => kubelet.stop()));
  }
}
