import { KEY_BYTES_MAX } from '../../key-path.ts';
import type { JsonSchema, Operation, Parameter, ResponseDescription } from '../../operation.ts';

/** What the routes of the earlier services share. Their validation errors are those of FastAPI (`validation-detail.ts`). */

export const key: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: `the key: one segment of the path, 1 to ${KEY_BYTES_MAX} bytes`,
  schema: { type: 'string', minLength: 1 },
};

export const detail = (text: string): JsonSchema => ({
  type: 'object',
  required: ['detail'],
  properties: { detail: { type: 'string', examples: [text] } },
});

const validationErrors = {
  type: 'object',
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

export const json = (description: string, schema: JsonSchema): ResponseDescription => ({
  description,
  headers: { 'X-Server-Used': { description: 'The pod that answered.', schema: { type: 'string' } } },
  content: { 'application/json': { schema } },
});

export const invalid = json('The request is not what the route takes.', validationErrors);
export const noKey = json('The key has no value.', detail('Key not found.'));
export const unavailable = json(
  'Nobody can answer now; `detail` says why, and whether a write may have been applied. With `Retry-After`.',
  detail('No replica leads, or none that can be reached. Try again; if it lasts, look at /v1/cluster.'),
);
export const notText = json(
  'The value, written otherwise, is not UTF-8.',
  detail("The value of key 'k' is not UTF-8."),
);

export const writeRefusals: Operation['responses'] = {
  '413': json('The value is too large.', detail('The value has 2000000 bytes.')),
  '422': invalid,
  '503': unavailable,
  '507': json('Memory is full.', detail('The store has reached its limit of memory.')),
};

export const objectOf = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

export const required = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  required: true,
  description,
  schema: { type: 'string' },
});

/** A route that tells something. */
export const telling = (operation: {
  readonly operationId: string;
  readonly path: string;
  readonly summary: string;
  readonly body: JsonSchema;
  readonly parameters?: readonly Parameter[];
  readonly errors?: Operation['responses'];
}): Operation => ({
  method: 'get',
  path: operation.path,
  operationId: operation.operationId,
  tags: ['earlier services'],
  summary: operation.summary,
  parameters: operation.parameters ?? [],
  responses: { '200': json('Told.', operation.body), ...operation.errors },
});
