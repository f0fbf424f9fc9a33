import type { JsonSchema, Operation } from '../../operation.ts';
import { deletionRefusals, invalid, json, key, noKey, notText, ofWrites, unavailable, writeRefusals } from './parts.ts';

/** The routes of the main earlier service, whose clients work against this one unchanged. */

export const putBody = {
  type: 'object',
  required: ['key', 'value'],
  properties: {
    /** At most 1024 bytes of UTF-8, too, which a schema cannot say. */
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

export const putRoute: Operation = {
  method: 'put',
  path: '/put',
  operationId: 'put',
  tags: ['earlier services'],
  summary: 'Write a value',
  parameters: ofWrites,
  requestBody: {
    required: true,
    content: { 'application/json': { schema: putBody, example: { key: 'k', value: 'v' } } },
  },
  responses: {
    '200': json('Written.', {
      schema: { type: 'object', required: ['message'], properties: { message: { type: 'string' } } },
      example: { message: "Key 'k' added/updated successfully." },
    }),
    ...writeRefusals,
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
      description: 'a whole number: a version that is kept, in place of the newest',
      schema: getQuery.properties.version,
      example: '1',
    },
  ],
  responses: {
    '200': json('The value.', {
      schema: {
        type: 'object',
        required: ['key', 'value', 'version', 'timestamp', 'source', 'server_used'],
        properties: {
          key: { type: 'string' },
          value: { description: 'A string, or what was written as other JSON.' },
          version: { type: 'integer' },
          timestamp: { type: 'number', description: 'When it was written, seconds since 1970.' },
          source: { type: 'string', enum: ['cache', 'database'] },
          server_used: { type: 'string' },
        },
      },
      example: {
        key: 'k',
        value: 'v',
        version: 1,
        timestamp: 1_767_323_045.678,
        source: 'cache',
        server_used: 'kvstore-1',
      },
    }),
    '404': noKey,
    '406': notText,
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
  parameters: [key, ...ofWrites],
  responses: {
    '200': json('Deleted.', {
      schema: {
        type: 'object',
        required: ['message', 'result'],
        properties: { message: { type: 'string' }, result: { type: 'string', const: 'deleted' } },
      },
      example: { message: "Key 'k' deleted successfully.", result: 'deleted' },
    }),
    ...deletionRefusals,
    '404': noKey,
  },
};

export const mainServiceOperations: readonly Operation[] = [putRoute, getRoute, deleteRoute];
