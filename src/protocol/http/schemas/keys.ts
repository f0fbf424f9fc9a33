import type { ErrorCode } from '../../../core/base/errors.ts';
import { CONTENT_TYPE_BYTES_MAX } from '../../../core/store/commands.ts';
import type { ReadMode } from '../../../core/store/reads.ts';
import { ENTITY_TAGS_PATTERN } from '../entity-tags.ts';
import { FENCE_PATTERN } from '../fencing.ts';
import { IDEMPOTENCY_KEY_PATTERN } from '../idempotency.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { LIFETIME_DESCRIPTION, LIFETIME_OR_KEEP_PATTERN, LIFETIME_PATTERN } from '../lifetime.ts';
import type { Operation, Parameter, RequestBody, ResponseDescription } from '../operation.ts';
import { SESSION_TOKEN_PATTERN } from '../session-token.ts';
import { problemResponses } from './problem.ts';

export const KEYS_PREFIX = '/v1/keys/';
export const ENVELOPE_MEDIA_TYPE = 'application/vnd.kv+json';

export const READ_MODES = ['in-sync', 'linearizable', 'session', 'eventual'] as const satisfies readonly ReadMode[];

/**
 * The limit counts bytes after decoding, and UTF-8 must be valid, which a schema cannot say: `decodeKeyPath` enforces
 * this parameter.
 */
const key: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: `The key: the rest of the path, slashes included, percent-decoded once. 1 to ${KEY_BYTES_MAX} bytes of UTF-8, without the segments . and .. .`,
  schema: { type: 'string', minLength: 1, maxLength: KEY_BYTES_MAX },
};

export const consistency: Parameter = {
  name: 'consistency',
  in: 'query',
  required: false,
  description: `one of ${READ_MODES.join(', ')}; in-sync if not given`,
  schema: { type: 'string', enum: READ_MODES, default: 'in-sync' },
};

export const ifMatch: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'a list of entity tags as ETag gave them, such as "57-b1c2", or *',
  schema: { type: 'string', maxLength: 4096, pattern: ENTITY_TAGS_PATTERN },
};

export const ifNoneMatch: Parameter = { ...ifMatch, name: 'If-None-Match' };

export const session: Parameter = {
  name: 'X-KV-Session',
  in: 'header',
  required: false,
  description: 'the header X-KV-Session of an earlier answer, unchanged: what is read is never older than that answer',
  schema: { type: 'string', pattern: SESSION_TOKEN_PATTERN },
};

export const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: '1 to 255 visible ASCII characters, new for every request and the same for its repetitions',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
};

export const fence: Parameter = {
  name: 'X-KV-Fence',
  in: 'header',
  required: false,
  description:
    'the name of a lock, percent-encoded as in a path, a colon and a fencing token: the write is done only while the lock is held under just that token',
  schema: { type: 'string', pattern: FENCE_PATTERN },
};

const contentType: Parameter = {
  name: 'Content-Type',
  in: 'header',
  required: false,
  description: `at most ${CONTENT_TYPE_BYTES_MAX} characters of printable ASCII; kept with the value and given back`,
  schema: { type: 'string', maxLength: CONTENT_TYPE_BYTES_MAX, pattern: '^[\\x20-\\x7e\\t]*$' },
};

const ttl: Parameter = {
  name: 'X-KV-TTL',
  in: 'header',
  required: false,
  description: `how long the value stays: ${LIFETIME_DESCRIPTION}; or keep, as long as the value before`,
  schema: { type: 'string', pattern: LIFETIME_OR_KEEP_PATTERN },
};

/** Ignoring these would write what the client meant to guard against, or a part as the whole. */
export const ifUnmodifiedSince: Parameter = {
  name: 'If-Unmodified-Since',
  in: 'header',
  required: false,
  description: 'left out: a second is too coarse to guard a write; use If-Match with an ETag',
  schema: { not: {} },
};
const contentRange: Parameter = {
  name: 'Content-Range',
  in: 'header',
  required: false,
  description: 'left out: values are written whole',
  schema: { not: {} },
};

const rawBody: RequestBody = {
  required: false,
  description: 'The value: any bytes, none included.',
  content: { '*/*': { schema: {} } },
};

