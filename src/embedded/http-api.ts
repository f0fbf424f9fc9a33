import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, type JsonObject } from './json.ts';
import { integer, listPage, parseListQuery, requireReached, versionParameter, type ListQuery } from './list-query.ts';
import type { ObjectStore } from './object-store.ts';
import { readBody } from './read-body.ts';
import { ResourceApi, resourceSubject, type DeleteOptions, type SentObject, type Target } from './resource-api.ts';
import { endpointSlice } from './resources/endpoint-slice.ts';
import { event } from './resources/event.ts';
import { lease } from './resources/lease.ts';
import { pod } from './resources/pod.ts';
import type { KubeObject, Resource } from './resources/resource.ts';
import { decode, ShapeError } from './shape.ts';
import {
  ApiError,
  badRequest,
  fieldNotSupported,
  invalid,
  methodNotAllowed,
  noSuchResource,
  notAcceptable,
} from './status.ts';
import { streamWatch, type WatchTimes } from './watch-stream.ts';

const RESOURCES: readonly Resource[] = [lease, endpointSlice, pod, event];

export interface HttpApiOptions {
  readonly store: ObjectStore;
  readonly nowMs: () => number;
  readonly watchTimes: WatchTimes;
  /** Ends all watches. */
  readonly signal: AbortSignal;
}

