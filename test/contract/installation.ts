import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from './api-client.ts';
import { LEASES } from './objects.ts';
import { kubeconfig, startRealApiServer, type RealApiServer } from './real-api-server.ts';

const GUARD_TIMEOUT_MS = 20_000;
const ROOT = join(import.meta.dirname, '../..');

/** What `kubectl apply -k` makes of k8s/ on a real API server. Nothing of it runs: there are no nodes, nor controllers. */
export class Installation {
  readonly server: RealApiServer;
  readonly admin: ApiClient;
  readonly #clients: ApiClient[];

  private constructor(server: RealApiServer) {
    this.server = server;
    this.admin = new ApiClient(server);
    this.#clients = [this.admin];
  }

  static async start(): Promise<Installation | { readonly skip: string }> {
    const server = await startRealApiServer();
    if ('skip' in server) return server;
    if (existsSync(join(server.assets, 'kubectl'))) return new Installation(server);
    await server.close();
    return { skip: `there is no kubectl beside the kube-apiserver in ${server.assets}` };
  }

  /** Its standard output. Throws what it said if it failed, and if it warned: of nothing of ours there is to be a warning. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const connection = ['--kubeconfig', this.server.kubeconfigPath];
    const options = { cwd: ROOT, maxBuffer: 2 ** 26 };
    const run = promisify(execFile);
    const { stdout, stderr } = await run(join(this.server.assets, 'kubectl'), [...connection, ...args], options);
    if (stderr !== '') throw new Error(stderr);
    return stdout;
  }

  /** Applies it, and waits until it is in force. */
  async applyLeaseGuard(): Promise<void> {
    await this.kubectl('apply', '--server-side', '-k', 'k8s/components/lease-guard');
    // A dry run is judged by it, too.
    const full = { metadata: { name: 'kvstore' }, spec: { holderIdentity: 'x' } };
    const deadline = performance.now() + GUARD_TIMEOUT_MS;
    while ((await this.admin.post(`${LEASES}?dryRun=All`, full)).status !== 422) {
      if (performance.now() > deadline) throw new Error(`the guard did not come into force in ${GUARD_TIMEOUT_MS} ms`);
    }
  }

  /** A client that is this service account and nobody else, by a token such as its pods get. */
  async serviceAccount(namespace: string, name: string): Promise<ApiClient> {
    const { url, ca } = this.server;
    const client = new ApiClient({ url, ca, token: await this.tokenOf(namespace, name) });
    this.#clients.push(client);
    return client;
  }

  async tokenOf(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
    const { status, body } = await this.admin.post(path, request);
    if (status !== 201) throw new Error(`no token for ${name}: ${body.message}`);
    return (body.status as { token: string }).token;
  }

  /** A kubeconfig file of this service account. */
  async kubeconfigOf(namespace: string, name: string): Promise<string> {
    const path = join(this.server.folder, `kubeconfig-${namespace}-${name}`);
    const token = await this.tokenOf(namespace, name);
    await writeFile(path, kubeconfig({ ...this.server, token }), { mode: 0o600 });
    return path;
  }

  async createNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    const { status, body } = await this.admin.post('/api/v1/namespaces', namespace);
    if (status !== 201) throw new Error(body.message);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.close();
  }
}