const headersOut = {
  ETag: { description: 'Names the revision; opaque.', schema: { type: 'string' } },
  'X-KV-Revision': { description: 'The revision at which the key was last changed.', schema: { type: 'integer' } },
  'X-KV-Version': { description: 'How often the key has been written.', schema: { type: 'integer' } },
  'X-KV-Session': { description: 'What this session has now seen; opaque.', schema: { type: 'string' } },
  'X-KV-Served-By': { description: 'The pod that answered.', schema: { type: 'string' } },
} as const;

const readHeadersOut = {
  ...headersOut,
  'X-KV-Consistency': { description: 'The mode that was used.', schema: { type: 'string', enum: READ_MODES } },
  'Last-Modified': { description: "When the value was written, by the leader's clock.", schema: { type: 'string' } },
  'X-KV-TTL': {
    description: 'How long the value stays, in seconds, rounded up; missing: for ever.',
    schema: { type: 'integer' },
  },
} as const;

export const writeHeadersOut = {
  ...headersOut,
  'X-KV-Acks': {
    description: 'Members that hold the write, of how many.',
    schema: { type: 'string', examples: ['3/3'] },
  },
} as const;

export const envelopeSchema = {
  type: 'object',
  required: ['revision', 'version', 'createRevision', 'contentType', 'expiresAt', 'etag'],
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
    etag: { type: 'string' },
  },
} as const;

const READ_ERRORS = [
  'bad-request',
  'bad-key',
  'no-key',
  'no-version',
  'compacted',
  'replaced-lineage',
  'revision-mismatch',
  'no-leader',
  'no-replica',
  'not-in-sync',
  'replica-behind',
  'empty',
  'overloaded',
  'stopping',
  'internal',
] as const satisfies readonly ErrorCode[];

