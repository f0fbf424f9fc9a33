import { KEY_BYTES_MAX } from '../key-path.ts';
import type { JsonSchema, Operation, Parameter, ResponseDescription } from '../operation.ts';

/**
 * The routes of the main earlier service, whose clients work against this one unchanged. Its validation errors are
 * those of FastAPI (`validation-detail.ts`).
 */

export const putBody = {
  type: 'object',
  required: ['key', 'value'],
  properties: {
    /** At most {@link KEY_BYTES_MAX} bytes of UTF-8, too, which a schema cannot say. */
    key: { type: 'string', minLength: 1 },
    value: { type: 'string' },
  },
} as const satisfies JsonSchema;

/** The longest whole number that Python, and so FastAPI, reads. */
export const INTEGER_DIGITS_MAX = 4300;

/** A whole number as FastAPI reads one from a query: blanks around it, a sign, underscores between digits, `.0`. */
export const getQuery = {
  type: 'object',
  properties: {
    version: {
      type: 'string',
      description: 'A whole number.',
      maxLength: INTEGER_DIGITS_MAX,
      pattern: String.raw`^\s*[+-]?[0-9](?:_?[0-9])*(?:\.0+)?\s*$`,
    },
  },
} as const satisfies JsonSchema;

const key: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: `the key: one segment of the path, 1 to ${KEY_BYTES_MAX} bytes`,
  schema: { type: 'string', minLength: 1 },
};

const detail = (text: string): JsonSchema => ({
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

const json = (description: string, schema: JsonSchema): ResponseDescription => ({
  description,
  headers: { 'X-Server-Used': { description: 'The pod that answered.', schema: { type: 'string' } } },
  content: { 'application/json': { schema } },
});

const invalid = json('The request is not what the route takes.', validationErrors);
const noKey = json('The key has no value.', detail('Key not found.'));
const unavailable = json(
  'Nobody can answer now; `detail` says why, and whether a write may have been applied. With `Retry-After`.',
  detail('No replica leads, or none that can be reached. Try again; if it lasts, look at /v1/cluster.'),
);

export const putRoute: Operation = {
  method: 'put',
  path: '/put',
  operationId: 'put',
  tags: ['earlier services'],
  summary: 'Write a value',
  parameters: [],
  requestBody: { required: true, content: { 'application/json': { schema: putBody } } },
  responses: {
    '200': json('Written.', {
      type: 'object',
      required: ['message'],
      properties: { message: { type: 'string', examples: ["Key 'k' added/updated successfully."] } },
    }),
    '413': json('The value is too large.', detail('The value has 2000000 bytes.')),
    '422': invalid,
    '503': unavailable,
    '507': json('Memory is full.', detail('The store has reached its limit of memory.')),
  },
};

export const getRoute: Operation = {
  method: 'get',
  path: '/get/{key}',
  operationId: 'get',
  tags: ['earlier services'],
  summary: 'Read a value',
  parameters: [
    key,
    {
      name: 'version',
      in: 'query',
      required: false,
      description: 'a whole number; only the current version is kept',
      schema: getQuery.properties.version,
    },
  ],
  responses: {
    '200': json('The value.', {
      type: 'object',
      required: ['key', 'value', 'version', 'timestamp', 'source', 'server_used'],
      properties: {
        key: { type: 'string' },
        value: { type: 'string' },
        version: { type: 'integer' },
        timestamp: { type: 'number', description: 'When it was written, seconds since 1970.' },
        source: { type: 'string', enum: ['cache', 'database'] },
        server_used: { type: 'string' },
      },
    }),
    '404': noKey,
    '406': json('The value, written otherwise, is not UTF-8.', detail("The value of key 'k' is not UTF-8.")),
    '422': invalid,
    '503': unavailable,
  },
};

export const deleteRoute: Operation = {
  method: 'delete',
  path: '/delete/{key}',
  operationId: 'delete',
  tags: ['earlier services'],
  summary: 'Delete a value',
  parameters: [key],
  responses: {
    '200': json('Deleted.', {
      type: 'object',
      required: ['message', 'result'],
      properties: {
        message: { type: 'string', examples: ["Key 'k' deleted successfully."] },
        result: { type: 'string', const: 'deleted' },
      },
    }),
    '404': noKey,
    '422': invalid,
    '503': unavailable,
  },
};

export const earlierOperations: readonly Operation[] = [putRoute, getRoute, deleteRoute];
