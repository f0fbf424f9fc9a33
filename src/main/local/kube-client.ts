/** The little that a kubelet and an endpoint-slice controller need of the Kubernetes REST API, by plain HTTP. */
export class KubeClient {
  readonly #base: string;
  readonly #namespace: string;

  constructor(options: { readonly url: string; readonly namespace: string }) {
    this.#base = options.url;
    this.#namespace = options.namespace;
  }

  async isUp(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#base}${this.#path('pods', '')}`, { signal: AbortSignal.timeout(1000) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  get(kind: Kind, name: string): Promise<KubeObject> {
    return this.#call('GET', this.#path(kind, `/${name}`));
  }

  create(kind: Kind, object: KubeObject): Promise<KubeObject> {
    return this.#call('POST', this.#path(kind, ''), object);
  }

  replace(kind: Kind, object: KubeObject): Promise<KubeObject> {
    return this.#call('PUT', this.#path(kind, `/${object.metadata.name}`), object);
  }

  /** A pod's status is a resource of its own: a replace of the pod leaves it alone. */
  replaceStatus(object: KubeObject): Promise<KubeObject> {
    return this.#call('PUT', this.#path('pods', `/${object.metadata.name}/status`), object);
  }

  /** With a grace period a pod is only marked; without, or another object, it is gone. */
  delete(kind: Kind, name: string, gracePeriodSeconds: number): Promise<KubeObject> {
    return this.#call('DELETE', this.#path(kind, `/${name}`), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds,
    });
  }

  #path(kind: Kind, rest: string): string {
    const group = kind === 'pods' ? '/api/v1' : '/apis/discovery.k8s.io/v1';
    return `${group}/namespaces/${this.#namespace}/${kind}${rest}`;
  }

  async #call(method: string, path: string, body?: object): Promise<KubeObject> {
    const response = await fetch(this.#base + path, {
      method,
      signal: AbortSignal.timeout(2000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new KubeError(response.status, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as KubeObject;
  }
}

export type Kind = 'pods' | 'endpointslices';

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export class KubeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
