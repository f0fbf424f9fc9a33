import type { Key } from '../../core/base/key.ts';
import type { Condition, KeyCommand, Lifetime } from '../../core/store/commands.ts';
import type {
  HistoryRead,
  KeyRead,
  Past,
  PastRead,
  ReadMode,
  SessionToken,
  StoredValue,
} from '../../core/store/reads.ts';
import type { ReadResult } from '../../ports/data-operations.ts';
import { encodeTag, holdsOf, ifMatchCondition, ifNoneMatchCondition } from '../../protocol/http/entity-tags.ts';
import { envelopeOf } from '../../protocol/http/composite.ts';
import { decodeKeyPath, textOf } from '../../protocol/http/key-path.ts';
import { faultOfRead, MISMATCH_CODE, WRITE_STATUS, type WriteMethod } from '../../protocol/http/outcomes.ts';
import { httpDate } from '../../protocol/http/http-date.ts';
import {
  durationText,
  IDLE_DESCRIPTION,
  idleOf,
  LIFETIME_DESCRIPTION,
  lifetimeOf,
  secondsOf,
  stayOfTouch,
  type TouchBody,
} from '../../protocol/http/lifetime.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import { NO_QUERY, parseQuery, splitTarget, type QueryValues } from '../../protocol/http/query.ts';
import {
  deleteKey,
  ENVELOPE_MEDIA_TYPE,
  getKey,
  KEYS_PREFIX,
  patchBody,
  patchKey,
  postKey,
  putKey,
} from '../../protocol/http/schemas/keys.ts';
import { decodeSessionToken, encodeSessionToken } from '../../protocol/http/session-token.ts';
import { compileBody, compileOperation, type Validator } from '../../protocol/http/validators.ts';
import { contentTypeOf } from './content-type.ts';
import type { ApiContext } from './context.ts';
import { readJson } from './json-body.ts';
import { faultOfPast, keyReadOf, sendHistory } from './past.ts';
import { readBody, tooLarge } from './request-body.ts';
import { send, sendProblem } from './respond.ts';
import type { DirectRoute } from './routes.ts';
import { refusalOf } from './unavailable.ts';
import { write, type Written } from './write.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';

export const keyRoutes: DirectRoute = {
  pattern: `${KEYS_PREFIX}{key}`,
  match: /^\/v1\/keys\//,
  direct: /^\/v1\/keys\//,
  methods: { GET: read, HEAD: read, PUT: put, POST: post, PATCH: touch, DELETE: remove },
};

const readValidator = compileOperation(getKey);
const putValidator = compileOperation(putKey);
const postValidator = compileOperation(postKey);
const patchValidator = compileOperation(patchKey);
const deleteValidator = compileOperation(deleteKey);
const checkPatch = compileBody(patchBody, 'first');
/** `{"ttl": …}`, and blanks. */
const PATCH_BYTES_MAX = 1024;

const NO_CONDITION: Condition = { kind: 'none' };
const MUST_BE_ABSENT: Condition = { kind: 'absent' };

/** What a request says beside its path and body, once its schemas have passed it. */
export interface ReadOptions {
  readonly mode: ReadMode;
  readonly token: SessionToken | null;
  readonly query: QueryValues;
}

interface Input extends ReadOptions {
  readonly key: Key;
}

function inputOf(request: ApiRequest, validator: Validator): Input | Fault {
  const { path, query } = splitTarget(request.url ?? '');
  const keyPath = decodeKeyPath(path.slice(KEYS_PREFIX.length));
  if (keyPath.kind === 'bad') return fault('bad-key', `The key in the path cannot be used: ${keyPath.reason}.`);
  const options = optionsOf(request, validator, query);
  return isFault(options) ? options : { key: keyPath.key, ...options };
}

export function optionsOf(
  request: ApiRequest,
  validator: Validator,
  query = splitTarget(request.url ?? '').query,
): ReadOptions | Fault {
  let values = NO_QUERY;
  if (query !== '') {
    const parsed = parseQuery(query);
    if (parsed.kind === 'bad') return fault('bad-request', `The URL cannot be used: ${parsed.reason}.`);
    values = parsed.values;
  }
  const wrong = validator.query(values) ?? validator.headers(request.headers);
  if (wrong !== null) return fault('bad-request', wrong);
  let token = null;
  const session = request.headers['x-kv-session'];
  if (typeof session === 'string') {
    token = decodeSessionToken(session);
    if (token === null) {
      return fault(
        'bad-request',
        'The header X-KV-Session does not hold a token of this service: send one unchanged, or none.',
      );
    }
  }
  return { mode: (values['consistency'] as ReadMode | undefined) ?? 'in-sync', token, query: values };
}

