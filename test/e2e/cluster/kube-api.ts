import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { request } from 'undici';
import { openConnection, type ApiConnection } from '../../../src/adapters/kubernetes/connection.ts';

export interface KubeAnswer {
  readonly status: number;
  readonly text: string;
}

export interface CallOptions {
  readonly body?: string;
  readonly contentType?: string;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

const CONNECT_WITHIN_MS = 2000;
const CALL_WITHIN_MS = 5000;

/**
 * The Kubernetes API, for what is asked many times a second: a process of kubectl each time would take the processors
 * from what is measured. It also passes requests on to pods and Services, wherever the cluster is.
 */
export class KubeApi {
  readonly #connection: ApiConnection;

  private constructor(connection: ApiConnection) {
    this.#connection = connection;
  }

  static async open(options: {
    readonly kubeconfig: string | null;
    readonly context: string | null;
  }): Promise<KubeApi> {
    const { kubeconfig, context } = options;
    const connection = {
      kind: 'kubeconfig',
      ...(kubeconfig === null ? {} : { path: kubeconfig }),
      ...(context === null ? {} : { context }),
    } as const;
    return new KubeApi(await openConnection(connection, CONNECT_WITHIN_MS));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Whatever its status. @throws Error if none came in time. */
  async call(method: HttpMethod, path: string, options: CallOptions = {}): Promise<KubeAnswer> {
    const context = new RequestContext(this.#connection.url + path, method);
    await this.#connection.applySecurityAuthentication(context);
    const { body, contentType = 'application/json', timeoutMs = CALL_WITHIN_MS } = options;
    const response = await request(context.getUrl(), {
      dispatcher: this.#connection.dispatcher(),
      method,
      headers: { ...context.getHeaders(), ...(body === undefined ? {} : { 'content-type': contentType }) },
      body: body ?? null,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.statusCode, text: await response.body.text() };
  }

  /** @throws Error for anything but a 2xx. */
  async get<T>(path: string, options: CallOptions = {}): Promise<T> {
    const { status, text } = await this.call(HttpMethod.GET, path, options);
    if (status < 200 || status > 299) throw new Error(`GET ${path}: ${status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  /** Whether it answers, and is well. */
  async isReady(): Promise<boolean> {
    try {
      return (await this.call(HttpMethod.GET, '/readyz', { timeoutMs: 1000 })).status === 200;
    } catch {
      return false;
    }
  }
}