/** From a request to its answer: which verb it is, what it says, and how the outcome looks on the wire. */
export class HttpApi {
  readonly #options: HttpApiOptions;
  readonly #api: ResourceApi;

  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.#api = new ResourceApi(options);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else if (error instanceof ApiError) sendJson(response, error.code, error.toStatus());
      else {
        const message = error instanceof Error ? error.message : String(error);
        sendJson(response, 500, new ApiError({ code: 500, reason: 'InternalError', message }).toStatus());
      }
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
    const parameters = new URLSearchParams(query);
    const method = request.method ?? 'GET';
    switch (path) {
      case '/livez':
      case '/readyz':
      case '/healthz':
        return sendText(response, 200, 'ok');
      case '/version':
        if (method !== 'GET') throw methodNotAllowed();
        return sendJson(response, 200, VERSION);
    }
    const route = parsePath(path);
    if (route === null) return sendText(response, 404, '404 page not found\n');
    requireJsonAccepted(request.headers.accept ?? '');
    return route.kind === 'collection'
      ? this.#collection(route, method, parameters, request, response)
      : this.#object(route, method, parameters, request, response);
  }

  async #collection(
    route: CollectionRoute,
    method: string,
    parameters: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { resource, namespace } = route;
    if (method === 'GET') {
      const query = parseListQuery(resource, namespace, parameters, route.watch ? 'watch' : 'list');
      return query.watch ? this.#watch(query, response) : this.#list(query, response);
    }
    if (namespace === null || route.watch) throw methodNotAllowed();
    if (method === 'POST') {
      const sent = await this.#readObject(resource, parameters, request, response);
      const created = this.#api.create(resource, namespace, sent, writeMode(parameters, 'CreateOptions'));
      return sendJson(response, 201, present(resource, created));
    }
    if (method === 'DELETE') {
      const options = await readDeleteOptions(parameters, request);
      const query = parseListQuery(resource, namespace, withoutWatch(parameters), 'list');
      const page = listPage(this.#options.store, query);
      for (const { metadata } of page.items) {
        this.#api.delete({ resource, namespace, name: metadata.name }, options, writeMode(parameters, 'DeleteOptions'));
      }
      return sendJson(response, 200, presentList(resource, page.items, { resourceVersion: String(page.version) }));
    }
    throw methodNotAllowed();
  }

  async #object(
    route: ObjectRoute,
    method: string,
    parameters: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { resource } = route;
    if (route.watch) {
      if (method !== 'GET') throw methodNotAllowed();
      const named = new URLSearchParams(parameters);
      named.set('fieldSelector', `metadata.name=${route.name}`);
      return this.#watch(parseListQuery(resource, route.namespace, named, 'watch'), response);
    }
    if (method === 'GET') {
      requireReached(this.#options.store, versionParameter(parameters));
      return sendJson(response, 200, present(resource, this.#api.get(route)));
    }
    if (method === 'PUT') {
      const mode = writeMode(parameters, 'UpdateOptions');
      const sent = await this.#readObject(resource, parameters, request, response);
      if (route.subresource === 'status') {
        return sendJson(response, 200, present(resource, this.#api.replaceStatus(route, sent, mode)));
      }
      const { object, created } = this.#api.replace(route, sent, mode);
      return sendJson(response, created ? 201 : 200, present(resource, object));
    }
    if (method === 'DELETE' && route.subresource === null) {
      const options = await readDeleteOptions(parameters, request);
      const { object, state } = this.#api.delete(route, options, writeMode(parameters, 'DeleteOptions'));
      // Whoever deletes something that can take its time gets the object; else there is nothing more to know about it.
      const whole = state === 'waiting' || resource.gracefulDeletion !== null;
      return sendJson(response, 200, whole ? present(resource, object) : deletedStatus(resource, object));
    }
    throw methodNotAllowed();
  }

  #list(query: ListQuery, response: ServerResponse): void {
    const page = listPage(this.#options.store, query);
    const metadata = {
      resourceVersion: String(page.version),
      ...(page.continueToken === null ? {} : { continue: page.continueToken }),
      ...(page.remaining === null ? {} : { remainingItemCount: page.remaining }),
    };
    sendJson(response, 200, presentList(query.selection.resource, page.items, metadata));
  }

  #watch(query: ListQuery, response: ServerResponse): void {
    const { resource } = query.selection;
    streamWatch({
      store: this.#options.store,
      query,
      response,
      times: this.#options.watchTimes,
      present: (object) => present(resource, object),
      bookmark: (metadata) => ({ ...typeOf(resource), ...decode({}, resource.shape).value, metadata }),
      signal: this.#options.signal,
    });
  }

  async #readObject(
    resource: Resource,
    parameters: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SentObject> {
    const { kind, version } = resource;
    const body = await readBody(request, `the object provided is unrecognized (must be of type ${kind}): `);
    const given = isObject(body) ? body : {};
    const cannot = (why: string): ApiError =>
      badRequest(`${textOr(given['kind'], kind)} in version "${version}" cannot be handled as a ${kind}: ${why}`);

    const expected = typeOf(resource);
    const apiVersion = textOr(given['apiVersion'], expected.apiVersion);
    if (textOr(given['kind'], kind) !== kind || apiVersion !== expected.apiVersion) {
      throw cannot(`no kind "${textOr(given['kind'], kind)}" is registered for version "${apiVersion}"`);
    }
    try {
      const { value, unknownFields } = decode(body, resource.shape);
      reportUnknown(unknownFields, parameters.get('fieldValidation') ?? 'Warn', response);
      return value as SentObject;
    } catch (error) {
      if (error instanceof ShapeError) throw cannot(error.message);
      throw error;
    }
  }
}

interface CollectionRoute {
  readonly kind: 'collection';
  readonly resource: Resource;
  readonly namespace: string | null;
  readonly watch: boolean;
}

interface ObjectRoute extends Target {
  readonly kind: 'object';
  readonly subresource: 'status' | null;
  readonly watch: boolean;
}

/** `/api/v1` or `/apis/GROUP/VERSION`, then `[/watch][/namespaces/NAMESPACE]/PLURAL[/NAME[/status]]`. */
function parsePath(path: string): CollectionRoute | ObjectRoute | null {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  const group = segments[0] === 'apis' ? (segments[1] ?? '') : '';
  const rest = segments.slice(segments[0] === 'apis' ? 3 : 2);
  const version = segments[segments[0] === 'apis' ? 2 : 1];
  const isGroup = segments[0] === 'apis' ? group !== '' : segments[0] === 'api';
  const inGroup = RESOURCES.filter((resource) => resource.group === group && resource.version === version);
  if (!isGroup || inGroup.length === 0) return null;

  const watch = rest[0] === 'watch';
  if (watch) rest.shift();
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? decodeSegment(rest[1] ?? '') : null;
  const [plural, encodedName, subresource, ...more] = namespace === null ? rest : rest.slice(2);
  const resource = inGroup.find((each) => each.plural === plural);
  if (resource === undefined || more.length > 0) throw noSuchResource();
  if (encodedName === undefined) return { kind: 'collection', resource, namespace, watch };
  if (namespace === null) throw noSuchResource();
  if (subresource !== undefined && (subresource !== 'status' || resource.status === null)) throw noSuchResource();
  const name = decodeSegment(encodedName);
  return { kind: 'object', resource, namespace, name, subresource: subresource === undefined ? null : 'status', watch };
}

function decodeSegment(segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(segment)}`);
  }
  if (decoded === '' || decoded.includes('/')) throw noSuchResource();
  return decoded;
}

function requireJsonAccepted(accept: string): void {
  const ranges = accept.split(',').map((range) => (range.split(';')[0] ?? '').trim());
  if (accept.trim() === '' || ranges.some((range) => ['application/json', 'application/*', '*/*'].includes(range))) {
    return;
  }
  throw notAcceptable();
}

async function readDeleteOptions(parameters: URLSearchParams, request: IncomingMessage): Promise<DeleteOptions> {
  const body = await readBody(request, '', { empty: null });
  if (body === null) {
    return { gracePeriodSeconds: integer(parameters, 'gracePeriodSeconds'), uid: null, resourceVersion: null };
  }
  const given = isObject(body) ? body : {};
  const kind = textOr(given['kind'], 'DeleteOptions');
  if (kind !== 'DeleteOptions') throw badRequest(`no kind "${kind}" is registered for version "meta.k8s.io/v1"`);
  const grace = given['gracePeriodSeconds'] ?? null;
  if (grace !== null && !Number.isInteger(grace)) {
    throw badRequest(
      'json: cannot unmarshal value into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    );
  }
  const preconditions = isObject(given['preconditions']) ? given['preconditions'] : {};
  return {
    gracePeriodSeconds: grace as number | null,
    uid: textOr(preconditions['uid'], null),
    resourceVersion: textOr(preconditions['resourceVersion'], null),
  };
}

function writeMode(parameters: URLSearchParams, kind: string): { readonly dryRun: boolean } {
  const asked = parameters.getAll('dryRun').filter((each) => each !== '');
  if (asked.some((each) => each !== 'All')) {
    const error = fieldNotSupported('dryRun', asked.join(), ['All']);
    throw invalid({ group: 'meta.k8s.io', kind, name: '' }, [error]);
  }
  return { dryRun: asked.length > 0 };
}

function withoutWatch(parameters: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(parameters);
  rest.delete('watch');
  return rest;
}

/** Unknown fields are dropped with a warning, unless the client wants them refused. */
function reportUnknown(fields: readonly string[], validation: string, response: ServerResponse): void {
  if (fields.length === 0 || validation === 'Ignore') return;
  if (validation === 'Strict') {
    const list = fields.map((field) => `unknown field "${field}"`).join(', ');
    throw new ShapeError(`strict decoding error: ${list}`);
  }
  // A field's name comes from the client: nothing of it may end the header.
  const warning = (field: string): string => `299 - ${JSON.stringify(`unknown field "${printable(field)}"`)}`;
  response.setHeader('warning', fields.slice(0, 10).map(warning));
}

const printable = (text: string): string => text.slice(0, 256).replace(/[^\x20-\x7e]/g, '?');

const typeOf = ({ group, version, kind }: Resource): { readonly kind: string; readonly apiVersion: string } => ({
  kind,
  apiVersion: group === '' ? version : `${group}/${version}`,
});

/** A version that is not there yet is left out: the object was only checked. */
function present(resource: Resource, object: KubeObject): JsonObject {
  return { ...typeOf(resource), ...withoutEmptyVersion(object) };
}

function withoutEmptyVersion(object: KubeObject): JsonObject {
  if (object.metadata.resourceVersion !== '') return object;
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function presentList(resource: Resource, items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  const { kind, apiVersion } = typeOf(resource);
  return { kind: `${kind}List`, apiVersion, metadata, items };
}

function deletedStatus(resource: Resource, { metadata }: KubeObject): JsonObject {
  const { group, kind, name } = resourceSubject(resource, metadata.name);
  const details = { name, ...(group === '' ? {} : { group }), kind, uid: metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function sendJson(response: ServerResponse, code: number, body: JsonObject): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(code, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      'content-length': bytes.length,
    })
    .end(bytes);
}

function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

const textOr = <T>(value: unknown, otherwise: T): string | T =>
  typeof value === 'string' && value !== '' ? value : otherwise;

/** The version whose behaviour this is; the suffix says that it is not the real one. */
const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3+kvstore-embedded',
  gitTreeState: 'clean',
  platform: `${process.platform}/${process.arch}`,
};
