import type { JsonSchema, Operation } from '../../operation.ts';
import { detail, json, key, objectOf, required, telling, writeRefusals } from './parts.ts';

/** The routes of the service with versions, and of its gateway. */

export const versionedPutBody = {
  type: 'object',
  required: ['value'],
  properties: { value: { description: 'Any JSON.' } },
} as const satisfies JsonSchema;

const versionOrNull: JsonSchema = { type: ['integer', 'null'] };

const put = (method: 'post' | 'put', operationId: string): Operation => ({
  method,
  path: '/put/{key}',
  operationId,
  tags: ['earlier services'],
  summary: 'Write a version',
  parameters: [key],
  requestBody: { required: true, content: { 'application/json': { schema: versionedPutBody } } },
  responses: {
    '200': json(
      'Written.',
      objectOf({
        operation: { type: 'string', enum: ['create', 'update'] },
        key: { type: 'string' },
        version: { type: 'integer' },
        new_version: versionOrNull,
        previous_version: versionOrNull,
        total_versions: { type: 'integer' },
      }),
    ),
    '400': json('The body is not UTF-8, or nests too deep.', detail('There was an error parsing the body')),
    ...writeRefusals,
  },
});

const percent: JsonSchema = { type: 'number' };
const percentOrNull: JsonSchema = { type: ['number', 'null'] };
const names: JsonSchema = { type: 'array', items: { type: 'string' } };
const server = required('server', 'the name of a pod, as /servers lists them');
const noServer = {
  '503': json('No such server, or it does not answer.', detail("No servers available: Server 'x' not found.")),
};

export const versionedValueOperations: readonly Operation[] = [
  put('post', 'postVersion'),
  put('put', 'putVersion'),
  telling({
    operationId: 'servers',
    path: '/servers',
    summary: 'The replicas, by name',
    body: objectOf({ servers: names, count: { type: 'integer' } }),
  }),
  telling({
    operationId: 'cacheStats',
    path: '/cache/stats',
    summary: 'The memory of a replica, in bytes',
    parameters: [server],
    body: objectOf({
      current_size: { type: 'integer' },
      max_size: { type: 'integer' },
      is_full: { type: 'boolean' },
      expiration_minutes: { type: 'null' },
    }),
    errors: noServer,
  }),
  telling({
    operationId: 'databaseStats',
    path: '/db/stats',
    summary: 'The store of a replica',
    parameters: [server],
    body: objectOf({
      total_keys: { type: 'integer' },
      total_versions: { type: 'integer' },
      database_size_bytes: { type: 'integer' },
    }),
    errors: noServer,
  }),
  telling({
    operationId: 'insights',
    path: '/insights',
    summary: 'How the replicas have served this proxy',
    body: objectOf({
      total_requests: { type: 'integer' },
      avg_latency_ms: { type: 'number' },
      hot_spots: names,
      slow_servers: names,
      servers: {
        type: 'object',
        additionalProperties: objectOf({
          requests: { type: 'integer' },
          latency_ms: { type: 'number' },
          cpu_percent: percentOrNull,
          memory_percent: percentOrNull,
        }),
      },
    }),
  }),
  telling({
    operationId: 'systemStats',
    path: '/system/stats',
    summary: 'How busy the machine of this process is',
    body: objectOf({ cpu_percent: percent, memory_percent: percent, disk_percent: percent }),
  }),
];
