import { access } from 'node:fs/promises';
import type { AgentOptions, RequestOptions } from 'node:https';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import type { SecurityAuthentication } from '@kubernetes/client-node/dist/gen/auth/auth.js';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { Agent, ProxyAgent, Socks5ProxyAgent, type Dispatcher } from 'undici';

/** Where the API server is and who we are to it. */
export type Connection =
  /** No authentication: our embedded API, or `kubectl proxy`. */
  | { readonly kind: 'url'; readonly url: string }
  /** The service account of the pod. */
  | { readonly kind: 'inCluster' }
  /** Without a path: KUBECONFIG, else ~/.kube/config. Without a context: the current one. */
  | { readonly kind: 'kubeconfig'; readonly path?: string; readonly context?: string }
  /** The service account if there is one, else the kubeconfig. */
  | { readonly kind: 'default' };

/** What the option says: an address, or whatever this pod or laptop is configured for. */
export const connectionTo = (url: string | null): Connection =>
  url === null ? { kind: 'default' } : { kind: 'url', url };

/** Credentials and the one dispatcher; both are set on every request, in the hook that client-node has for it. */
export interface ApiConnection extends SecurityAuthentication {
  readonly url: string;
  /** That of the service account or the kubeconfig's context; null if neither names one. */
  readonly namespace: string | null;
  dispatcher(): Dispatcher;
  close(): Promise<void>;
}

/** @throws Error if there is no usable configuration; nothing is sent yet. */
export async function openConnection(connection: Connection, connectTimeoutMs: number): Promise<ApiConnection> {
  if (connection.kind === 'url') return new PlainConnection(connection.url, connectTimeoutMs);
  const opened = new KubeConfigConnection(await loadKubeConfig(connection), connectTimeoutMs);
  // Unreadable certificates and unsupported settings are errors at the start, not of every call.
  await opened.refresh();
  return opened;
}

class PlainConnection implements ApiConnection {
  readonly url: string;
  readonly namespace = null;
  readonly #agent: Agent;

  constructor(url: string, connectTimeoutMs: number) {
    this.url = withoutTrailingSlash(url);
    this.#agent = new Agent({ ...DISPATCHER_OPTIONS, connect: { timeout: connectTimeoutMs } });
  }

  getName(): string {
    return 'none';
  }

  applySecurityAuthentication(): void {}

