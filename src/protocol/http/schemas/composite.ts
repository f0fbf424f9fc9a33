import { BATCH_STEPS_MAX, CONTENT_TYPE_BYTES_MAX, TRANSACTION_PARTS_MAX } from '../../../core/store/commands.ts';
import { ENTITY_TAGS_PATTERN } from '../entity-tags.ts';
import { IDLE_DESCRIPTION, LIFETIME_DESCRIPTION, LIFETIME_OR_KEEP_PATTERN } from '../lifetime.ts';
import type { HeadersOut, JsonSchema, MediaType, Operation } from '../operation.ts';
import { prose } from '../prose.ts';
import { patchBody } from './keys.ts';
import {
  BODY_ERRORS,
  consistency,
  consistencyOut,
  envelopeExample,
  envelopeSchema,
  fence,
  idempotencyKey,
  READ_ERRORS,
  idle,
  session,
  writeHeadersOut,
  writeRefusals,
} from './parts.ts';

/** Several things at once: `POST /v1/batch`, each for itself, and `POST /v1/txn`, all or nothing. */

export const BATCH_PATH = '/v1/batch';
export const TXN_PATH = '/v1/txn';
export const COMPOSITE_BYTES_MAX = 4 * 1024 * 1024;

/** A key is text, or bytes in base64; so is a value. Which of the two, and no more than one, is for the parser to say. */
const keyFields = {
  key: { type: 'string', minLength: 1, description: '1 to 1024 bytes of UTF-8; or `keyB64`.' },
  keyB64: { type: 'string', contentEncoding: 'base64', description: 'For keys that are not UTF-8.' },
} as const;

const valueFields = {
  value: { type: 'string', description: 'Text; or `valueB64`.' },
  valueB64: { type: 'string', contentEncoding: 'base64' },
} as const;

const conditionFields = {
  ifMatch: { type: 'string', maxLength: 4096, pattern: ENTITY_TAGS_PATTERN, description: 'As the header If-Match.' },
  ifNoneMatch: { type: 'string', maxLength: 4096, pattern: ENTITY_TAGS_PATTERN, description: 'As If-None-Match.' },
} as const;

const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const INTEGER = {
  description: 'A whole number of 64 bits: as a number, or, where that is not exact, as a string.',
  anyOf: [
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: '^-?[0-9]{1,19}$' },
  ],
} as const;

const contentType = { type: 'string', maxLength: CONTENT_TYPE_BYTES_MAX, pattern: '^[\\x20-\\x7e\\t]*$' } as const;

/** Which numbers they are, the parser says. */
const lifetimeOrKeep = (description: string): JsonSchema => ({
  description: `${description}; or keep.`,
  anyOf: [
    { type: 'string', pattern: LIFETIME_OR_KEEP_PATTERN },
    { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  ],
});

const stayOfPut = {
  ttl: lifetimeOrKeep(`How long it stays: ${LIFETIME_DESCRIPTION}`),
  idle: lifetimeOrKeep(`How long it stays without being read or written: ${IDLE_DESCRIPTION}`),
} as const;

const stepFields = (conditions: Readonly<Record<string, JsonSchema>>): Readonly<Record<string, JsonSchema>> => ({
  get: object(keyFields),
  put: object({ ...keyFields, ...valueFields, contentType, ...stayOfPut, ...conditions }),
  touch: {
    ...object({ ...keyFields, ...patchBody.properties, ...conditions }),
    description: 'Of ttl and idle one at least; what is left out stays as it is.',
  },
  delete: object({ ...keyFields, ...conditions }),
  incr: object({ ...keyFields, by: INTEGER, ...conditions }),
});

const step = (conditions: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  ...object(stepFields(conditions)),
  description: 'One of get, put, delete, incr and touch.',
  minProperties: 1,
  maxProperties: 1,
});

export const batchBody: JsonSchema = object(
  { operations: { type: 'array', minItems: 1, maxItems: BATCH_STEPS_MAX, items: step(conditionFields) } },
  ['operations'],
);

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

