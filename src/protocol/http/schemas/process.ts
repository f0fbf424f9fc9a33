import { headOf, type JsonSchema, type MediaType, type Operation, type ResponseDescription } from '../operation.ts';
import { clusterExample, clusterSchema } from './cluster.ts';
import { READ_MODES } from './parts.ts';

/** What a process tells of itself. These routes take nothing; what they are sent beside their path is ignored. */

const json = (description: string, body: MediaType): ResponseDescription => ({
  description,
  content: { 'application/json': body },
});

const about = (operationId: string, path: string, summary: string, responses: Operation['responses']): Operation => ({
  method: 'get',
  path,
  operationId,
  tags: ['process'],
  summary,
  parameters: [],
  responses,
});

const text = { type: 'string' } as const;

const vary = { Vary: { description: 'Accept.', schema: text } } as const;

const helloRoute = about('hello', '/', 'Say hello', {
  '200': {
    ...json('Hello.', {
      schema: { type: 'object', required: ['message'], properties: { message: { const: 'Hello!' } } },
      example: { message: 'Hello!' },
    }),
    headers: vary,
  },
  '307': {
    description: 'To the documents, for a browser: `Accept` names `text/html`.',
    headers: { ...vary, Location: { description: 'Where they are.', schema: text } },
  },
});

const status = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
const readiness: JsonSchema = {
  type: 'object',
  required: ['status', 'reason'],
  properties: { status: status('ready', 'not-ready'), reason: text },
};

/** Names stay; new ones are added. */
export const FEATURES = [
  'keys',
  'conditions',
  'consistency',
  'sessions',
  'idempotency',
  'batches',
  'transactions',
  'counters',
  'ttl',
  'idle',
  'lists',
  'watches',
  'history',
  'locks',
] as const;

const features: MediaType = {
  schema: {
    type: 'object',
    required: ['name', 'release', 'process', 'features', 'readModes', 'limits'],
    properties: {
      name: { const: 'kvstore' },
      release: text,
      process: status('kvstore', 'proxy'),
      features: { type: 'array', items: text },
      readModes: { type: 'array', items: { type: 'string', enum: READ_MODES } },
      limits: {
        type: 'object',
        description: 'By name, which ends in the unit.',
        additionalProperties: { type: 'integer' },
      },
    },
  },
  example: {
    name: 'kvstore',
    release: '0.1.0',
    process: 'proxy',
    features: FEATURES,
    readModes: READ_MODES,
    limits: { keyBytesMax: 1024, valueBytesMax: 1_048_576 },
  },
};

const toldRoutes: readonly Operation[] = [
  about('livez', '/livez', 'Whether the process works: its event loop turns; nothing else is asked', {
    '200': json('It does.', {
      schema: { type: 'object', required: ['status'], properties: { status: { const: 'alive' } } },
      example: { status: 'alive' },
    }),
  }),
  about('readyz', '/readyz', 'Whether the process should get requests', {
    '200': json('It should.', { schema: readiness, example: { status: 'ready', reason: 'following, member' } }),
    '503': json('Not now.', { schema: readiness, example: { status: 'not-ready', reason: 'stopping' } }),
  }),
  about('metrics', '/metrics', 'Metrics for Prometheus', {
    '200': {
      description: 'Text exposition format.',
      content: { 'text/plain': { schema: text, example: 'kvstore_epoch{group="0"} 3\n' } },
    },
  }),
  about('features', '/v1', 'Features and limits', { '200': json('What this release offers.', features) }),
  about('cluster', '/v1/cluster', 'Leader, epoch, lineage, members, standbys, lag', {
    '200': json('What is known, and what the replicas tell within a second.', {
      schema: clusterSchema,
      example: clusterExample,
    }),
  }),
];

export const processOperations: readonly Operation[] = [
  helloRoute,
  ...toldRoutes.flatMap((route) => [route, headOf(route, `${route.operationId}Head`)]),
];