  dispatcher(): Dispatcher {
    return this.#agent;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Tokens, exec plugins and certificates by client-node's KubeConfig, connections by one dispatcher of our own. */
class KubeConfigConnection implements ApiConnection {
  readonly url: string;
  readonly namespace: string | null;
  readonly #kubeConfig: KubeConfig;
  readonly #connectTimeoutMs: number;
  #settings: DispatcherSettings | null = null;
  #dispatcher: Dispatcher | null = null;

  constructor(kubeConfig: KubeConfig, connectTimeoutMs: number) {
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('The kubeconfig has no current cluster.');
    this.url = withoutTrailingSlash(cluster.server);
    this.namespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace ?? null;
    this.#kubeConfig = kubeConfig;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  getName(): string {
    return 'kubeconfig';
  }

  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const headers = await this.refresh();
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
  }

  dispatcher(): Dispatcher {
    if (this.#dispatcher === null) throw new Error('The connection is closed.');
    return this.#dispatcher;
  }

  /**
   * Gives the headers of a request and makes a dispatcher when certificates have changed: both rotate while we run.
   * KubeConfig's own applySecurityAuthentication would make one for every call, and with it a TLS connection.
   */
  async refresh(): Promise<Readonly<Record<string, string>>> {
    const options: RequestOptions = {};
    await this.#kubeConfig.applyToHTTPSOptions(options);
    const settings = this.#kubeConfig.createDispatcherOptions(
      this.#kubeConfig.getCurrentCluster(),
      options as AgentOptions,
    );
    if (!isDeepStrictEqual(settings, this.#settings)) {
      const retired = this.#dispatcher;
      this.#settings = settings;
      this.#dispatcher = createDispatcher(settings, this.#connectTimeoutMs);
      // Ends once its running requests have; a watch goes on until it is begun anew.
      retired?.close().catch(() => undefined);
    }
    const headers: Record<string, string> = {};
    if (options.auth != null) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    return headers;
  }

  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
    this.#dispatcher = null;
  }
}

type DispatcherSettings = ReturnType<KubeConfig['createDispatcherOptions']>;

const DISPATCHER_OPTIONS = {
  /** R1: undici sends pipelined requests again when their connection breaks before the answer; a lone one never. */
  pipelining: 1,
  /** Over HTTP/2 a silent connection would swallow call after call; over HTTP/1 a call that timed out takes it along. */
  allowH2: false,
  /** Calls and two watches. Beyond it they wait, within their own time limit. */
  connections: 8,
  /** Below the 90 s after which a kube-apiserver closes, so that few calls meet a connection that is just closing. */
  keepAliveTimeout: 30_000,
  keepAliveMaxTimeout: 60_000,
} as const;

function createDispatcher(settings: DispatcherSettings, timeout: number): Dispatcher {
  switch (settings.type) {
    case 'none':
      return new Agent({ ...DISPATCHER_OPTIONS, connect: { timeout } });
    case 'agent':
      return new Agent({ ...DISPATCHER_OPTIONS, connect: { ...settings.connect, timeout } } as Agent.Options);
    case 'proxy':
      return new ProxyAgent({
        ...DISPATCHER_OPTIONS,
        uri: settings.uri,
        requestTls: { ...settings.requestTls, timeout },
        connect: { ...settings.connect, timeout },
      } as ProxyAgent.Options);
    case 'socks':
      return new Socks5ProxyAgent(settings.uri, {
        ...DISPATCHER_OPTIONS,
        requestTls: settings.requestTls,
      } as Socks5ProxyAgent.Options);
  }
}

async function loadKubeConfig(connection: Exclude<Connection, { kind: 'url' }>): Promise<KubeConfig> {
  // Imported where it is needed: it brings OpenID, SOCKS and YAML along, which a laptop's embedded API has no use for.
  const { KubeConfig, findHomeDir } = await import('@kubernetes/client-node/dist/config.js');
  const kubeConfig = new KubeConfig();
  if (connection.kind === 'inCluster' || (connection.kind === 'default' && (await hasServiceAccount()))) {
    if (!process.env['KUBERNETES_SERVICE_HOST']) {
      throw new Error('KUBERNETES_SERVICE_HOST is not set: this process does not run in a pod.');
    }
    kubeConfig.loadFromCluster();
    return kubeConfig;
  }
  const path = connection.kind === 'kubeconfig' ? connection.path : undefined;
  if (path !== undefined) {
    kubeConfig.loadFromFile(path);
  } else {
    const home = findHomeDir();
    const hasFile = Boolean(process.env['KUBECONFIG']) || (home !== null && (await exists(join(home, '.kube/config'))));
    // loadFromDefault would go on with http://localhost:8080.
    if (!hasFile)
      throw new Error('No Kubernetes API is configured: no service account, no KUBECONFIG, no ~/.kube/config.');
    kubeConfig.loadFromDefault();
  }
  const context = connection.kind === 'kubeconfig' ? connection.context : undefined;
  if (context !== undefined) {
    if (kubeConfig.getContextObject(context) === null) throw new Error(`The kubeconfig has no context ${context}.`);
    kubeConfig.setCurrentContext(context);
  }
  return kubeConfig;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

const hasServiceAccount = async (): Promise<boolean> =>
  Boolean(process.env['KUBERNETES_SERVICE_HOST']) && (await exists(SERVICE_ACCOUNT_TOKEN));

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const withoutTrailingSlash = (url: string): string => url.replace(/\/+$/, '');
