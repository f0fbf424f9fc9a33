import type { JsonSchema, Operation } from '../../operation.ts';
import { detail, json, key, objectOf, ofWrites, required, telling, writeRefusals } from './parts.ts';

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
  parameters: [key, ...ofWrites],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: versionedPutBody, example: { value: { any: ['JSON', 1] } } } },
  },
  responses: {
    '200': json('Written.', {
      schema: objectOf({
        operation: { type: 'string', enum: ['create', 'update'] },
        key: { type: 'string' },
        version: { type: 'integer' },
        new_version: versionOrNull,
        previous_version: versionOrNull,
        total_versions: { type: 'integer' },
      }),
      example: { operation: 'update', key: 'k', version: 2, new_version: 2, previous_version: 1, total_versions: 2 },
    }),
    ...writeRefusals,
  },
});

const percent: JsonSchema = { type: 'number' };
const percentOrNull: JsonSchema = { type: ['number', 'null'] };
const names: JsonSchema = { type: 'array', items: { type: 'string' } };
const server = required('server', 'the name of a pod, as /servers lists them', 'kvstore-0');
const noServer = {
  '503': json('No such server, or it does not answer.', detail("No servers available: Server 'x' not found.")),
};

const insight = objectOf({
  requests: { type: 'integer' },
  latency_ms: { type: 'number' },
  cpu_percent: percentOrNull,
  memory_percent: percentOrNull,
});

const insights: JsonSchema = {
  oneOf: [
    objectOf({
      total_requests: { type: 'integer' },
      avg_latency_ms: { type: 'number' },
      hot_spots: names,
      slow_servers: names,
      servers: { type: 'object', additionalProperties: insight },
    }),
    { ...objectOf({ error: { type: 'string' } }), description: 'No replica is known.' },
  ],
};

export const versionedValueOperations: readonly Operation[] = [
  put('post', 'postVersion'),
  put('put', 'putVersion'),
  telling({
    operationId: 'servers',
    path: '/servers',
    servedBy: 'proxy',
    summary: 'The replicas, by name',
    body: {
      schema: objectOf({ servers: names, count: { type: 'integer' } }),
      example: { servers: ['kvstore-0', 'kvstore-1', 'kvstore-2'], count: 3 },
    },
  }),
  telling({
    operationId: 'cacheStats',
    path: '/cache/stats',
    servedBy: 'proxy',
    summary: 'The memory of a replica, in bytes',
    parameters: [server],
    body: {
      schema: objectOf({
        current_size: { type: 'integer' },
        max_size: { type: 'integer' },
        is_full: { type: 'boolean' },
        expiration_minutes: { type: 'null' },
      }),
      example: { current_size: 4000, max_size: 268_435_456, is_full: false, expiration_minutes: null },
    },
    errors: noServer,
  }),
  telling({
    operationId: 'databaseStats',
    path: '/db/stats',
    servedBy: 'proxy',
    summary: 'The store of a replica',
    parameters: [server],
    body: {
      schema: objectOf({
        total_keys: { type: 'integer' },
        total_versions: { type: 'integer' },
        database_size_bytes: { type: 'integer' },
      }),
      example: { total_keys: 12, total_versions: 12, database_size_bytes: 3000 },
    },
    errors: noServer,
  }),
  telling({
    operationId: 'insights',
    path: '/insights',
    servedBy: 'proxy',
    summary: 'How the replicas have served this proxy',
    body: {
      schema: insights,
      example: {
        total_requests: 100,
        avg_latency_ms: 1.5,
        hot_spots: ['kvstore-1'],
        slow_servers: [],
        servers: { 'kvstore-1': { requests: 100, latency_ms: 1.5, cpu_percent: 1.3, memory_percent: 8.2 } },
      },
    },
  }),
  telling({
    operationId: 'systemStats',
    path: '/system/stats',
    summary: 'How busy the machine of this process is',
    body: {
      schema: objectOf({ cpu_percent: percent, memory_percent: percent, disk_percent: percent }),
      example: { cpu_percent: 12.3, memory_percent: 56.8, disk_percent: 90.1 },
    },
  }),
];