const comparison: JsonSchema = {
  ...object({
    ...keyFields,
    revision: { ...count, description: 'Of the last change; 0: no value.' },
    version: { ...count, description: '0: no value.' },
    ...valueFields,
    exists: { type: 'boolean' },
    etag: { type: 'string', maxLength: 4096, pattern: ENTITY_TAGS_PATTERN, description: 'Names the lineage, too.' },
    op: { type: 'string', enum: ['=', '!=', '<', '>'], default: '=', description: '< and > for revision and version.' },
  }),
  description: 'A key, and one of revision, version, value, valueB64, exists, etag.',
};

const steps = { type: 'array', maxItems: TRANSACTION_PARTS_MAX, items: step({}) } as const;

export const txnBody: JsonSchema = object({
  if: { type: 'array', maxItems: TRANSACTION_PARTS_MAX, items: comparison },
  then: steps,
  else: steps,
});

const writtenResult = {
  revision: { type: 'integer' },
  version: { type: 'integer' },
  etag: { type: 'string' },
  created: { type: 'boolean' },
} as const;

const expiresAt = { type: ['string', 'null'], description: 'null: it stays.' } as const;

/** `properties`, all of them there. */
const whole = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const resultFields = {
  get: { anyOf: [envelopeSchema, { type: 'null' }] },
  put: whole(writtenResult),
  delete: {
    type: 'object',
    required: ['deleted'],
    properties: {
      deleted: { type: 'integer', enum: [0, 1] },
      revision: { type: 'integer', description: 'There if it was deleted.' },
      version: { type: 'integer', description: 'There if it was deleted.' },
    },
  },
  touch: { anyOf: [whole({ version: { type: 'integer' }, expiresAt, idle }), { type: 'null' }] },
  incr: whole({ ...writtenResult, value: { type: 'string', description: 'The sum, in decimal.' } }),
} as const satisfies Readonly<Record<string, JsonSchema>>;

const txnResult = { type: 'object', description: 'By the name of what was asked for.', properties: resultFields };

const batchResult = {
  type: 'object',
  description: 'By the name of what was asked for; `error` in its place if it was not done.',
  required: ['status'],
  properties: {
    status: { type: 'integer', description: 'What the operation alone would have been answered with.' },
    ...resultFields,
    error: {
      ...whole({ code: { type: 'string' }, detail: { type: 'string' } }),
      description: 'Why the operation was not done.',
    },
  },
} as const;

const results = (of: JsonSchema): JsonSchema => ({ type: 'array', items: of });
const revision = { type: 'integer', description: 'Of all that was done.' } as const;

const answered = (description: string, headers: HeadersOut, body: MediaType): Operation['responses'] => ({
  '200': { description, headers, content: { 'application/json': body } },
});

const COMPOSITE_ERRORS = [...BODY_ERRORS, 'bad-key', 'memory-full'] as const;

const BATCH_EXAMPLE = {
  operations: [{ put: { key: 'a', value: '1' } }, { incr: { key: 'n' } }, { delete: { key: 'none' } }],
} as const;

const TXN_EXAMPLE = {
  if: [{ key: 'a', revision: 830 }],
  then: [{ put: { key: 'a', value: '2' } }, { delete: { key: 'b' } }],
  else: [{ get: { key: 'app/theme' } }],
} as const;

