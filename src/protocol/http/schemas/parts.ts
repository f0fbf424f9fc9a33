import type { ErrorCode } from '../../../core/base/errors.ts';
import type { ReadMode } from '../../../core/store/reads.ts';
import { ENTITY_TAGS_PATTERN } from '../entity-tags.ts';
import { FENCE_PATTERN } from '../fencing.ts';
import { IDEMPOTENCY_KEY_PATTERN } from '../idempotency.ts';
import { LIFETIME_PATTERN } from '../lifetime.ts';
import type { HeadersOut, JsonSchema, Operation, Parameter } from '../operation.ts';
import { SESSION_TOKEN_PATTERN } from '../session-token.ts';
import { problemResponses, withHeaders } from './problem.ts';

/** What several routes under /v1 share: parameters, headers of answers, the JSON form of a value, errors. */

export const READ_MODES = ['in-sync', 'linearizable', 'session', 'eventual'] as const satisfies readonly ReadMode[];

export const consistency: Parameter = {
  name: 'consistency',
  in: 'query',
  required: false,
  description: `one of ${READ_MODES.join(', ')}; in-sync if not given`,
  schema: { type: 'string', enum: READ_MODES, default: 'in-sync' },
  example: 'linearizable',
};

export const ifMatch: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'a list of entity tags as ETag gave them, such as "57-b1c2", or *',
  schema: { type: 'string', maxLength: 4096, pattern: ENTITY_TAGS_PATTERN },
  example: '"812-b1c2d3-1"',
};

export const ifNoneMatch: Parameter = { ...ifMatch, name: 'If-None-Match' };

export const session: Parameter = {
  name: 'X-KV-Session',
  in: 'header',
  required: false,
  description: 'the header X-KV-Session of an earlier answer, unchanged: what is read is never older than that answer',
  schema: { type: 'string', pattern: SESSION_TOKEN_PATTERN },
  example: 'AQAAAAAAAAEAAAAAAAMsYjFjMmQzLTE',
};

export const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: '1 to 255 visible ASCII characters, new for every request and the same for its repetitions',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
  example: 'order-4711',
};

export const fence: Parameter = {
  name: 'X-KV-Fence',
  in: 'header',
  required: false,
  description:
    'the name of a lock, percent-encoded as in a path, a colon and a fencing token: the write is done only while the lock is held under just that token',
  schema: { type: 'string', pattern: FENCE_PATTERN },
  example: 'nightly:100000000000812',
};

/** Ignoring this would write what the client meant to guard against. */
export const ifUnmodifiedSince: Parameter = {
  name: 'If-Unmodified-Since',
  in: 'header',
  required: false,
  description: 'left out: a second is too coarse to guard a write; use If-Match with an ETag',
  schema: { not: {} },
};

export const sessionOut = {
  'X-KV-Session': { description: 'What this session has now seen; opaque.', schema: { type: 'string' } },
  'X-KV-Served-By': { description: 'The pod that answered.', schema: { type: 'string' } },
} as const satisfies HeadersOut;

export const consistencyOut = {
  'X-KV-Consistency': { description: 'The mode that was used.', schema: { type: 'string', enum: READ_MODES } },
} as const satisfies HeadersOut;

const headersOut = {
  ETag: { description: 'Names the revision; opaque.', schema: { type: 'string' } },
  'X-KV-Revision': { description: 'The revision at which the key was last changed.', schema: { type: 'integer' } },
  'X-KV-Version': { description: 'How often the key has been written.', schema: { type: 'integer' } },
  ...sessionOut,
} as const satisfies HeadersOut;

export const readHeadersOut = {
  ...headersOut,
  ...consistencyOut,
  'Last-Modified': { description: "When the value was written, by the leader's clock.", schema: { type: 'string' } },
  'X-KV-TTL': {
    description: 'How long the value stays, in seconds, rounded up; missing: for ever.',
    schema: { type: 'integer' },
  },
  'X-KV-Idle': {
    description: 'How long the value stays without being read or written; missing: for ever.',
    schema: { type: 'string', examples: ['300s'] },
  },
  Vary: { description: 'Accept: the two forms are kept apart.', schema: { type: 'string' } },
} as const satisfies HeadersOut;

export const writeHeadersOut = {
  ...headersOut,
  'X-KV-Acks': {
    description: 'Members that hold the write, of how many.',
    schema: { type: 'string', examples: ['3/3'] },
  },
} as const satisfies HeadersOut;

/** In answers. */
export const idle = {
  type: ['string', 'null'],
  description: 'How long it stays without being read or written, as it may be given: 300s, 1500ms; null: for ever.',
} as const;

/** In bodies. Which numbers they are, the parser says. */
export const lifetimeOrNull = (description: string): JsonSchema => ({
  description,
  anyOf: [
    { type: 'string', pattern: LIFETIME_PATTERN },
    { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'null' },
  ],
});

export const envelopeSchema = {
  type: 'object',
  description: 'A value and what is known of it.',
  required: ['revision', 'version', 'createRevision', 'contentType', 'expiresAt', 'idle', 'etag'],
  properties: {
    key: { type: 'string', description: 'There if the key is UTF-8.' },
    keyB64: { type: 'string', contentEncoding: 'base64', description: 'There if it is not.' },
    value: { type: 'string', description: 'There if the value is UTF-8.' },
    valueB64: { type: 'string', contentEncoding: 'base64', description: 'There if it is not.' },
    revision: { type: 'integer' },
    version: { type: 'integer' },
    createRevision: { type: 'integer' },
    contentType: { type: ['string', 'null'] },
    expiresAt: { type: ['string', 'null'], description: 'When it goes, as a date in ISO 8601; null: it stays.' },
    idle,
    etag: { type: 'string' },
  },
} as const;

export const envelopeExample = {
  key: 'app/theme',
  value: 'dark',
  revision: 812,
  version: 1,
  createRevision: 812,
  contentType: 'text/plain',
  expiresAt: null,
  idle: null,
  etag: '"812-b1c2d3-1"',
} as const;

/** Of every read under /v1. */
export const READ_ERRORS = [
  'bad-request',
  'replaced-lineage',
  'no-leader',
  'no-replica',
  'not-in-sync',
  'replica-behind',
  'empty',
  'overloaded',
  'stopping',
  'internal',
] as const satisfies readonly ErrorCode[];

/** Of every write under /v1. */
export const WRITE_ERRORS = [
  'bad-request',
  'fence-stale',
  'idempotency-mismatch',
  'no-leader',
  'not-leader',
  'not-enough-in-sync',
  'overloaded',
  'stopping',
  'deposed',
  'unknown-session',
  'session-full',
  'idempotency-full',
  'session-lost',
  'internal',
] as const satisfies readonly ErrorCode[];

/** Of every body that is read. */
export const BODY_ERRORS = [
  'too-large',
  'unsupported-encoding',
  'request-timeout',
] as const satisfies readonly ErrorCode[];

export const readRefusals = (headers: HeadersOut, ...more: readonly ErrorCode[]): Operation['responses'] =>
  withHeaders(headers, problemResponses(...READ_ERRORS, ...more));

export const writeRefusals = (...more: readonly ErrorCode[]): Operation['responses'] =>
  withHeaders(writeHeadersOut, problemResponses(...WRITE_ERRORS, ...more));