export const WRITE_ERRORS = [
  'bad-request',
  'bad-key',
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

const BODY_ERRORS = [
  'too-large',
  'unsupported-encoding',
  'memory-full',
  'request-timeout',
] as const satisfies readonly ErrorCode[];

const written = (description: string): ResponseDescription => ({ description, headers: writeHeadersOut });

const KEY_PATH = `${KEYS_PREFIX}{key}`;

/** What a revision or a version may be; they are counted from 1. */
const NUMBER_PATTERN = '^[1-9][0-9]{0,14}$';

const version: Parameter = {
  name: 'version',
  in: 'query',
  required: false,
  description: 'a whole number from 1: the version to read, in place of the newest',
  schema: { type: 'string', pattern: NUMBER_PATTERN },
};

const revision: Parameter = {
  name: 'revision',
  in: 'query',
  required: false,
  description: 'a whole number from 1: what is read is the version that was the newest at that revision',
  schema: { type: 'string', pattern: NUMBER_PATTERN },
};

const history: Parameter = {
  name: 'history',
  in: 'query',
  required: false,
  description: 'true or false; with true the answer lists the versions that are kept; false if not given',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
};

const values: Parameter = {
  name: 'values',
  in: 'query',
  required: false,
  description: 'true or false; with history=true, whether values are listed, too; false if not given',
  schema: { type: 'string', enum: ['true', 'false'] },
};

const { key: _key, keyB64: _keyB64, ...ofVersion } = envelopeSchema.properties;

const historySchema = {
  type: 'object',
  required: ['revision', 'versions'],
  properties: {
    revision: { type: 'integer', description: 'What is listed is kept at this revision.' },
    versions: {
      type: 'array',
      description: 'The newest first.',
      items: {
        type: 'object',
        required: [...envelopeSchema.required, 'modifiedAt', 'size'],
        properties: {
          ...ofVersion,
          modifiedAt: { type: 'string', description: 'When it was written, as a date in ISO 8601.' },
          size: { type: 'integer', description: 'Bytes of the value.' },
        },
      },
    },
  },
} as const;

export const getKey: Operation = {
  method: 'get',
  path: KEY_PATH,
  operationId: 'getKey',
  tags: ['keys'],
  summary: 'Read a value',
  description: `Answers the raw value; with \`Accept: ${ENVELOPE_MEDIA_TYPE}\` a JSON object with its revision and version. Older versions are read by \`version\` or \`revision\`; \`history=true\` lists those that are kept, with \`values=true\` as many values as fit into 1 MiB.`,
  parameters: [key, version, revision, history, values, consistency, ifMatch, ifNoneMatch, session],
  responses: {
    '200': {
      description: 'The value.',
      headers: readHeadersOut,
      content: {
        '*/*': { schema: {} },
        [ENVELOPE_MEDIA_TYPE]: { schema: envelopeSchema },
        'application/json': { schema: historySchema },
      },
    },
    '304': { description: 'The value still has one of the tags of If-None-Match.', headers: readHeadersOut },
    ...problemResponses(...READ_ERRORS),
  },
};

export const headKey: Operation = {
  ...getKey,
  method: 'head',
  operationId: 'headKey',
  summary: 'Read what GET would say of a value, without the value',
};

export const putKey: Operation = {
  method: 'put',
  path: KEY_PATH,
  operationId: 'putKey',
  tags: ['keys'],
  summary: 'Write a value',
  description: 'If-Match writes only over that revision, `If-None-Match: *` only if there is no value.',
  parameters: [
    key,
    ttl,
    ifMatch,
    ifNoneMatch,
    ifUnmodifiedSince,
    contentRange,
    session,
    idempotencyKey,
    fence,
    contentType,
  ],
  requestBody: rawBody,
  responses: {
    '200': written('Replaced.'),
    '201': written('Created.'),
    ...problemResponses(...WRITE_ERRORS, 'revision-mismatch', ...BODY_ERRORS),
  },
};

const incr: Parameter = {
  name: 'incr',
  in: 'query',
  required: false,
  description: 'a whole number of 64 bits: what is added to the value, a number in decimal; the body is then empty',
  schema: { type: 'string', pattern: '^-?[0-9]{1,19}$' },
};

export const postKey: Operation = {
  method: 'post',
  path: KEY_PATH,
  operationId: 'createKey',
  tags: ['keys'],
  summary: 'Create a value, or add to a counter',
  description:
    'Writes only if the key has no value. With `incr` it adds to the number that stands there, 0 if there is none, and answers the sum.',
  parameters: [
    key,
    incr,
    ttl,
    { ...ifMatch, description: 'left out: POST creates only; use PUT', schema: { not: {} } },
    {
      ...ifNoneMatch,
      description: '* or left out: POST creates only; use PUT',
      schema: { type: 'string', const: '*' },
    },
    ifUnmodifiedSince,
    contentRange,
    session,
    idempotencyKey,
    fence,
    contentType,
  ],
  requestBody: rawBody,
  responses: {
    '200': {
      ...written('Added: the sum, in decimal.'),
      content: { 'text/plain': { schema: { type: 'string', pattern: '^-?[0-9]{1,19}$' } } },
    },
    '201': written('Created; with `incr` the body is the sum.'),
    ...problemResponses(...WRITE_ERRORS, 'exists', 'not-a-number', 'out-of-range', ...BODY_ERRORS),
  },
};

export const deleteKey: Operation = {
  method: 'delete',
  path: KEY_PATH,
  operationId: 'deleteKey',
  tags: ['keys'],
  summary: 'Delete a value',
  parameters: [key, ifMatch, ifNoneMatch, ifUnmodifiedSince, session, idempotencyKey, fence],
  responses: { '204': written('Deleted.'), ...problemResponses(...WRITE_ERRORS, 'no-key', 'revision-mismatch') },
};

export const patchBody = {
  type: 'object',
  required: ['ttl'],
  properties: {
    ttl: {
      description: `How long the value stays from now: ${LIFETIME_DESCRIPTION}; null: for ever.`,
      anyOf: [
        { type: 'string', pattern: LIFETIME_PATTERN },
        { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        { type: 'null' },
      ],
    },
  },
  additionalProperties: false,
} as const;

export const patchKey: Operation = {
  method: 'patch',
  path: KEY_PATH,
  operationId: 'touchKey',
  tags: ['keys'],
  summary: 'Set how long a value stays',
  description: 'The value, its revision and its version stay what they are.',
  parameters: [key, ifMatch, ifNoneMatch, ifUnmodifiedSince, session, idempotencyKey, fence],
  requestBody: { required: true, content: { 'application/json': { schema: patchBody } } },
  responses: {
    '204': written('It is set.'),
    ...problemResponses(
      ...WRITE_ERRORS,
      'no-key',
      'revision-mismatch',
      'too-large',
      'unsupported-encoding',
      'request-timeout',
    ),
  },
};

export const keyOperations: readonly Operation[] = [getKey, headKey, putKey, postKey, patchKey, deleteKey];
