/** What can be wrong with a request. Each kind has one rule for all routes of a family. */
export const KINDS = [
  'unknown query parameter',
  'query parameter missing',
  'query parameter twice',
  'query parameter',
  'query parameter, not UTF-8',
  'parameters that contradict each other',
  'path empty',
  'path',
  'path, not UTF-8',
  'header',
  'header twice',
  'header, not ASCII',
  'body missing',
  'body of another type',
  'body without type',
  'type twice',
  'encoding',
  'body, not UTF-8',
  'body, no JSON',
  'body deep',
  'body too deep',
  'body too large',
  'member missing',
  'member',
  'member twice',
  'unknown member',
  'member beyond its schema',
  'key of a member',
  'value too large',
  'NUL in the request line',
  'raw bytes in the request line',
  'NUL in a header',
  'request line too long',
  'header too long',
] as const;
export type Kind = (typeof KINDS)[number];

/** The status, and the code of the problem, or what the answer of an earlier service says. `overlooked`: it is not refused. */
export type Expected = readonly [status: number, says: string] | 'overlooked';

/** Before any route. */
const OF_CONNECTION = {
  'raw bytes in the request line': [400, 'bad-request'],
  'NUL in the request line': [400, 'bad-request'],
  'NUL in a header': [400, 'bad-request'],
  'request line too long': [431, 'headers-too-large'],
  'header too long': [431, 'headers-too-large'],
} as const;

const NATIVE: Readonly<Record<Kind, Expected>> = {
  ...OF_CONNECTION,
  'unknown query parameter': [400, 'bad-request'],
  'query parameter missing': [400, 'bad-request'],
  'query parameter twice': [400, 'bad-request'],
  'query parameter': [400, 'bad-request'],
  'query parameter, not UTF-8': [400, 'bad-request'],
  'parameters that contradict each other': [400, 'bad-request'],
  'path empty': [400, 'bad-key'],
  path: [400, 'bad-key'],
  'path, not UTF-8': [400, 'bad-key'],
  header: [400, 'bad-request'],
  'header twice': [400, 'bad-request'],
  'header, not ASCII': [400, 'bad-request'],
  'body missing': [400, 'bad-request'],
  'body of another type': [400, 'bad-request'],
  'body without type': [400, 'bad-request'],
  'type twice': [400, 'bad-request'],
  encoding: [415, 'unsupported-encoding'],
  'body, not UTF-8': [400, 'bad-request'],
  'body, no JSON': [400, 'bad-request'],
  'body deep': [400, 'bad-request'],
  'body too deep': [400, 'bad-request'],
  'body too large': [413, 'too-large'],
  'member missing': [400, 'bad-request'],
  member: [400, 'bad-request'],
  'member twice': [400, 'bad-request'],
  'unknown member': [400, 'bad-request'],
  'member beyond its schema': [400, 'bad-request'],
  'key of a member': [400, 'bad-key'],
  'value too large': [413, 'too-large'],
};

/** As FastAPI did: what it does not know it overlooks, and of two it takes the last. */
const EARLIER: Readonly<Record<Kind, Expected>> = {
  ...OF_CONNECTION,
  'unknown query parameter': 'overlooked',
  'query parameter missing': [422, 'missing'],
  'query parameter twice': 'overlooked',
  'query parameter': [422, ''],
  'query parameter, not UTF-8': [422, ''],
  'parameters that contradict each other': 'overlooked',
  'path empty': [404, 'Not Found'],
  path: [422, ''],
  'path, not UTF-8': [422, ''],
  header: [400, 'cannot be used'],
  'header twice': [400, 'cannot be used'],
  'header, not ASCII': [400, 'cannot be used'],
  'body missing': [422, 'missing'],
  'body of another type': [422, 'model_attributes_type'],
  'body without type': 'overlooked',
  'type twice': 'overlooked',
  encoding: 'overlooked',
  'body, not UTF-8': [400, 'There was an error parsing the body'],
  'body, no JSON': [422, ''],
  'body deep': [422, ''],
  'body too deep': [400, 'There was an error parsing the body'],
  'body too large': [413, 'are allowed'],
  'member missing': [422, 'missing'],
  member: [422, ''],
  'member twice': 'overlooked',
  'unknown member': 'overlooked',
  'member beyond its schema': [422, ''],
  'key of a member': [422, ''],
  'value too large': [413, 'are allowed'],
};