export const isFault = (input: ReadOptions | Fault): input is Fault => 'code' in input;

function read(context: ApiContext, request: ApiRequest, response: ApiResponse): void | Promise<void> {
  const input = inputOf(request, readValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const { key, mode, token } = input;
  const asked = keyReadOf(key, { mode, token }, input.query);
  if ('code' in asked) {
    sendProblem(response, asked);
    return;
  }
  const result = context.operations.read(asked);
  if (!(result instanceof Promise)) {
    sendRead(context, request, response, asked, result);
    return;
  }
  return result.then((known) => {
    sendRead(context, request, response, asked, known);
  });
}

function sendRead(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  asked: KeyRead | PastRead | HistoryRead,
  result: ReadResult,
): void {
  if (result.kind === 'unavailable') {
    sendProblem(response, refusalOf(result, context.metrics));
    return;
  }
  const { key, mode } = asked;
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-KV-Served-By', servedBy];
  if (outcome.kind !== 'read' && outcome.kind !== 'past' && outcome.kind !== 'history') {
    sendProblem(response, faultOfRead(outcome), headers);
    return;
  }
  headers.push('X-KV-Session', encodeSessionToken(outcome), 'X-KV-Consistency', mode);
  if (outcome.kind === 'history') {
    if (outcome.versions.length === 0) sendProblem(response, absent(key), headers);
    else sendHistory(response, outcome, headers);
    return;
  }
  if (outcome.kind === 'past' && asked.kind === 'past' && outcome.past.kind !== 'found') {
    sendProblem(
      response,
      faultOfPast(outcome.past, { name: nameOf(key), at: asked.at, revision: outcome.revision }),
      headers,
    );
    return;
  }
  const found = outcome.kind === 'read' ? outcome.found : foundOf(outcome.past);
  if (found === null) {
    sendProblem(response, absent(key), headers);
    return;
  }
  if (outcome.remainingMs !== null) headers.push('X-KV-TTL', secondsOf(outcome.remainingMs));
  if (found.idleMs !== null) headers.push('X-KV-Idle', durationText(found.idleMs));
  sendFound(request, response, key, found, outcome.lineage.id, headers);
}

const foundOf = (past: Past): StoredValue | null => (past.kind === 'found' ? past.stored : null);

function sendFound(
  request: ApiRequest,
  response: ApiResponse,
  key: Key,
  found: StoredValue,
  lineageId: string,
  headers: string[],
): void {
  const tag = { lineageId, revision: found.revision };
  headers.push(
    'ETag',
    encodeTag(tag),
    'X-KV-Revision',
    String(found.revision),
    'X-KV-Version',
    String(found.version),
    'Last-Modified',
    httpDate(found.modifiedMs),
    // Caches ask before they answer, and keep the two forms apart.
    'Cache-Control',
    'no-cache',
    'Vary',
    'Accept',
  );
  const ifMatch = request.headers['if-match'];
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifMatch !== undefined && !holdsOf(ifMatchCondition(ifMatch), tag)) {
    sendProblem(response, fault('revision-mismatch', 'The value does not have a tag of If-Match.'), headers);
  } else if (ifNoneMatch !== undefined && !holdsOf(ifNoneMatchCondition(ifNoneMatch), tag)) {
    send(response, 304, headers, null);
  } else if (wantsEnvelope(request.headers.accept)) {
    headers.push('Content-Type', ENVELOPE_MEDIA_TYPE);
    send(response, 200, headers, JSON.stringify(envelopeOf(key, found, lineageId)));
  } else {
    // A value is somebody else's document under our name: a browser must neither guess its type nor run it.
    headers.push('Content-Type', found.contentType ?? 'application/octet-stream');
    headers.push('X-Content-Type-Options', 'nosniff', 'Content-Security-Policy', 'sandbox');
    send(response, 200, headers, bufferOf(found.value));
  }
}

