import { badRequest, expired, fieldForbidden, invalid, versionTooLarge, type FieldError } from './status.ts';
import { isObject } from './json.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { idOf, type Change, type ObjectStore } from './object-store.ts';
import type { KubeObject, Resource } from './resources/resource.ts';

/** What a list or a watch is over. */
export interface Selection {
  readonly resource: Resource;
  /** null: all. */
  readonly namespace: string | null;
  /** No selector leaves anything out. */
  readonly whole: boolean;
  readonly matches: (object: KubeObject) => boolean;
}

/** A query of a list or a watch, as it stands in the URL. */
export interface ListQuery {
  readonly selection: Selection;
  readonly watch: boolean;
  /** null: not given. */
  readonly resourceVersion: number | null;
  readonly resourceVersionMatch: string;
  readonly limit: number;
  readonly continueToken: string;
  /** 0: not given. */
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
  readonly initialEvents: boolean;
}

export function parseListQuery(
  resource: Resource,
  namespace: string | null,
  parameters: URLSearchParams,
  path: 'list' | 'watch',
): ListQuery {
  const labelSelector = parameters.get('labelSelector') ?? '';
  const fieldSelector = parameters.get('fieldSelector') ?? '';
  const labelsMatch = parseLabelSelector(labelSelector);
  const known = ['metadata.name', 'metadata.namespace', ...Object.keys(resource.fields(NO_OBJECT))];
  const fieldsMatch = parseFieldSelector(fieldSelector, known);
  const matches = (object: KubeObject): boolean =>
    labelsMatch(object.metadata.labels ?? {}) &&
    fieldsMatch({
      'metadata.name': object.metadata.name,
      'metadata.namespace': object.metadata.namespace,
      ...resource.fields(object),
    });

  const watch = path === 'watch' || flag(parameters, 'watch');
  const query: ListQuery = {
    selection: { resource, namespace, whole: labelSelector === '' && fieldSelector === '', matches },
    watch,
    resourceVersion: versionParameter(parameters),
    resourceVersionMatch: parameters.get('resourceVersionMatch') ?? '',
    limit: integer(parameters, 'limit') ?? 0,
    continueToken: parameters.get('continue') ?? '',
    timeoutSeconds: integer(parameters, 'timeoutSeconds') ?? 0,
    bookmarks: flag(parameters, 'allowWatchBookmarks'),
    initialEvents: flag(parameters, 'sendInitialEvents'),
  };
  const errors = validate(query);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, errors);
  return query;
}

function validate(query: ListQuery): FieldError[] {
  const match = query.resourceVersionMatch;
  if (query.watch) {
    if (query.initialEvents && match !== 'NotOlderThan') {
      return [
        fieldForbidden(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      ];
    }
    if (!query.initialEvents && match !== '') {
      return [
        fieldForbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      ];
    }
    return [];
  }
  if (query.initialEvents) return [fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')];
  if (match !== '' && query.resourceVersion === null) {
    return [
      fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ];
  }
  return [];
}

export interface Page {
  readonly items: readonly KubeObject[];
  readonly version: number;
  /** null: this was the last one. */
  readonly continueToken: string | null;
  /** null: not known, because a selector decides. */
  readonly remaining: number | null;
}

/** All pages of one list show the state of one version, whatever is written in between. */
export function listPage(store: ObjectStore, query: ListQuery): Page {
  const { resource, namespace, whole, matches } = query.selection;
  let version = store.version;
  let after = '';
  if (query.continueToken !== '') {
    if (query.resourceVersion !== null && query.resourceVersion !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    ({ version, after } = decodeToken(query.continueToken, store.version));
  } else if (query.resourceVersion !== null) {
    requireReached(store, query.resourceVersion);
    if (query.resourceVersionMatch === 'Exact') version = query.resourceVersion;
  }

  const objects = store.listAt(version, resource, namespace);
  if (objects === null) {
    throw query.continueToken === ''
      ? expired(`The resourceVersion for the provided list is too old.`)
      : expired(CONTINUE_TOO_OLD, encodeToken(store.version, after));
  }
  const found = objects.filter((object) => positionOf(object) > after && matches(object));
  // The real server answers from its cache, whole, when any version will do.
  const limit = query.resourceVersion === 0 ? 0 : query.limit;
  if (limit <= 0 || found.length <= limit) return { items: found, version, continueToken: null, remaining: null };
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    version,
    continueToken: last === undefined ? null : encodeToken(version, positionOf(last)),
    remaining: whole ? found.length - limit : null,
  };
}

/** What a change is to somebody who sees only the selection; null: nothing. */
export function watchEvent(
  change: Change,
  selection: Selection,
): { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject } | null {
  if (change.resource !== idOf(selection.resource)) return null;
  if (selection.namespace !== null && change.namespace !== selection.namespace) return null;
  const before = change.before !== null && selection.matches(change.before) ? change.before : null;
  const after = change.after !== null && selection.matches(change.after) ? change.after : null;
  if (after !== null) return { type: before === null ? 'ADDED' : 'MODIFIED', object: after };
  if (before === null) return null;
  // As it last was in the selection, with the version of the change that took it out.
  const metadata = { ...before.metadata, resourceVersion: String(change.version) };
  return { type: 'DELETED', object: { ...before, metadata } };
}

const CONTINUE_TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

const positionOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;

const encodeToken = (version: number, after: string): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: after })).toString('base64url');

function decodeToken(token: string, current: number): { readonly version: number; readonly after: string } {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isObject(decoded) && typeof decoded['rv'] === 'number' && typeof decoded['start'] === 'string') {
      return { version: Math.min(decoded['rv'], current), after: decoded['start'] };
    }
  } catch {
    // Falls through: not one of ours.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}

/** Everything but `false` and `0` is true, even nothing. */
function flag(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name);
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

/** null: not given. */
export function versionParameter(parameters: URLSearchParams): number | null {
  const version = parameters.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`,
    );
  }
  return version === '' ? null : Number(version);
}

/** The real server waits three seconds for a version that is still to come; here there is nothing to wait for. */
export function requireReached(store: ObjectStore, version: number | null): void {
  if (version !== null && version > store.version) throw versionTooLarge(version, store.version);
}

export function integer(parameters: URLSearchParams, name: string): number | null {
  const value = parameters.get(name);
  if (value === null || value === '') return null;
  if (!/^[+-]?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

const NO_OBJECT: KubeObject = {
  metadata: { name: '', namespace: '', uid: '', resourceVersion: '', creationTimestamp: '' },
};
