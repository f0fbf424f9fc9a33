import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleOf, bundleServers, compileCache, type ServerName } from '../../src/main/local/bundle.ts';
import { KubeClient, type KubeObject } from '../../src/main/local/kube-client.ts';
import { isReady, Kubelet } from '../../src/main/local/kubelet.ts';
import { newPod, type LocalPod } from '../../src/main/local/pod.ts';
import { Server, type ServerChange } from '../../src/main/local/server.ts';
import type { ClusterView } from '../../src/ports/data-operations.ts';
import { leadingPod, viewOf } from '../measure/installation.ts';
import { until } from '../measure/until.ts';
import { CONTROL_PATH, type ApiFault, type ApiFaultPlan } from './api-faults/layer.ts';
import type { ClockFault } from './clock-preload.ts';
import type { Target } from './load/client.ts';
import { nowUs } from './load/clock.ts';
import type { Envelope, Order, Report } from './load/orders.ts';
import type { Network, Party } from './network/network.ts';
import { readLeaseTrail, type LeaseState } from './record/lease-state.ts';

export interface ChaosClusterOptions {
  readonly network: Network;
  readonly replicas: number;
  readonly proxies: number;
  readonly clients: number;
  /** Logs, the API's data, the trail of the Lease. */
  readonly directory: string;
  readonly seed: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that has ended, and whether somebody here meant it to. */
export interface Death {
  readonly server: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wanted: boolean;
}

/** A process of a kvstore, from its start to its end. */
export interface Life {
  readonly pod: string;
  readonly startUs: number;
  /** null: it lives. */
  readonly endUs: number | null;
  /** null: it never told. */
  readonly replica: string | null;
}

export interface ChaosProxy {
  readonly name: string;
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

const NAMESPACE = 'default';
const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/kvstore`;
const GRACE_MS = 3000;
const EDIT_WITHIN_MS = 5000;
const START_WITHIN_MS = 60_000;
const CLOCK_PRELOAD = new URL('clock-preload.ts', import.meta.url).href;
const LAYER_PROGRAM = join(import.meta.dirname, 'api-faults/main.ts');
const CLIENTS_PROGRAM = join(import.meta.dirname, 'load/main.ts');

/**
 * Short waits where the protocol waits out of politeness, so that a run of seconds sees whole cycles; little memory, so that
 * it can be filled. The times that decide who leads are the defaults. How long an Idempotency-Key is kept is far beyond any
 * jump of a clock here: it is counted by the log's time, and a leader whose clock jumps ahead forgets early, which is said
 * (docs/reference/guarantees.md). A jump of 20 minutes made a write that its client repeated take effect twice.
 */
const ENV = {
  KV_READMIT_MIN: '500ms',
  KV_READMIT_MAX: '2s',
  KV_MEMORY_MAX: '32Mi',
  KV_IDEMPOTENCY_KEPT: '24h',
  KV_GRACE_PERIOD: `${GRACE_MS}ms`,
  KV_NAMESPACE: NAMESPACE,
};

export const partiesOf = (options: {
  readonly replicas: number;
  readonly proxies: number;
  readonly clients: number;
}): readonly Party[] => [
  ...named('kvstore', options.replicas),
  ...named('proxy', options.proxies),
  'api',
  ...named('clients', options.clients),
];

const named = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => `${name}-${number}`);

/**
 * An installation of real processes, each at its place of a network that can be broken: the embedded Kubernetes API with
 * a layer of faults before it, kvstores, proxies, and processes of clients. This process stands in for kubelet and
 * operator, and reaches all of them whatever is broken.
 */
export class ChaosCluster {
  readonly network: Network;
  readonly deaths: Death[] = [];
  readonly directory: string;
  readonly #options: ChaosClusterOptions;
  readonly #pods: LocalPod[] = [];
  readonly #proxies: ChaosProxy[] = [];
  readonly #crowds: Crowd[] = [];
  readonly #servers: Server[] = [];
  readonly #lives: {
    readonly pod: string;
    readonly startUs: number;
    readonly logFrom: number;
    endUs: number | null;
  }[] = [];
  /** Whose end is being waited for by somebody here. */
  readonly #condemned = new Set<Server>();
  #api: Server | null = null;
  #apiUrl = '';
  #layerUrl = '';
  #kubelet: Kubelet | null = null;
  #isClosing = false;

  private constructor(options: ChaosClusterOptions) {
    this.#options = options;
    this.network = options.network;
    this.directory = options.directory;
  }

  /** Resolves when every replica is in sync and every proxy ready. */
  static async start(options: ChaosClusterOptions): Promise<ChaosCluster> {
    const cluster = new ChaosCluster(options);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get pods(): readonly LocalPod[] {
    return this.#pods;
  }

  get proxies(): readonly ChaosProxy[] {
    return this.#proxies;
  }

  get crowds(): readonly Crowd[] {
    return this.#crowds;
  }

  get api(): Server {
    if (this.#api === null) throw new Error('the cluster has not been started');
    return this.#api;
  }

  serverOf(party: Party): Server {
    const server = this.#servers.find(({ name }) => name === party);
    if (server === undefined) throw new Error(`${party} is no server of this cluster`);
    return server;
  }

  /** What clients dial: the proxies, then the kvstores. */
  get targets(): readonly Target[] {
    return [
      ...this.#proxies.map(({ name, port }) => ({ name, host: this.network.hostOf(name), port })),
      ...this.#pods.map(({ name, ip, httpPort }) => ({ name, host: ip, port: httpPort })),
    ];
  }

  /** Its process was killed or told to stop, and has not ended yet. */
  isEnding(server: Server): boolean {
    return this.#condemned.has(server);
  }

  /** Every process runs, and none is on its way out. */
  get isWhole(): boolean {
    return this.#condemned.size === 0 && this.#servers.every(({ pid }) => pid !== null);
  }

  /** Kills, ends or stops a process on purpose: its end is none of {@link deaths} to wonder at. */
  signal(server: Server, signal: NodeJS.Signals): void {
    const isDeadly = signal === 'SIGKILL' || signal === 'SIGTERM';
    if (server.kill(signal) !== null && isDeadly) this.#condemned.add(server);
  }

  /** As the replica sees it that leads by the record, else as any. null: nobody answers. */
  async view(): Promise<ClusterView | null> {
    for (const { url } of [
      ...this.#proxies,
      ...this.#pods.map((pod) => ({ url: `http://${pod.ip}:${pod.httpPort}` })),
    ]) {
      const view = await viewOf(url);
      if (view !== null && view.leader !== null) return view;
    }
    return null;
  }

  /** null: nobody leads that answers. */
  async leader(): Promise<LocalPod | null> {
    const name = leadingPod(await this.view());
    return this.#pods.find((pod) => pod.name === name) ?? null;
  }

  /** The Lease, as the API server has it; null: it has none, or does not answer. */
  async lease(): Promise<KubeObject | null> {
    try {
      const response = await fetch(this.#apiUrl + LEASE_PATH, { signal: AbortSignal.timeout(1000) });
      if (response.ok) return (await response.json()) as KubeObject;
      await response.body?.cancel();
    } catch {
      // Away.
    }
    return null;
  }

  async deleteLease(): Promise<void> {
    const response = await fetch(this.#apiUrl + LEASE_PATH, {
      method: 'DELETE',
      signal: AbortSignal.timeout(EDIT_WITHIN_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the Lease was not deleted: ${response.status}`);
  }

  /** Whatever version it has: hands that edit do not compare. */
  async editLease(edit: (lease: KubeObject) => KubeObject): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const lease = await this.lease();
      if (lease === null) throw new Error('there is no Lease to edit');
      const response = await fetch(this.#apiUrl + LEASE_PATH, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(edit(lease)),
        signal: AbortSignal.timeout(EDIT_WITHIN_MS),
      });
      await response.body?.cancel();
      if (response.ok) return;
    }
    throw new Error('the Lease could not be edited: somebody was always faster');
  }

  /** Every Lease that a replica has written, as it was stored. */
  leaseTrail(): readonly LeaseState[] {
    return readLeaseTrail(this.#trailFile);
  }

  async spoilApi(plan: ApiFaultPlan): Promise<Readonly<Record<ApiFault, number>>> {
    const response = await fetch(this.#layerUrl + CONTROL_PATH, { method: 'PUT', body: JSON.stringify(plan) });
    return (await response.json()) as Record<ApiFault, number>;
  }

  setClock(server: Server, fault: ClockFault): void {
    const file = this.#clockFileOf(server.name);
    // Renamed into its place: it may be looked at at any moment.
    writeFileSync(`${file}.part`, JSON.stringify(fault));
    renameSync(`${file}.part`, file);
  }

  async untilInSync(withinMs: number): Promise<ClusterView> {
    let found: ClusterView | null = null;
    const memberCount = Math.min(this.#pods.length, this.#inSyncMax);
    await until(
      `${memberCount} members and every replica ready`,
      async () => {
        const view = await this.view();
        found = view;
        return (
          view?.members.length === memberCount &&
          view.replicas.length === this.#pods.length &&
          view.replicas.every(({ standing, ready }) => ready && standing !== 'learner' && standing !== 'none') &&
          this.#pods.every(({ ready }) => ready)
        );
      },
      { withinMs, everyMs: 100 },
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(found)}`);
    });
    return found as unknown as ClusterView;
  }

  /** Of every process of a kvstore that there was. A replica id lives and dies with its process. */
  get lives(): readonly Life[] {
    return this.#lives.map(({ pod, startUs, endUs, logFrom }, index) => {
      const next = this.#lives.find((later, at) => at > index && later.pod === pod);
      const log = readFileSync(this.#logFileOf(pod)).subarray(logFrom, next?.logFrom).toString();
      return {
        pod,
        startUs,
        endUs,
        replica: /"event":"replica started"[^\n]*?"replica":"([^"]+)"/.exec(log)?.[1] ?? null,
      };
    });
  }

  logOf(name: string): string {
    const file = this.#logFileOf(name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  get serverNames(): readonly string[] {
    return this.#servers.map(({ name }) => name);
  }

  /** At once, whatever state it is in. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const server of this.#servers) server.kill('SIGKILL');
    for (const crowd of this.#crowds) crowd.close();
    await Promise.all(this.#servers.map((server) => server.stop(0)));
    await this.#kubelet?.stop();
  }

  get #inSyncMax(): number {
    return Number(this.#options.env?.['KV_IN_SYNC_MAX'] ?? 5);
  }

  async #start(): Promise<void> {
    const { replicas, proxies, clients, directory, network } = this.#options;
    await bundleServers({ mode: 'ifStale' });
    mkdirSync(directory, { recursive: true });
    writeFileSync(this.#trailFile, '');

    // Every port before the first process: whoever starts is told all ways.
    const apiPort = await network.portFor('api', 8002);
    const layerPort = await network.portFor('api', 8003);
    const specs = [];
    for (const name of named('kvstore', replicas)) {
      const peerPort = await network.portFor(name, 7000);
      specs.push({ name, peerPort, httpPort: await network.portFor(name, 8000), restart: 'always' as const });
    }
    const proxySpecs = [];
    for (const name of named('proxy', proxies)) proxySpecs.push({ name, port: await network.portFor(name, 8001) });

    const client = await this.#startApi(apiPort, layerPort);
    for (const spec of specs) {
      const { metadata } = await client.create('pods', newPod(spec));
      const ip = network.hostOf(spec.name);
      const env = {
        KV_POD_NAME: spec.name,
        KV_POD_UID: String(metadata.uid),
        KV_POD_IP: ip,
        KV_PEER_HOST: ip,
        KV_PEER_PORT: String(spec.peerPort),
        KV_HTTP_PORT: String(spec.httpPort),
      };
      const server = this.#server(spec.name, 'kvstore', env);
      this.#pods.push({ ...spec, uid: String(metadata.uid), ip, server, ready: false, deleting: false });
    }
    this.#kubelet = new Kubelet({ api: client, pods: this.#pods });
    for (const { server } of this.#pods) server.start();
    this.#kubelet.start();
    for (const { name, port } of proxySpecs) {
      const server = this.#server(name, 'proxy', { KV_HTTP_PORT: String(port) });
      this.#proxies.push({ name, server, port, url: `http://${network.hostOf(name)}:${port}` });
      server.start();
    }
    for (const name of named('clients', clients)) {
      this.#crowds.push(new Crowd({ name, network, program: CLIENTS_PROGRAM, logFile: this.#logFileOf(name) }));
    }
    await this.untilInSync(START_WITHIN_MS);
    await until('every proxy is ready', async () => {
      const ready = await Promise.all(this.#proxies.map(({ url }) => isReady(url)));
      return ready.every(Boolean);
    });
  }

  async #startApi(port: number, layerPort: number): Promise<KubeClient> {
    const { network, directory, seed } = this.#options;
    const host = network.hostOf('api');
    this.#apiUrl = `http://${host}:${port}`;
    this.#layerUrl = `http://${host}:${layerPort}`;
    this.#api = this.#server('api', 'embedded', {
      KV_HTTP_PORT: String(port),
      KV_ALLOW_REMOTE: 'true',
      // On disk: after a restart the record and the pods are still there, as in etcd.
      KV_DATA_DIR: join(directory, 'kubernetes'),
    });
    const layer = this.#server('api-layer', LAYER_PROGRAM, {
      CHAOS_HOST: host,
      CHAOS_PORT: String(layerPort),
      CHAOS_UPSTREAM_PORT: String(port),
      CHAOS_TRAIL: this.#trailFile,
      CHAOS_SEED: String(seed),
    });
    this.#api.start();
    layer.start();
    const client = new KubeClient({ url: this.#apiUrl, namespace: NAMESPACE });
    const throughLayer = new KubeClient({ url: this.#layerUrl, namespace: NAMESPACE });
    await until('the API answers', async () => (await client.isUp()) && (await throughLayer.isUp()));
    return client;
  }

  #server(name: string, program: string, env: Readonly<Record<string, string>>): Server {
    const isProgram = program.endsWith('.ts');
    const party = name === 'api-layer' ? 'api' : name;
    const place = this.network.placeOf(party);
    const preload = [...place.preload, ...(isProgram ? [] : [CLOCK_PRELOAD])].map((module) => `--import=${module}`);
    const server = new Server({
      name,
      program: isProgram ? program : bundleOf(program as ServerName),
      launcher: place.launcher,
      logFile: this.#logFileOf(name),
      restart: 'always',
      backoffMaxMs: 2000,
      env: {
        ...ENV,
        KV_KUBERNETES_URL: this.#layerUrl,
        KV_HTTP_HOST: this.network.hostOf(party),
        KV_CHAOS_CLOCK: this.#clockFileOf(name),
        NODE_COMPILE_CACHE: compileCache,
        NODE_OPTIONS: ['--disable-warning=ExperimentalWarning', ...preload].join(' '),
        ...place.env,
        ...this.#options.env,
        ...env,
      },
      onChange: (changed, change) => this.#onChange(changed, change),
    });
    this.#servers.push(server);
    return server;
  }

  #onChange(server: Server, change: ServerChange): void {
    const pod = this.#pods.find((candidate) => candidate.server === server);
    if (pod !== undefined) {
      pod.ready = false;
      void this.#kubelet?.report(pod);
    }
    if (pod !== undefined && change.kind === 'started') {
      const logFrom = statSync(this.#logFileOf(server.name)).size;
      this.#lives.push({ pod: pod.name, startUs: nowUs(), endUs: null, logFrom });
    }
    if (change.kind === 'started') return;
    const life = this.#lives.findLast((candidate) => candidate.pod === pod?.name);
    if (life !== undefined) life.endUs = nowUs();
    if (this.#isClosing) return;
    const { exitCode, signal } = change.end;
    this.deaths.push({ server: server.name, exitCode, signal, wanted: this.#condemned.delete(server) });
  }

  get #trailFile(): string {
    return join(this.directory, 'leases.jsonl');
  }

  #logFileOf(name: string): string {
    return join(this.directory, `${name}.log`);
  }

  #clockFileOf(name: string): string {
    return join(this.directory, `${name}.clock`);
  }
}

/** A process of clients, at a place of its own. */
export class Crowd {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (report: Report) => void; reject: (error: Error) => void }>();
  #orders = 0;

  constructor(options: {
    readonly name: string;
    readonly network: Network;
    readonly program: string;
    readonly logFile: string;
  }) {
    const { name, network, program, logFile } = options;
    this.name = name;
    const { launcher, preload, env } = network.placeOf(name);
    const words = preload.flatMap((module) => ['--import', module]);
    const [command, ...rest] = [...launcher, process.execPath, ...words, program];
    const log = openSync(logFile, 'a');
    this.#process = spawn(command, rest, { env: { ...process.env, ...env }, stdio: ['pipe', log, log, 'ipc'] });
    closeSync(log);
    this.#process.stdin?.on('error', () => undefined);
    this.#process.on('message', ({ id, content }: Envelope<Report>) => {
      this.#waiting.get(id)?.resolve(content);
      this.#waiting.delete(id);
    });
    this.#process.once('error', (error) => this.#fail(error));
    this.#process.once('exit', (code, signal) => this.#fail(new Error(`${name} ended: ${signal ?? String(code)}`)));
  }

  async order<K extends Report['kind']>(order: Order, expected: K): Promise<Extract<Report, { kind: K }>> {
    const id = (this.#orders += 1);
    const report = await new Promise<Report>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, content: order } satisfies Envelope<Order>, (error) => {
        if (error !== null) reject(error);
      });
    });
    if (report.kind !== expected) throw new Error(`${this.name} answered ${order.kind} by ${report.kind}`);
    return report as Extract<Report, { kind: K }>;
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
