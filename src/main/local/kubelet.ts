import type { KubeClient, KubeObject } from './kube-client.ts';
import { KubeError } from './kube-client.ts';
import { endpointSlice, podStatus, type LocalPod } from './pod.ts';

const PROBE_INTERVAL_MS = 200;
const PROBE_TIMEOUT_MS = 1000;

/**
 * Stands in for the kubelet and the endpoint-slice controller: probes each pod and writes its status and its slice into
 * the API whenever they differ from what was written last. While the API is away nothing is written, and nobody minds.
 */
export class Kubelet {
  readonly #api: KubeClient;
  readonly #pods: readonly LocalPod[];
  readonly #written = new Map<string, string>();
  readonly #reports = new Map<LocalPod, Promise<void>>();
  readonly #loops: Promise<void>[] = [];
  readonly #stopped = new AbortController();

  constructor(options: { readonly api: KubeClient; readonly pods: readonly LocalPod[] }) {
    this.#api = options.api;
    this.#pods = options.pods;
  }

  start(): void {
    for (const pod of this.#pods) this.#loops.push(this.#follow(pod));
  }

  /** Writes down how a pod stands; called at once when a process started or ended, else after each probe. */
  report(pod: LocalPod): Promise<void> {
    // One after the other, and each looks at the pod only when its turn comes: an older view must not be written last.
    const written = (this.#reports.get(pod) ?? Promise.resolve()).then(() => this.#write(pod));
    this.#reports.set(pod, written);
    return written;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#loops);
  }

  async #write(pod: LocalPod): Promise<void> {
    try {
      await this.#writeIfNew(`pod/${pod.name}`, podStatus(pod), async (status) => {
        const current = await this.#api.get('pods', pod.name);
        // The pod's place was taken by another of its name: not ours to report on.
        if (current.metadata.uid === pod.uid) await this.#api.replaceStatus({ ...current, status });
      });
      await this.#writeIfNew(`slice/${pod.name}`, endpointSlice(pod), (slice) => this.#put(slice as KubeObject));
    } catch {
      // The API is away, or somebody was faster: the next probe comes by here again.
    }
  }

  async #follow(pod: LocalPod): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const pid = pod.server.pid;
      const ready = pid !== null && (await isReady(`http://${pod.ip}:${pod.httpPort}`));
      // The answer of a process that has ended meanwhile says nothing of the next one.
      pod.ready = ready && pod.server.pid === pid;
      await this.report(pod);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, PROBE_INTERVAL_MS);
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done);
      });
    }
  }

  async #writeIfNew(what: string, object: object, write: (object: object) => Promise<unknown>): Promise<void> {
    const text = JSON.stringify(object);
    if (this.#written.get(what) === text) return;
    await write(object);
    this.#written.set(what, text);
  }

  async #put(slice: KubeObject): Promise<void> {
    try {
      const { metadata } = await this.#api.get('endpointslices', slice.metadata.name);
      await this.#api.replace('endpointslices', { ...slice, metadata: { ...metadata, ...slice.metadata } });
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      await this.#api.create('endpointslices', slice);
    }
  }
}

export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