const ENVELOPE_WANTED = /(?:^|,)\s*application\/vnd\.kv\+json\s*(?:;\s*q=([0-9.]+)\s*)?(?:,|$)/i;

function wantsEnvelope(accept: string | undefined): boolean {
  if (accept === undefined || accept === '*/*') return false;
  const wanted = ENVELOPE_WANTED.exec(accept);
  return wanted !== null && Number(wanted[1] ?? 1) > 0;
}

/** The same bytes; `Buffer` knows more of them. */
export function bufferOf(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

async function put(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  await store(context, request, response, 'PUT', putValidator);
}

async function post(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  await store(context, request, response, 'POST', postValidator);
}

async function store(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  method: 'PUT' | 'POST',
  validator: Validator,
): Promise<void> {
  const input = inputOf(request, validator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const { incr } = input.query;
  if (incr !== undefined) {
    await add(context, request, response, { key: input.key, by: BigInt(incr) });
    return;
  }
  const lifetime = lifetimeFor(request, 'x-kv-ttl');
  if (lifetime === null) {
    sendProblem(response, BAD_TTL);
    return;
  }
  const idle = idleOf(lifetimeFor(request, 'x-kv-idle'));
  if (idle === null) {
    sendProblem(response, BAD_IDLE);
    return;
  }
  const condition = method === 'POST' ? MUST_BE_ABSENT : conditionOf(request);
  if (condition === null) {
    sendProblem(response, TWO_CONDITIONS);
    return;
  }
  const contentType = contentTypeOf(request);
  if (contentType !== null && typeof contentType !== 'string') {
    sendProblem(response, contentType);
    return;
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    sendProblem(response, fault('unsupported-encoding', `The body has Content-Encoding ${encoding}.`));
    return;
  }
  const { valueBytesMax } = context.limits;
  const body = await readBody(context, response, valueBytesMax);
  switch (body.kind) {
    case 'aborted':
      return;
    case 'tooLarge':
      context.metrics.limitHit('too-large');
      sendProblem(response, tooLarge(body.size, valueBytesMax));
      return;
    case 'noRoom':
      context.metrics.limitHit('overloaded');
      sendProblem(response, fault('overloaded', 'The bodies of all requests together are as large as memory allows.'));
      return;
    case 'body':
      await writeKey(context, request, response, method, {
        kind: 'put',
        key: input.key,
        value: body.bytes,
        contentType,
        condition,
        lifetime,
        idle,
      });
  }
}

async function add(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  { key, by }: { readonly key: Key; readonly by: bigint },
): Promise<void> {
  for (const [name, header] of STAY_HEADERS) {
    if (request.headers[header] === undefined) continue;
    sendProblem(response, fault('bad-request', `With incr a counter stays as long as before: leave ${name} out.`));
    return;
  }
  if (BigInt.asIntN(64, by) !== by) {
    sendProblem(response, fault('bad-request', 'The query parameter incr does not fit into 64 bits.'));
    return;
  }
  const body = await readBody(context, response, 0);
  if (body.kind === 'aborted') return;
  if (body.kind !== 'body') {
    sendProblem(response, fault('bad-request', 'With incr the body must be empty.'));
    return;
  }
  const condition = request.headers['if-none-match'] === undefined ? NO_CONDITION : MUST_BE_ABSENT;
  await writeKey(context, request, response, 'POST', { kind: 'increment', key, by, condition });
}

const UNLIMITED = { kind: 'unlimited' } as const;
const BAD_TTL = fault('bad-request', `The header X-KV-TTL must be keep, or ${LIFETIME_DESCRIPTION}.`);
const BAD_IDLE = fault('bad-request', `The header X-KV-Idle must be keep, or ${IDLE_DESCRIPTION}.`);
const STAY_HEADERS = [
  ['X-KV-TTL', 'x-kv-ttl'],
  ['X-KV-Idle', 'x-kv-idle'],
] as const;

/** null: no length that can be. */
function lifetimeFor(request: ApiRequest, header: (typeof STAY_HEADERS)[number][1]): Lifetime | null {
  const given = request.headers[header];
  return typeof given === 'string' ? lifetimeOf(given) : UNLIMITED;
}

async function touch(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const input = inputOf(request, patchValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const condition = conditionOf(request);
  if (condition === null) {
    sendProblem(response, TWO_CONDITIONS);
    return;
  }
  const body = await readJson(context, request, response, { bytesMax: PATCH_BYTES_MAX, check: checkPatch });
  if (body === null) return;
  const stay = stayOfTouch(body.value as TouchBody);
  if (typeof stay === 'string') {
    sendProblem(response, fault('bad-request', `The body: ${stay}`));
    return;
  }
  await writeKey(context, request, response, 'PATCH', { kind: 'touch', key: input.key, ...stay, condition });
}

async function remove(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const input = inputOf(request, deleteValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const condition = conditionOf(request);
  if (condition === null) sendProblem(response, TWO_CONDITIONS);
  else await writeKey(context, request, response, 'DELETE', { kind: 'delete', key: input.key, condition });
}

const TWO_CONDITIONS = fault(
  'bad-request',
  'If-Match and If-None-Match cannot guard one write together: send one of them.',
);

/** null: more than one. */
function conditionOf(request: ApiRequest): Condition | null {
  const ifMatch = request.headers['if-match'];
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifMatch === undefined) return ifNoneMatch === undefined ? NO_CONDITION : ifNoneMatchCondition(ifNoneMatch);
  return ifNoneMatch === undefined ? ifMatchCondition(ifMatch) : null;
}

async function writeKey(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  method: WriteMethod,
  command: KeyCommand,
): Promise<void> {
  const written = await write(context, request, response, { method, command });
  if (written !== null) sendCommitted(response, method, command.key, written);
}

function sendCommitted(response: ApiResponse, method: WriteMethod, key: Key, { outcome, headers }: Written): void {
  const { decided, revision, lineage } = outcome;
  switch (decided.kind) {
    case 'written':
      headers.push('ETag', encodeTag({ lineageId: lineage.id, revision }));
      headers.push('X-KV-Revision', String(revision), 'X-KV-Version', String(decided.version));
      send(response, decided.created ? WRITE_STATUS.created : WRITE_STATUS.replaced, headers, '');
      return;
    case 'deleted':
      headers.push('X-KV-Revision', String(revision), 'X-KV-Version', String(decided.version));
      send(response, WRITE_STATUS.deleted, headers, null);
      return;
    case 'incremented':
      headers.push('ETag', encodeTag({ lineageId: lineage.id, revision }), 'Content-Type', 'text/plain');
      headers.push('X-KV-Revision', String(revision), 'X-KV-Version', String(decided.version));
      send(response, decided.created ? WRITE_STATUS.created : WRITE_STATUS.replaced, headers, String(decided.value));
      return;
    case 'touched':
      headers.push('X-KV-Version', String(decided.version));
      send(response, WRITE_STATUS.touched, headers, null);
      return;
    case 'uncountable':
      sendProblem(response, fault(decided.reason), headers);
      return;
    case 'batch':
    case 'transaction':
    case 'abandoned':
    case 'overlong':
    case 'cleared':
    case 'counted':
    case 'tooMany':
    case 'stale':
    case 'locked':
    case 'held':
    case 'released':
    case 'notHeld':
      throw new TypeError(`a ${method} of one key was answered as a ${decided.kind}`);
    case 'absent':
      sendProblem(response, absent(key), headers);
      return;
    case 'mismatch': {
      const { current } = decided;
      const etag = current === null ? null : encodeTag({ lineageId: lineage.id, revision: current.revision });
      if (current !== null && etag !== null) {
        headers.push('ETag', etag, 'X-KV-Revision', String(current.revision), 'X-KV-Version', String(current.version));
      }
      const standing = etag === null ? 'it has no value' : `its tag is ${etag}`;
      sendProblem(response, fault(MISMATCH_CODE[method], `${nameOf(key)} was not written: ${standing}.`), headers);
    }
  }
}

const absent = (key: Key): Fault => fault('no-key', `${nameOf(key)} has no value.`);

/** The limit of a text that quotes a key. */
const NAME_LENGTH_MAX = 80;

function nameOf(key: Key): string {
  const text = textOf(key) ?? '(binary)';
  return `The key ${JSON.stringify(text.length > NAME_LENGTH_MAX ? `${text.slice(0, NAME_LENGTH_MAX)}…` : text)}`;
}
