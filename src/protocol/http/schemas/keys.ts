import { CONTENT_TYPE_BYTES_MAX } from '../../../core/store/commands.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { IDLE_DESCRIPTION, LIFETIME_DESCRIPTION, LIFETIME_OR_KEEP_PATTERN } from '../lifetime.ts';
import { headOf, type Operation, type Parameter, type RequestBody, type ResponseDescription } from '../operation.ts';
import { prose } from '../prose.ts';
import {
  BODY_ERRORS,
  consistency,
  envelopeExample,
  envelopeSchema,
  fence,
  idempotencyKey,
  ifMatch,
  ifNoneMatch,
  ifUnmodifiedSince,
  lifetimeOrNull,
  readHeadersOut,
  readRefusals,
  session,
  writeHeadersOut,
  writeRefusals,
} from './parts.ts';
import { history, historyExample, historyOrValue, revision, values, version } from './past.ts';

export const KEYS_PREFIX = '/v1/keys/';
export const ENVELOPE_MEDIA_TYPE = 'application/vnd.kv+json';

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
  example: 'app/theme',
};

const contentType: Parameter = {
  name: 'Content-Type',
  in: 'header',
  required: false,
  description: `at most ${CONTENT_TYPE_BYTES_MAX} characters of printable ASCII; kept with the value and given back`,
  schema: { type: 'string', maxLength: CONTENT_TYPE_BYTES_MAX, pattern: '^[\\x20-\\x7e\\t]*$' },
  example: 'text/plain',
};

const ttl: Parameter = {
  name: 'X-KV-TTL',
  in: 'header',
  required: false,
  description: `how long the value stays: ${LIFETIME_DESCRIPTION}; or keep, as long as the value before`,
  schema: { type: 'string', pattern: LIFETIME_OR_KEEP_PATTERN },
  example: '30m',
};

const idle: Parameter = {
  name: 'X-KV-Idle',
  in: 'header',
  required: false,
  description: `the value goes when it has not been read or written for so long: ${IDLE_DESCRIPTION}; or keep, as the value before`,
  schema: { type: 'string', pattern: LIFETIME_OR_KEEP_PATTERN },
  example: '30m',
};

/** Ignoring this would take a part for the whole. */
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
  content: { '*/*': { schema: {}, example: 'dark' } },
};

const written = (description: string): ResponseDescription => ({ description, headers: writeHeadersOut });

const KEY_PATH = `${KEYS_PREFIX}{key}`;

const GET_KEY =
  prose(`Answers the raw value; with \`Accept: ${ENVELOPE_MEDIA_TYPE}\` a JSON object with its revision and version.

**Older versions.** \`X-KV-Version\` counts the writes of a key, deletes included; it goes on after a delete, and never means two things. The newest
\`KV_HISTORY_LIMIT\` versions (8) of each key are kept. \`version\` and \`revision\` read one of them, with its own \`ETag\`, \`X-KV-Revision\`,
\`Content-Type\` and \`Last-Modified\`; \`history=true\` lists those that are kept, the newest first, with \`values=true\` as many values
as fit into 1 MiB (the others have their \`size\`). One request takes one of the three, in every read mode and with a session token.

404 \`no-version\`: there has been no such version, or the key had no value at that revision, or the revision is yet to come. 410
\`compacted\`: it is not kept any more, or nobody can tell whether there was one. That is so

- beyond \`KV_HISTORY_LIMIT\`, by the option of whichever kvstore leads;
- after the key was deleted, or its time had come: its older versions are forgotten with it;
- where memory was short: before a write gets 507 \`memory-full\`, the versions that were superseded first are forgotten, whatever their keys.

An older version stays while it is kept, whatever time to live it had. \`PATCH\` makes no version. Numbers are those of one history
(lineage); a session token makes sure that it is the one you know.`);

export const getKey: Operation = {
  method: 'get',
  path: KEY_PATH,
  operationId: 'getKey',
  tags: ['keys'],
  summary: 'Read a value',
  description: GET_KEY,
  samples: [
    {},
    { answer: { type: ENVELOPE_MEDIA_TYPE, isAskedFor: true } },
    { with: ['history'], answer: { type: 'application/json', isAskedFor: false } },
  ],
  parameters: [key, version, revision, history, values, consistency, ifMatch, ifNoneMatch, session],
  responses: {
    '200': {
      description: 'The value.',
      headers: readHeadersOut,
      content: {
        '*/*': { schema: {}, example: 'dark' },
        [ENVELOPE_MEDIA_TYPE]: { schema: envelopeSchema, example: envelopeExample },
        'application/json': { schema: historyOrValue, example: historyExample },
      },
    },
    '304': { description: 'The value still has one of the tags of If-None-Match.', headers: readHeadersOut },
    ...readRefusals(readHeadersOut, 'bad-key', 'no-key', 'no-version', 'compacted', 'revision-mismatch'),
  },
};

