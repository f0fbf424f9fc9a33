import type { ErrorCode } from '../../../core/base/errors.ts';
import { LOCK_OWNER_BYTES_MAX } from '../../../core/store/locks.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { LIFETIME_PATTERN } from '../lifetime.ts';
import { LOCK_ID_PATTERN, LOCK_TTL_DESCRIPTION, LOCK_WAIT_DESCRIPTION } from '../locks.ts';
import { headOf, type JsonSchema, type Operation, type Parameter } from '../operation.ts';
import { prose } from '../prose.ts';
import {
  BODY_ERRORS,
  consistency,
  consistencyOut,
  idempotencyKey,
  readRefusals,
  session,
  sessionOut,
  WRITE_ERRORS,
  writeHeadersOut,
} from './parts.ts';
import { fencingToken, lockExpiresAt, lockHolder, problemResponses, withHeaders } from './problem.ts';

/** Locks with fencing tokens: R18. */

export const LOCKS_PREFIX = '/v1/locks/';
export const LOCK_BODY_BYTES_MAX = 4096;
const LOCK_PATH = `${LOCKS_PREFIX}{name}`;
const HELD_LOCK_PATH = `${LOCK_PATH}/{lockId}`;

const name: Parameter = {
  name: 'name',
  in: 'path',
  required: true,
  description: `The name of the lock, as keys are named: 1 to ${KEY_BYTES_MAX} bytes of UTF-8, slashes included.`,
  schema: { type: 'string', minLength: 1, maxLength: KEY_BYTES_MAX },
  example: 'nightly',
};

const LOCK_ID_EXAMPLE = 'b3VyLW93bi1sb2NrLWlkLQ';

const lockId: Parameter = {
  name: 'lockId',
  in: 'path',
  required: true,
  description: 'The lockId that the holder was given.',
  schema: { type: 'string', pattern: LOCK_ID_PATTERN },
  example: LOCK_ID_EXAMPLE,
};

/** Passing over it would do what the client meant to guard. */
const noFence: Parameter = {
  name: 'X-KV-Fence',
  in: 'header',
  required: false,
  description: 'left out: it guards writes of keys; a lock is guarded by its lockId',
  schema: { not: {} },
};

const duration = (description: string): JsonSchema => ({
  description,
  anyOf: [
    { type: 'string', pattern: LIFETIME_PATTERN },
    { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  ],
});

const ttl = duration(`How long it is held from now, if it is not renewed: ${LOCK_TTL_DESCRIPTION}.`);

export const acquireBody: JsonSchema = {
  type: 'object',
  required: ['ttl'],
  properties: {
    ttl,
    wait: duration(`How long to wait for it, first come, first served at one process: ${LOCK_WAIT_DESCRIPTION}.`),
    owner: {
      type: 'string',
      description: `Whom to name to others, at most ${LOCK_OWNER_BYTES_MAX} bytes; it proves nothing.`,
    },
  },
  additionalProperties: false,
};

export const renewBody: JsonSchema = {
  type: 'object',
  required: ['ttl'],
  properties: { ttl },
  additionalProperties: false,
};

const heldLock: JsonSchema = {
  type: 'object',
  required: ['name', 'lockId', 'fencingToken', 'expiresAt'],
  properties: {
    name: { type: 'string' },
    lockId: { type: 'string', description: 'For renewal and release; nobody else is told.' },
    fencingToken,
    expiresAt: lockExpiresAt,
  },
};

const holder = {
  ...lockHolder,
  required: [...lockHolder.required, 'remainingMs'],
  properties: {
    ...lockHolder.properties,
    remainingMs: { type: 'integer', description: 'Until it passes on, if it is not renewed.' },
  },
} as const satisfies JsonSchema;

const TIMES = { fencingToken: '100000000000812', expiresAt: '2026-01-02T03:04:35.678Z' } as const;

const refusals = (...more: readonly ErrorCode[]): Operation['responses'] => {
  const ofWrites = WRITE_ERRORS.filter((code) => code !== 'fence-stale');
  return withHeaders(writeHeadersOut, problemResponses(...ofWrites, 'bad-key', ...more));
};

const lockAnswer = (description: string) => ({
  description,
  headers: writeHeadersOut,
  content: {
    'application/json': { schema: heldLock, example: { name: 'nightly', lockId: LOCK_ID_EXAMPLE, ...TIMES } },
  },
});

const ACQUIRE =
  prose(`Held by one at a time, for a time, under a fencing token: a whole number in a string. Each holder of a lock has a larger one than those before, also
after a release, an expiry, a change of leader or of history. Names are in a namespace of their own: no lock is a key.

409 \`lock-held\` has \`Retry-After\`, and in \`holder\` what \`GET\` tells. The same request may be sent again, under the same \`Idempotency-Key\`;
one that has got the lock gives that answer again for as long as outcomes are kept, also when the lock has passed on.

Without \`wait\` nobody waits. Who waits is served in the order of arrival at one process; at most 1024 wait there, then 503 \`overloaded\`. A process that is to stop answers 409
at once. A client that hangs up while it waits gets nothing; at the very end the lock is given back, unless there is an
\`Idempotency-Key\` by which it can come back.

A lock takes memory: a full store answers 507 \`memory-full\`, and goes on to renew and release.`);

export const acquireLock: Operation = {
  method: 'post',
  path: LOCK_PATH,
  operationId: 'acquireLock',
  tags: ['locks'],
  summary: 'Get a lock',
  description: ACQUIRE,
  parameters: [name, noFence, session, idempotencyKey],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: acquireBody, example: { ttl: '30s', wait: '1s', owner: 'job-7' } } },
  },
  responses: {
    '201': lockAnswer('It is held.'),
    ...refusals('lock-held', 'memory-full', ...BODY_ERRORS),
  },
};

const lookHeadersOut = { ...sessionOut, ...consistencyOut };

export const getLock: Operation = {
  method: 'get',
  path: LOCK_PATH,
  operationId: 'getLock',
  tags: ['locks'],
  summary: 'Who holds a lock',
  description: 'In the read modes, and with session tokens, as a key. 404: nobody.',
  parameters: [name, consistency, session],
  responses: {
    '200': {
      description: 'Somebody.',
      headers: lookHeadersOut,
      content: {
        'application/json': {
          schema: holder,
          example: { name: 'nightly', owner: 'job-7', ...TIMES, remainingMs: 29_500 },
        },
      },
    },
    ...readRefusals(lookHeadersOut, 'bad-key', 'no-lock'),
  },
};

export const headLock = headOf(getLock, 'headLock');

export const renewLock: Operation = {
  method: 'put',
  path: HELD_LOCK_PATH,
  operationId: 'renewLock',
  tags: ['locks'],
  summary: 'Hold a lock for longer',
  description: 'From now on for so long; the token stays.',
  parameters: [name, lockId, noFence, session, idempotencyKey],
  requestBody: { required: true, content: { 'application/json': { schema: renewBody, example: { ttl: '30s' } } } },
  responses: {
    '200': lockAnswer('It is held.'),
    ...refusals('no-lock', ...BODY_ERRORS),
  },
};

export const releaseLock: Operation = {
  method: 'delete',
  path: HELD_LOCK_PATH,
  operationId: 'releaseLock',
  tags: ['locks'],
  summary: 'Give a lock back',
  parameters: [name, lockId, noFence, session, idempotencyKey],
  responses: {
    '204': { description: 'Nobody holds it.', headers: writeHeadersOut },
    ...refusals('no-lock'),
  },
};

export const lockOperations: readonly Operation[] = [acquireLock, getLock, headLock, renewLock, releaseLock];