const BATCH =
  prose(`Takes JSON, at most 4 MiB. Not atomic: one operation that fails keeps none of the others from taking effect. What is done shares one revision. Keys that
cannot travel in a path go here.

| operation | does |
|---|---|
| \`{"get": {"key": "k"}}\` | reads |
| \`{"put": {"key": "k", "value": "v"}}\` | writes; also \`contentType\`, and \`ttl\` as in \`X-KV-TTL\` |
| \`{"touch": {"key": "k", "ttl": "60s"}}\` | sets how long the value stays; \`null\`: for ever |
| \`{"delete": {"key": "k"}}\` | deletes |
| \`{"incr": {"key": "k", "by": 5}}\` | adds; 1 without \`by\`, which is a string where a number is not exact |

\`keyB64\` and \`valueB64\` stand for keys and values that are not text. What is given as \`value\` is \`text/plain; charset=utf-8\`, unless
\`contentType\` says otherwise. Operations are carried out in their order, and each sees what those before it have done. All but \`get\` take
\`ifMatch\` and \`ifNoneMatch\`, as the headers. Each result has the \`status\` that the operation alone would have had; where a condition does
not hold that is 412, of either kind.

A batch of gets alone is a read, in the mode of \`consistency\`; its values need not be of one moment, and have at most some 4 MiB
together, else 413 \`too-large\`. With a write among them the batch is one write, at one moment, and the mode says nothing; what its gets
bring back has at most 1 MiB together, for it is kept for who repeats the request.`);

const TXN =
  prose(`Takes JSON, at most 4 MiB. If all comparisons of \`if\` hold, \`then\` is carried out, else \`else\`; up to ${TRANSACTION_PARTS_MAX} comparisons and operations in all.
Operations are those of \`POST /v1/batch\`, without conditions of their own. \`results\` are those of the list that was carried out.

A comparison names a key and one of \`revision\`, \`version\` (0: no value), \`value\` or \`valueB64\`, \`exists\`, \`etag\`; \`op\` is \`=\` (the default), \`!=\`, and
for revisions and versions \`<\` and \`>\`. A revision is a number of this history; an \`etag\` names the history, too.

Where something cannot be added, nothing is done: 409 \`not-a-number\`. The values that a transaction gets have at most 1 MiB together, else 413
\`too-large\`, and nothing is done.`);

export const batchOperation: Operation = {
  method: 'post',
  path: BATCH_PATH,
  operationId: 'batch',
  tags: ['keys'],
  summary: 'Up to 1000 operations in one request, each for itself',
  description: BATCH,
  parameters: [consistency, session, idempotencyKey, fence],
  requestBody: { required: true, content: { 'application/json': { schema: batchBody, example: BATCH_EXAMPLE } } },
  responses: {
    ...answered(
      'A result for each operation, in their order.',
      { ...writeHeadersOut, ...consistencyOut },
      {
        schema: {
          type: 'object',
          required: ['results'],
          properties: {
            revision: { ...revision, description: 'There if the batch was a write.' },
            results: results(batchResult),
          },
        },
        example: {
          revision: 830,
          results: [
            { status: 201, put: { revision: 830, version: 1, etag: '"830-b1c2d3-1"', created: true } },
            { status: 201, incr: { value: '1', revision: 830, version: 1, etag: '"830-b1c2d3-1"', created: true } },
            { status: 404, delete: { deleted: 0 } },
          ],
        },
      },
    ),
    ...writeRefusals(...COMPOSITE_ERRORS, ...READ_ERRORS),
  },
};

export const txnOperation: Operation = {
  method: 'post',
  path: TXN_PATH,
  operationId: 'txn',
  tags: ['keys'],
  summary: 'All or nothing: if all comparisons hold this, else that',
  description: TXN,
  parameters: [session, idempotencyKey, fence],
  requestBody: { required: true, content: { 'application/json': { schema: txnBody, example: TXN_EXAMPLE } } },
  responses: {
    ...answered('Which of the two lists was carried out, and what came of it.', writeHeadersOut, {
      schema: whole({ succeeded: { type: 'boolean' }, revision, results: results(txnResult) }),
      examples: {
        then: {
          summary: 'The comparisons held',
          value: {
            succeeded: true,
            revision: 831,
            results: [
              { put: { revision: 831, version: 2, etag: '"831-b1c2d3-1"', created: false } },
              { delete: { deleted: 0 } },
            ],
          },
        },
        else: {
          summary: 'One of them did not',
          value: { succeeded: false, revision: 831, results: [{ get: envelopeExample }] },
        },
      },
    }),
    ...writeRefusals(...COMPOSITE_ERRORS, 'not-a-number', 'out-of-range'),
  },
};

export const compositeOperations: readonly Operation[] = [batchOperation, txnOperation];
