import { createGroupApi } from '../../../src/adapters/kubernetes/create-group-api.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { defaultTimes } from '../../../src/core/group/options.ts';
import type { GroupApi } from '../../../src/ports/kubernetes.ts';
import type { Log, LogFields } from '../../../src/ports/telemetry.ts';
import type { Body } from '../../contract/api-client.ts';
import { Installation } from '../../contract/installation.ts';
import { LEASES, PODS, pod } from '../../contract/objects.ts';
import type { GroupCluster } from './in-process-replicas.ts';

const LEASE = `${LEASES}/kvstore`;

/**
 * A real kube-apiserver with the permissions of `k8s/base` and the Lease guard in force, where each replica is the service
 * account that its pod would have. Nothing runs pods: each is what a kubelet would have written of a process here.
 */
export class GuardedKubernetes implements GroupCluster {
  readonly installation: Installation;
  /** What replicas were not allowed to do, by a missing permission or by the guard. */
  readonly refusals: LogFields[] = [];
  readonly #kubeconfigPath: string;
  readonly #apis: GroupApi[] = [];

  private constructor(installation: Installation, kubeconfigPath: string) {
    this.installation = installation;
    this.#kubeconfigPath = kubeconfigPath;
  }

  static async start(): Promise<GuardedKubernetes | { readonly skip: string }> {
    const installation = await Installation.start();
    if ('skip' in installation) return installation;
    await installation.kubectl('apply', '--server-side', '-k', 'k8s/base', '-n', 'default');
    await installation.applyLeaseGuard();
    return new GuardedKubernetes(installation, await installation.kubeconfigOf('default', 'kvstore'));
  }

  /** Another pod of that name, if there was one: a port cannot change within a pod's life. */
  async enter(podName: string, peerAddress: string): Promise<{ readonly podUid: string; readonly api: GroupApi }> {
    await this.deletePod(podName);
    const [podIP = '', port] = peerAddress.split(':');
    const container = { name: 'kvstore', image: 'kvstore', ports: [{ name: 'peer', containerPort: Number(port) }] };
    const labels = { 'app.kubernetes.io/name': 'kvstore' };
    const created = await this.#did(
      this.installation.admin.post(PODS, pod(podName, { containers: [container] }, { labels })),
    );
    const running = {
      name: 'kvstore',
      image: 'kvstore',
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: {} },
    };
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], containerStatuses: [running] };
    await this.#did(this.installation.admin.put(`${PODS}/${podName}/status`, { ...created, status }));
    const api = await createGroupApi({
      connection: { kind: 'kubeconfig', path: this.#kubeconfigPath },
      namespace: 'default',
      leaseName: 'kvstore',
      podSelector: 'app.kubernetes.io/name=kvstore',
      peerService: 'kvstore-peers',
      defaultPeerPort: 7000,
      podName,
      leaseDurationMs: defaultTimes.leaseMs,
      callTimeoutMs: 2000,
      watchSilenceMs: 90_000,
      clock: new SystemClock(),
      log: this.#log,
    });
    this.#apis.push(api);
    return { podUid: created.metadata.uid, api };
  }

  /** As a kubelet confirms it. */
  async deletePod(podName: string): Promise<void> {
    await this.installation.admin.delete(`${PODS}/${podName}?gracePeriodSeconds=0`);
  }

  async lease(): Promise<Body> {
    return this.#did(this.installation.admin.get(LEASE));
  }

  async deleteLease(): Promise<void> {
    await this.#did(this.installation.admin.delete(LEASE));
  }

  /** Every replica has ended: their pods and the Lease go as well. */
  async clear(): Promise<void> {
    await Promise.all(this.#apis.splice(0).map((api) => api.close()));
    const { items } = await this.#did(this.installation.admin.get(PODS));
    await Promise.all(items.map(({ metadata }) => this.deletePod(metadata.name)));
    await this.installation.admin.delete(LEASE);
    this.refusals.length = 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apis.map((api) => api.close()));
    await this.installation.close();
  }

  async #did(answer: Promise<{ readonly status: number; readonly body: Body }>): Promise<Body> {
    const { status, body } = await answer;
    if (status >= 300) throw new Error(`HTTP ${status}: ${body.message}`);
    return body;
  }

  get #log(): Log {
    const note = (event: string, fields: LogFields = {}): void => {
      if (event === 'kubernetes-call-refused') this.refusals.push(fields);
    };
    return { debug: note, info: note, warn: note, error: note };
  }
}
