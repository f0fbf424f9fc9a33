import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Key } from '../../core/base/key.ts';
import type { LockCommand } from '../../core/store/locks.ts';
import { decodeKeyPath } from '../../protocol/http/key-path.ts';
import {
  acquireOf,
  holderBody,
  LOCK_ID_PATTERN,
  lockBody,
  lockTtlOf,
  type AcquireBody,
  type RenewBody,
} from '../../protocol/http/locks.ts';
import { faultOfRead } from '../../protocol/http/outcomes.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import { splitTarget } from '../../protocol/http/query.ts';
import {
  acquireBody,
  acquireLock,
  getLock,
  LOCK_BODY_BYTES_MAX,
  LOCKS_PREFIX,
  releaseLock,
  renewBody,
  renewLock,
} from '../../protocol/http/schemas/locks.ts';
import { encodeSessionToken } from '../../protocol/http/session-token.ts';
import { compileBody, compileOperation, type Validator } from '../../protocol/http/validators.ts';
import { Acquisition } from './acquisition.ts';
import type { ApiContext } from './context.ts';
import { readJson } from './json-body.ts';
import { isFault, optionsOf, type ReadOptions } from './keys.ts';
import { send, sendJson, sendProblem } from './respond.ts';
import type { Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';
import { write } from './write.ts';

export const lockRoutes: readonly Route[] = [
  {
    pattern: `${LOCKS_PREFIX}{name}`,
    match: /^\/v1\/locks\//,
    methods: { GET: show, HEAD: show, POST: acquire, PUT: renew, DELETE: release },
  },
];

const showValidator = compileOperation(getLock);
const acquireValidator = compileOperation(acquireLock);
const renewValidator = compileOperation(renewLock);
const releaseValidator = compileOperation(releaseLock);
const checkAcquire = compileBody(acquireBody, 'first');
const checkRenew = compileBody(renewBody, 'first');
const LOCK_ID = new RegExp(LOCK_ID_PATTERN);

const NO_LOCK = fault('no-lock', 'The lock is not held under this id.');
const NOBODY = fault('no-lock', 'Nobody holds the lock.');

interface Input extends ReadOptions {
  readonly lock: Key;
}

function inputOf(request: IncomingMessage, validator: Validator, path = pathOf(request)): Input | Fault {
  const name = decodeKeyPath(path);
  if (name.kind === 'bad') return fault('bad-key', `The name of the lock cannot be used: ${name.reason}.`);
  const options = optionsOf(request, validator);
  return isFault(options) ? options : { lock: name.key, ...options };
}

/** Of a request by the holder: the last segment of the path is the lockId. */
function heldInputOf(request: IncomingMessage, validator: Validator): (Input & { readonly lockId: string }) | Fault {
  const path = pathOf(request);
  const slash = path.lastIndexOf('/');
  if (slash < 0) return fault('bad-request', 'The path must end in the lockId: /v1/locks/{name}/{lockId}.');
  const input = inputOf(request, validator, path.slice(0, slash));
  if (isFault(input)) return input;
  const lockId = path.slice(slash + 1);
  return LOCK_ID.test(lockId) ? { ...input, lockId } : NO_LOCK;
}

const pathOf = (request: IncomingMessage): string => splitTarget(request.url ?? '').path.slice(LOCKS_PREFIX.length);

async function show(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const input = inputOf(request, showValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const { lock, mode, token } = input;
  const result = await context.operations.read({ kind: 'lock', lock, mode, token });
  if (result.kind === 'unavailable') {
    sendProblem(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-KV-Served-By', servedBy];
  if (outcome.kind === 'declined' || outcome.kind === 'replaced-lineage') {
    sendProblem(response, faultOfRead(outcome), headers);
    return;
  }
  if (outcome.kind !== 'lock') throw new TypeError(`the read of a lock was answered as ${outcome.kind}`);
  const { holder, lineage, remainingMs } = outcome;
  headers.push('X-KV-Session', encodeSessionToken(outcome), 'X-KV-Consistency', mode);
  if (holder === null) sendProblem(response, NOBODY, headers);
  else {
    const body = { ...holderBody(lock, holder, lineage), remainingMs: Math.ceil(remainingMs) };
    sendJson(response, 200, body, [...headers, 'Cache-Control', 'no-store']);
  }
}

async function acquire(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const input = inputOf(request, acquireValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const body = await readJson(context, request, response, { bytesMax: LOCK_BODY_BYTES_MAX, check: checkAcquire });
  if (body === null) return;
  const asked = acquireOf(body.value as AcquireBody);
  if ('code' in asked) sendProblem(response, asked);
  else await new Acquisition({ context, request, response }, input.lock, asked).run();
}

async function renew(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const input = heldInputOf(request, renewValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const body = await readJson(context, request, response, { bytesMax: LOCK_BODY_BYTES_MAX, check: checkRenew });
  if (body === null) return;
  const ttlMs = lockTtlOf((body.value as RenewBody).ttl);
  if (typeof ttlMs !== 'number') {
    sendProblem(response, ttlMs);
    return;
  }
  const { lock, lockId } = input;
  const command: LockCommand = { kind: 'renew', lock, lockId, ttlMs };
  const written = await write(context, request, response, { method: 'PUT', command });
  if (written === null) return;
  const { decided, lineage } = written.outcome;
  if (decided.kind === 'locked') sendJson(response, 200, lockBody(lock, decided.held, lineage), written.headers);
  else sendProblem(response, NO_LOCK, written.headers);
}

async function release(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const input = heldInputOf(request, releaseValidator);
  if (isFault(input)) {
    sendProblem(response, input);
    return;
  }
  const { lock, lockId } = input;
  const written = await write(context, request, response, {
    method: 'DELETE',
    command: { kind: 'release', lock, lockId },
  });
  if (written === null) return;
  if (written.outcome.decided.kind === 'released') send(response, 204, written.headers, null);
  else sendProblem(response, NO_LOCK, written.headers);
}