export const headKey = headOf(getKey, 'headKey');

export const putKey: Operation = {
  method: 'put',
  path: KEY_PATH,
  operationId: 'putKey',
  tags: ['keys'],
  summary: 'Write a value',
  description: 'If-Match writes only over that revision, `If-None-Match: *` only if there is no value.',
  samples: [{ with: ['X-KV-TTL'] }],
  parameters: [
    key,
    ttl,
    idle,
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
    ...writeRefusals('bad-key', ...BODY_ERRORS, 'revision-mismatch', 'memory-full'),
  },
};

const noIfMatch: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'left out: POST creates only; use PUT',
  schema: { not: {} },
};

const INTEGER_PATTERN = '^-?[0-9]{1,19}$';

const incr: Parameter = {
  name: 'incr',
  in: 'query',
  required: false,
  description: 'a whole number of 64 bits: what is added to the value, a number in decimal; the body is then empty',
  schema: { type: 'string', pattern: INTEGER_PATTERN },
  example: '5',
};

const sum = { 'text/plain': { schema: { type: 'string', pattern: INTEGER_PATTERN }, example: '12' } } as const;

export const postKey: Operation = {
  method: 'post',
  path: KEY_PATH,
  operationId: 'createKey',
  tags: ['keys'],
  summary: 'Create a value, or add to a counter',
  description:
    'Writes only if the key has no value.\n\nWith `incr` it adds to a whole number of 64 bits, which stands in the value in decimal (`-7`, not `+7`, `07` or `7.0`), and answers the sum as text. A key without a value counts as 0 (201), and `If-None-Match: *` adds only to such a one. The body is empty; a counter stays as long as before, so `X-KV-TTL` is refused. What is no number gets 409 `not-a-number`, a sum of more than 64 bits 409 `out-of-range`, and nothing is changed. With an `Idempotency-Key` a repetition does not count twice.',
  samples: [{ answer: 'none' }, { with: ['incr'], withoutBody: true }],
  parameters: [
    key,
    incr,
    ttl,
    idle,
    noIfMatch,
    {
      ...ifNoneMatch,
      description: '* or left out: POST creates only; use PUT',
      schema: { type: 'string', const: '*' },
      example: '*',
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
      content: sum,
    },
    '201': { ...written('Created; with `incr` the body is the sum, else empty.'), content: sum },
    ...writeRefusals('bad-key', ...BODY_ERRORS, 'exists', 'not-a-number', 'out-of-range', 'memory-full'),
  },
};

export const deleteKey: Operation = {
  method: 'delete',
  path: KEY_PATH,
  operationId: 'deleteKey',
  tags: ['keys'],
  summary: 'Delete a value',
  parameters: [key, ifMatch, ifNoneMatch, ifUnmodifiedSince, session, idempotencyKey, fence],
  responses: { '204': written('Deleted.'), ...writeRefusals('bad-key', 'no-key', 'revision-mismatch') },
};

export const patchBody = {
  type: 'object',
  description: 'What is left out stays as it is; one of the two is there.',
  minProperties: 1,
  properties: {
    ttl: lifetimeOrNull(`How long the value stays from now: ${LIFETIME_DESCRIPTION}; null: for ever.`),
    idle: lifetimeOrNull(`How long it stays without a read or write: ${IDLE_DESCRIPTION}; null: for ever.`),
  },
  additionalProperties: false,
} as const;

export const patchKey: Operation = {
  method: 'patch',
  path: KEY_PATH,
  operationId: 'touchKey',
  tags: ['keys'],
  summary: 'Set how long a value stays',
  description:
    'From now on. The value, its revision and its version stay what they are. It goes by whichever of the two times passes first.',
  parameters: [key, ifMatch, ifNoneMatch, ifUnmodifiedSince, session, idempotencyKey, fence],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: patchBody, example: { ttl: '12h', idle: '30m' } } },
  },
  responses: {
    '204': written('It is set.'),
    ...writeRefusals('bad-key', ...BODY_ERRORS, 'no-key', 'revision-mismatch'),
  },
};

export const keyOperations: readonly Operation[] = [getKey, headKey, putKey, postKey, patchKey, deleteKey];
