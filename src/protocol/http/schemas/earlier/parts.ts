import { KEY_BYTES_MAX } from '../../key-path.ts';
import type { JsonSchema, MediaType, Operation, Parameter, ResponseDescription } from '../../operation.ts';
import { fence } from '../parts.ts';
import { retryAfter } from '../problem.ts';

/** What the routes of the earlier services share. Their validation errors are those of FastAPI (`validation-detail.ts`). */

export const key: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: `the key: one segment of the path, 1 to ${KEY_BYTES_MAX} bytes`,
  schema: { type: 'string', minLength: 1 },
  example: 'k',
};

const detailSchema = {
  type: 'object',
  required: ['detail'],
  properties: { detail: { type: 'string' } },
} as const satisfies JsonSchema;

export const detail = (text: string): MediaType => ({ schema: detailSchema, example: { detail: text } });

const validationErrors = {
  type: 'object',
  description: 'As FastAPI tells what is wrong with a request.',
  required: ['detail'],
  properties: {
    detail: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type', 'loc', 'msg', 'input'],
        properties: {
          type: { type: 'string' },
          loc: { type: 'array', items: { type: ['string', 'integer'] } },
          msg: { type: 'string' },
          input: {},
          ctx: { type: 'object' },
        },
      },
    },
  },
} as const satisfies JsonSchema;

/** Beside their own, and known under these names in the document. */
export const earlierSchemas = { Detail: detailSchema, ValidationErrors: validationErrors } as const;

export const earlierHeadersOut = {
  'X-Server-Used': { description: 'The pod that answered.', schema: { type: 'string' } },
} as const;

export const json = (description: string, body: MediaType): ResponseDescription => ({
  description,
  headers: earlierHeadersOut,
  content: { 'application/json': body },
});

export const jsonLater = (description: string, body: MediaType): ResponseDescription => ({
  ...json(description, body),
  headers: { ...earlierHeadersOut, ...retryAfter },
});

export const invalid = json('The request is not what the route takes.', {
  schema: validationErrors,
  example: {
    detail: [{ type: 'missing', loc: ['body', 'value'], msg: 'Field required', input: { key: 'k' } }],
  },
});
export const noKey = json('The key has no value.', detail('Key not found.'));
export const unavailable = jsonLater(
  'Nobody can answer now; `detail` says why, and whether a write may have been applied.',
  detail('No replica leads, or none that can be reached. Try again; if it lasts, look at /v1/cluster.'),
);
export const notText = json(
  'The value, written otherwise, is not UTF-8.',
  detail("The value of key 'k' is not UTF-8. Read its bytes with GET /v1/keys/{key}."),
);

/** The fence is of this service, and every write heeds it. */
export const ofWrites: readonly Parameter[] = [fence];

/** Of a write without a body. */
export const deletionRefusals: Operation['responses'] = {
  '400': json('The header X-KV-Fence cannot be used.', detail('The header X-KV-Fence cannot be used.')),
  '412': json('The lock that X-KV-Fence names is not held under this token.', detail('The lock is not held.')),
  '422': invalid,
  '503': unavailable,
};

export const writeRefusals: Operation['responses'] = {
  ...deletionRefusals,
  '400': json(
    'The body is not UTF-8, or nests too deep; or the header X-KV-Fence cannot be used.',
    detail('There was an error parsing the body'),
  ),
  '413': json('The value is too large.', detail('The body has 2000000 bytes, and 1048576 are allowed.')),
  '507': json('Memory is full.', detail('The store has reached its limit of memory.')),
};

export const objectOf = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

export const required = (name: string, description: string, example: string): Parameter => ({
  name,
  in: 'query',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

/** A route that tells something. */
export const telling = (operation: {
  readonly operationId: string;
  readonly path: string;
  readonly summary: string;
  readonly body: MediaType;
  readonly parameters?: readonly Parameter[];
  readonly errors?: Operation['responses'];
  readonly servedBy?: 'proxy';
}): Operation => ({
  method: 'get',
  path: operation.path,
  operationId: operation.operationId,
  tags: ['earlier services'],
  ...(operation.servedBy === undefined ? {} : { servedBy: operation.servedBy }),
  summary: operation.summary,
  parameters: operation.parameters ?? [],
  responses: { '200': json('Told.', operation.body), ...operation.errors },
});
