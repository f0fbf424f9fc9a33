import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { ClusterView } from '../../../src/ports/data-operations.ts';
import { Installation, type InstallationOptions } from '../../measure/installation.ts';
import { until } from '../../measure/until.ts';

const root = resolve(import.meta.dirname, '../../..');

/** A Lease as the API server gives it. */
export interface LeaseObject {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

/** A running installation, the Kubernetes objects beneath it, and what its clients, logs and metrics say. */
export class GroupAtWork {
  readonly installation: Installation;
  #writes = 0;

  private constructor(installation: Installation) {
    this.installation = installation;
  }

  static async start(options: InstallationOptions = {}): Promise<GroupAtWork> {
    return new GroupAtWork(await Installation.start(options));
  }

  end(): Promise<void> {
    return this.installation.end();
  }

  get url(): string {
    return this.installation.cluster.proxies[0]?.url ?? '';
  }

  // --- as a client -----------------------------------------------------------------------------------------------------

  put(key: string, value: string): Promise<Response> {
    return this.#fetch(`/v1/keys/${key}`, { method: 'PUT', body: value });
  }

  /** The value, or the code of the error. */
  async get(key: string, options: { readonly mode?: string; readonly session?: string } = {}): Promise<string> {
    const { mode = 'in-sync', session } = options;
    const headers = session === undefined ? {} : { 'x-kv-session': session };
    const response = await this.#fetch(`/v1/keys/${key}?consistency=${mode}`, { headers });
    if (response.ok) return await response.text();
    return ((await response.json()) as { code: string }).code;
  }

  /** Waits until a write is taken. */
  async untilWritable(withinMs = 20_000): Promise<void> {
    const take = async () => {
      this.#writes += 1;
      return (await this.put('probe', String(this.#writes))).ok;
    };
    await until('a write is taken', take, { withinMs });
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    return fetch(this.url + path, { ...init, signal: AbortSignal.timeout(15_000) });
  }

  // --- the Kubernetes objects ------------------------------------------------------------------------------------------

  async lease(): Promise<LeaseObject | null> {
    const response = await this.api('GET', LEASE);
    return response.status === 404 ? null : ((await response.json()) as LeaseObject);
  }

  async deleteLease(): Promise<void> {
    await this.api('DELETE', LEASE);
  }

  /** As `kubectl edit` does: what is not touched stays as it is, and who was faster is tried again. */
  async editLease(change: (lease: LeaseObject) => LeaseObject): Promise<void> {
    await until('the edit is taken', async () => {
      const lease = await this.lease();
      return lease !== null && (await this.api('PUT', LEASE, change(lease))).ok;
    });
  }

  /** Reasons of the Events of type Warning on the Lease. */
  async warnings(): Promise<readonly string[]> {
    const response = await this.api('GET', '/api/v1/namespaces/default/events');
    const { items } = (await response.json()) as { items: { type: string; reason: string }[] };
    return items.filter(({ type }) => type === 'Warning').map(({ reason }) => reason);
  }

  api(method: string, path: string, body?: object): Promise<Response> {
    return fetch(this.installation.cluster.kubernetesUrl + path, {
      method,
      signal: AbortSignal.timeout(5000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  }

  // --- what is said ----------------------------------------------------------------------------------------------------

  /** Waits until an alarm was raised in all three ways: a log line, an Event, a metric. */
  async untilAlarm(code: string, event: string): Promise<void> {
    await until(`the alarm ${code} is raised`, async () => {
      const logged = this.installation.pods.some(({ name }) =>
        this.installation.logOf(name).includes(`"code":"${code}"`),
      );
      return logged && (await this.alarms(code)) > 0 && (await this.warnings()).includes(event);
    });
  }

  /** How often the processes that run now have raised it. */
  async alarms(code: string): Promise<number> {
    const counts = this.installation.pods.map(async ({ httpPort }) => {
      try {
        const metrics = await fetch(`http://127.0.0.1:${httpPort}/metrics`, { signal: AbortSignal.timeout(3000) });
        const line = new RegExp(`^kvstore_alarms_total{[^}]*code="${code}"[^}]*} (\\d+)`, 'm').exec(
          await metrics.text(),
        );
        return Number(line?.[1] ?? 0);
      } catch {
        return 0;
      }
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** `kv`, the command line, as a person at a shell has it; without a terminal. */
  async kv(...words: readonly string[]): Promise<{ exitCode: number | null; out: string; notes: string }> {
    const program = join(root, 'src/main/cli.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...words], {
      env: { ...process.env, KV_URL: this.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let notes = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()));
    const exitCode = await new Promise<number | null>((ended) => child.once('close', ended));
    return { exitCode, out, notes };
  }

  view(): Promise<ClusterView> {
    return this.installation.settledView();
  }
}

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/kvstore';

export const lineageOf = (lease: LeaseObject | null): string =>
  lease?.metadata.annotations?.['kvstore.dev/lineage'] ?? '';
export const epochOf = (lease: LeaseObject | null): number => lease?.spec.leaseTransitions ?? 0;
export const setOf = (lease: LeaseObject | null): readonly string[] =>
  (lease?.metadata.annotations?.['kvstore.dev/in-sync'] ?? '').split(',').filter((id) => id !== '');