/** Routes that only tell take nothing: Kubernetes, Prometheus and browsers may add what they like. */
const TELLING: Readonly<Record<Kind, Expected>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, 'overlooked'])),
  ...OF_CONNECTION,
} as Readonly<Record<Kind, Expected>>;

/** By operation, and by kind with the name of what is wrong, or by kind alone. */
export const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  // More than one request deletes.
  deleteKeys: {
    'query parameter: expect=10001': [413, 'too-many-keys'],
    'query parameter: expect=999999999999999': [413, 'too-many-keys'],
  },
  // Just one asterisk.
  createKey: { 'header twice: If-None-Match': [400, 'bad-request'] },
  // Bodies of a few members have no room for it.
  touchKey: { 'body too deep': [413, 'too-large'] },
  acquireLock: { 'body too deep': [413, 'too-large'] },
  // A lockId that nobody has been given.
  renewLock: { ...heldLock(), 'body too deep': [413, 'too-large'] },
  releaseLock: heldLock(),
  docsFile: noFile(),
  docsFileHead: noFile(),
  // The name of a server that is none.
  cacheStats: noServer(),
  databaseStats: noServer(),
  // All keys have the same map.
  map: { 'query parameter': 'overlooked' },
  // A path that ends in a slash too many, for the route without it.
  putVersion: { 'path empty': [307, ''], 'body deep: value': 'overlooked' },
  postVersion: { 'path empty': [307, ''], 'body deep: value': 'overlooked' },
  // An empty key is one like any other to that service, which is never found.
  getByQuery: { 'query parameter: key=': [404, 'null'] },
};

function heldLock(): Readonly<Record<string, Expected>> {
  const kinds = ['path empty', 'path', 'path, not UTF-8'];
  return Object.fromEntries(kinds.map((kind) => [`${kind}: lockId`, [404, 'no-lock']]));
}

function noFile(): Readonly<Record<string, Expected>> {
  return { 'path empty': [307, ''], path: [404, 'Not Found'], 'path, not UTF-8': [404, 'Not Found'] };
}

function noServer(): Readonly<Record<string, Expected>> {
  return {
    'query parameter missing': [503, 'Server parameter is required'],
    'query parameter': [503, 'No servers available: Server'],
    'query parameter, not UTF-8': [503, 'not found'],
  };
}

/** Two of these are one longer list. */
const LISTS = ['If-Match', 'If-None-Match'];

export type Family = 'native' | 'earlier' | 'telling';

export function familyOf({ tags }: { readonly tags: readonly string[] }): Family {
  if (tags.includes('earlier services')) return 'earlier';
  return tags.includes('process') || tags.includes('documents') ? 'telling' : 'native';
}

export function expectedOf(
  operation: { readonly operationId: string; readonly tags: readonly string[] },
  wrong: { readonly kind: Kind; readonly names: string; readonly value: string },
): Expected {
  const { kind, names, value } = wrong;
  const own = EXCEPTIONS[operation.operationId] ?? {};
  const exception = own[`${kind}: ${names}=${value}`] ?? own[`${kind}: ${names}`] ?? own[kind];
  if (exception !== undefined) return exception;
  if (kind === 'header twice' && LISTS.includes(names)) return 'overlooked';
  return { native: NATIVE, earlier: EARLIER, telling: TELLING }[familyOf(operation)][kind];
}

/** No request is answered with these for what it asks, but for what it is. */
export const REFUSALS: readonly number[] = [400, 413, 415, 422, 431, 500];

export const isOfConnection = (kind: Kind): boolean => kind in OF_CONNECTION;

/** How the advice begins that ends the text of every problem. */
export const ADVICE: Readonly<Record<string, string>> = {
  'bad-request': ' Correct the request;',
  'bad-key': ' Encode each segment',
  'no-lock': ' Whoever held it stops',
  'too-large': ' Split the value,',
  'too-many-keys': ' Delete them under longer prefixes',
  'unsupported-encoding': ' Send the body without Content-Encoding',
  'headers-too-large': ' Send fewer or shorter headers',
};
