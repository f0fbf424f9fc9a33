import type { CoreV1Event } from '@kubernetes/client-node';
import { CoordinationV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/CoordinationV1Api.js';
import { CoreV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/CoreV1Api.js';
import { DiscoveryV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/DiscoveryV1Api.js';
import { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
import type { ApiConnection } from './connection.ts';
import type { JsonObject } from './json.ts';

/** How we name ourselves: in Events and, by the User-Agent, in managedFields and the API server's log. */
export const COMPONENT = 'kvstore';

/** Makes a request, credentials included. Making one may take time (exec plugins) and may fail. */
export type BuildRequest = () => Promise<RequestContext>;
/** Query parameters are added to a list to page through it or to watch it. */
export type BuildList = (query: Readonly<Record<string, string>>) => Promise<RequestContext>;

/**
 * Every request that a group makes. Imported from the generated classes one by one: the package's index loads all of
 * Kubernetes' APIs and costs 90 MB and more than a second.
 */
export class GroupRequests {
  readonly #coordination: CoordinationV1ApiRequestFactory;
  readonly #core: CoreV1ApiRequestFactory;
  readonly #discovery: DiscoveryV1ApiRequestFactory;
  readonly #namespace: string;
  readonly #leaseName: string;

  constructor(connection: ApiConnection, names: { readonly namespace: string; readonly leaseName: string }) {
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(connection.url, {}),
      authMethods: { default: connection },
    });
    this.#coordination = new CoordinationV1ApiRequestFactory(configuration);
    this.#core = new CoreV1ApiRequestFactory(configuration);
    this.#discovery = new DiscoveryV1ApiRequestFactory(configuration);
    this.#namespace = names.namespace;
    this.#leaseName = names.leaseName;
  }

  readLease(): Promise<RequestContext> {
    return this.#coordination.readNamespacedLease(this.#leaseName, this.#namespace);
  }

  async createLease(lease: JsonObject): Promise<RequestContext> {
    return withBody(lease, await this.#coordination.createNamespacedLease(this.#namespace, lease));
  }

  async replaceLease(lease: JsonObject): Promise<RequestContext> {
    return withBody(lease, await this.#coordination.replaceNamespacedLease(this.#leaseName, this.#namespace, lease));
  }

  /** A list, since that names the version from which to watch even where there is no Lease. */
  listLease(): BuildList {
    const fieldSelector = `metadata.name=${this.#leaseName}`;
    return async (query) =>
      withQuery(await this.#coordination.listNamespacedLease(this.#namespace), { ...query, fieldSelector });
  }

  listPods(labelSelector: string): BuildList {
    return async (query) => withQuery(await this.#core.listNamespacedPod(this.#namespace), { ...query, labelSelector });
  }

  readPod(name: string): Promise<RequestContext> {
    return this.#core.readNamespacedPod(name, this.#namespace);
  }

  listEndpointSlices(service: string): BuildList {
    const labelSelector = `kubernetes.io/service-name=${service}`;
    return async (query) =>
      withQuery(await this.#discovery.listNamespacedEndpointSlice(this.#namespace), { ...query, labelSelector });
  }

  async createEvent(event: JsonObject): Promise<RequestContext> {
    return withBody(event, await this.#core.createNamespacedEvent(this.#namespace, event as unknown as CoreV1Event));
  }
}

/** client-node's serializer has dropped the fields that its models do not know; so the body is set once more, whole. */
function withBody(body: JsonObject, context: RequestContext): RequestContext {
  context.setBody(JSON.stringify(body));
  return context;
}

function withQuery(context: RequestContext, query: Readonly<Record<string, string>>): RequestContext {
  for (const [name, value] of Object.entries(query)) context.setQueryParam(name, value);
  return context;
}
