import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { duration } from '../../config/value-type.ts';
import { bundleOf, bundleServers, compileCache, type ServerName } from './bundle.ts';
import { KubeClient } from './kube-client.ts';
import { isReady, Kubelet } from './kubelet.ts';
import { newPod, POD_IP, type LocalPod } from './pod.ts';
import { FreePorts, isFree } from './ports.ts';
import { Server, type RestartPolicy, type ServerChange } from './server.ts';

export interface LocalClusterOptions {
  /** @default 3 */
  readonly replicas?: number;
  /** @default 1 */
  readonly proxies?: number;
  /** The first proxy's port, the others' follow; null: free ones. @default null */
  readonly port?: number | null;
  /** Of kvstores and proxies that died; the API always comes back. {@link Server.restart} changes it for one. @default 'always' */
  readonly restart?: RestartPolicy;
  /** Where logs and the API's data lie while it runs; emptied at the start and removed at the end. */
  readonly directory: string;
  /** For every process, on top of this one's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onChange?: (server: Server, change: ServerChange) => void;
  /** How long all of it may take to become ready. @default 30000 */
  readonly startWithinMs?: number;
}

export interface LocalProxy {
  readonly name: string;
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

const NAMESPACE = 'default';
/**
 * As in the images (docs/decisions/0052-the-heap-of-a-replica-grows-fourfold.md). A collection of young objects copies those of the requests that are under way,
 * however many came before: the more room, the fewer collections (at 20,000 writes/s in batches, 10 s of the leader: 178 collections and 328 ms with 8 MB, 45
 * and 182 with 32; the p99 of reads and writes at 10,000/s 8.9 and 4.5 ms; median of three). With 64 MB single ones take 26 ms (12 with 32). V8's own choice
 * is 16. And the heap may become four times what it held after a collection of all of it, before the next one.
 */
export const REPLICA_NODE_FLAGS: readonly string[] = ['--max-semi-space-size=32', '--heap-growing-percent=300'];
/** As in the images: the store lies in huge pages where the kernel gives them to who asks (docs/decisions/0051-the-store-lies-in-huge-pages.md). */
export const REPLICA_MALLOC = 'glibc.malloc.hugetlb=1';

/** If all stop at once, the leader ends its epoch only at the end of this time (R9): Ctrl-C should not take long. */
const DEFAULT_GRACE_MS = 3000;
/** A server that was restarted so often before it was ready will not become so. */
const STARTS_THAT_FAIL = 3;

/**
 * A whole installation as separate processes on one machine: the embedded Kubernetes API, kvstores, proxies; and, in
 * this process, what Kubernetes would do for them. `run.sh local` shows it to people, integration tests drive it.
 */
export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #ports = new FreePorts();
  readonly #pods: LocalPod[] = [];
  readonly #proxies: LocalProxy[] = [];
  #api: Server | null = null;
  #kubernetesUrl = '';
  #kubelet: Kubelet | null = null;
  #client: KubeClient | null = null;
  #ownsDirectory = false;
  #stopping: Promise<void> | null = null;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
  }

  get kubernetesUrl(): string {
    return this.#kubernetesUrl;
  }

  /** The embedded Kubernetes API. */
  get api(): Server {
    if (this.#api === null) throw new Error('the cluster has not been started');
    return this.#api;
  }

  get pods(): readonly LocalPod[] {
    return this.#pods;
  }

  get proxies(): readonly LocalProxy[] {
    return this.#proxies;
  }

  /** Resolves when every replica and every proxy is ready. Rejects, with nothing left running, if they do not get there. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      const logs = this.#stopping === null ? this.#lastLogLines() : '';
      await this.stop();
      throw new Error(`${(error as Error).message}${logs}`, { cause: error });
    }
  }

  /** Ends all of it: pods are marked as deleted, then SIGTERM, and SIGKILL after the grace period. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** SIGKILL for whatever still runs; {@link stop} then resolves soon. */
  killAll(): void {
    for (const server of this.#servers()) server.kill('SIGKILL');
  }

  /** The pod that leads, as a proxy sees it; null: none at the moment. */
  async leader(): Promise<LocalPod | null> {
    for (const proxy of this.#proxies) {
      try {
        const response = await fetch(`${proxy.url}/v1/cluster`, { signal: AbortSignal.timeout(2000) });
        const { leader } = (await response.json()) as { leader: string | null };
        // A replica id begins with the pod's name.
        return this.#pods.find((pod) => pod.name === leader?.split('/')[0]) ?? null;
      } catch {
        // Another proxy may know.
      }
    }
    return null;
  }

  async #start(): Promise<void> {
    const { replicas = 3, proxies = 1, directory, port = null } = this.#options;
    await bundleServers({ mode: 'ifStale' });
    const proxyPorts: number[] = [];
    for (let index = 0; index < proxies; index += 1) {
      const proxyPort = port === null ? await this.#ports.take() : port + index;
      if (port !== null && !(await isFree(proxyPort)))
        throw new Error(`port ${proxyPort} is taken: choose another by --port`);
      proxyPorts.push(proxyPort);
    }

    // Only now: while the ports were taken the directory was another cluster's.
    this.#ownsDirectory = true;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const client = await this.#startApi();
    const specs = [];
    for (let index = 0; index < replicas; index += 1) {
      const [peerPort, httpPort] = [await this.#ports.take(), await this.#ports.take()];
      specs.push({ name: `kvstore-${index}`, peerPort, httpPort, restart: this.#options.restart ?? 'always' });
    }
    // All of them before the first process: who fills the record asks every pod that the API lists (R13).
    for (const spec of specs) {
      const { metadata } = await client.create('pods', newPod(spec));
      if (metadata.uid === undefined) throw new Error(`the API gave pod ${spec.name} no uid`);
      const env = {
        ...(replicas === 1 ? { KV_MIN_IN_SYNC: '1' } : {}),
        KV_POD_NAME: spec.name,
        KV_POD_UID: metadata.uid,
        KV_POD_IP: POD_IP,
        KV_PEER_HOST: POD_IP,
        KV_PEER_PORT: String(spec.peerPort),
        KV_HTTP_PORT: String(spec.httpPort),
        GLIBC_TUNABLES: process.env['GLIBC_TUNABLES'] ?? REPLICA_MALLOC,
      };
      const server = this.#server('kvstore', spec.name, env, spec.restart);
      this.#pods.push({ ...spec, uid: metadata.uid, ip: POD_IP, server, ready: false, deleting: false });
    }
    this.#kubelet = new Kubelet({ api: client, pods: this.#pods });
    for (const pod of this.#pods) pod.server.start();
    this.#kubelet.start();

    for (const [index, proxyPort] of proxyPorts.entries()) {
      const name = `proxy-${index}`;
      const server = this.#server(
        'proxy',
        name,
        { KV_HTTP_PORT: String(proxyPort) },
        this.#options.restart ?? 'always',
      );
      this.#proxies.push({ name, server, port: proxyPort, url: `http://${POD_IP}:${proxyPort}` });
      server.start();
    }
    await this.#until('every replica and proxy is ready', async () => {
      if (!this.#pods.every((pod) => pod.ready)) return false;
      return (await Promise.all(this.#proxies.map((proxy) => isReady(proxy.url)))).every(Boolean);
    });
  }

  async #startApi(): Promise<KubeClient> {
    const port = await this.#ports.take();
    this.#kubernetesUrl = `http://${POD_IP}:${port}`;
    const client = new KubeClient({ url: this.#kubernetesUrl, namespace: NAMESPACE });
    // On disk: after a restart the record and the pods are still there, as in etcd.
    const env = { KV_HTTP_PORT: String(port), KV_DATA_DIR: join(this.#options.directory, 'kubernetes') };
    this.#api = this.#server('embedded', 'kubernetes', env, 'always');
    this.#client = client;
    this.#api.start();
    await this.#until('the embedded Kubernetes API answers', () => client.isUp());
    return client;
  }

  async #stop(): Promise<void> {
    const graceMs = this.#graceMs();
    // Proxies first: they finish what is under way while there is still somebody to answer it.
    await Promise.all(this.#proxies.map(({ server }) => server.stop(graceMs + 1000)));
    for (const pod of this.#pods) pod.deleting = true;
    const marked = this.#pods.map(async (pod) => {
      await this.#client?.delete('pods', pod.name, Math.ceil(graceMs / 1000)).catch(() => undefined);
      await this.#kubelet?.report(pod);
    });
    await Promise.race([Promise.all(marked), wait(1000)]);
    await Promise.all(this.#pods.map(({ server }) => server.stop(graceMs + 1000)));
    await this.#kubelet?.stop();
    await this.#api?.stop(1000);
    if (this.#ownsDirectory) rmSync(this.#options.directory, { recursive: true, force: true });
  }

  #server(program: ServerName, name: string, env: Readonly<Record<string, string>>, restart: RestartPolicy): Server {
    if (this.#stopping !== null) throw new Error('stopped while starting');
    return new Server({
      name,
      program: bundleOf(program),
      nodeFlags: program === 'kvstore' ? REPLICA_NODE_FLAGS : [],
      logFile: this.#logFileOf(name),
      restart,
      env: {
        KV_KUBERNETES_URL: this.#kubernetesUrl,
        KV_NAMESPACE: NAMESPACE,
        KV_GRACE_PERIOD: `${this.#graceMs()}ms`,
        KV_HTTP_HOST: POD_IP,
        NODE_COMPILE_CACHE: compileCache,
        ...this.#options.env,
        ...env,
      },
      onChange: (server, change) => {
        const pod = this.#pods.find((candidate) => candidate.server === server);
        if (pod !== undefined) {
          pod.ready = false;
          void this.#kubelet?.report(pod);
        }
        this.#options.onChange?.(server, change);
      },
    });
  }

  #servers(): readonly Server[] {
    const servers = [...this.#proxies, ...this.#pods].map(({ server }) => server);
    return this.#api === null ? servers : [...servers, this.#api];
  }

  #graceMs(): number {
    const given = this.#options.env?.['KV_GRACE_PERIOD'] ?? process.env['KV_GRACE_PERIOD'] ?? '';
    return duration({ min: 0, max: 3_600_000 }).parse(given) ?? DEFAULT_GRACE_MS;
  }

  #logFileOf(name: string): string {
    return join(this.#options.directory, `${name}.log`);
  }

  #lastLogLines(): string {
    const tails = this.#servers().map((server) => {
      try {
        const lines = readFileSync(this.#logFileOf(server.name), 'utf8').trimEnd().split('\n').slice(-5);
        return `\n${server.name}: ${lines.join(`\n${server.name}: `)}`;
      } catch {
        return `\n${server.name}: no log`;
      }
    });
    return tails.join('');
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const withinMs = this.#options.startWithinMs ?? 30_000;
    const deadlineMs = performance.now() + withinMs;
    while (!(await holds())) {
      if (this.#stopping !== null) throw new Error('stopped while starting');
      const failing = this.#servers().find((server) => server.restarts >= STARTS_THAT_FAIL);
      if (failing !== undefined) throw new Error(`${failing.name} ends again and again`);
      if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
      await wait(50);
    }
  }
}
