import type { JsonSchema, Operation } from '../../operation.ts';
import {
  detail,
  invalid,
  json,
  jsonLater,
  key,
  notText,
  objectOf,
  ofWrites,
  required,
  telling,
  unavailable,
  writeRefusals,
} from './parts.ts';

/** The routes of the service with a controller and workers. */

export const workerPutBody = {
  type: 'object',
  required: ['value'],
  properties: { value: { type: 'string' } },
} as const satisfies JsonSchema;

const text: JsonSchema = { type: 'string' };
const texts: JsonSchema = { type: 'array', items: text };
const count: JsonSchema = { type: 'integer' };

export const workerOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/kv/{key}',
    operationId: 'getFromWorker',
    tags: ['earlier services'],
    summary: 'Read a value; on a kvstore, from its own copy',
    parameters: [key],
    responses: {
      '200': json('The value.', { schema: objectOf({ value: text }), example: { value: 'v' } }),
      '404': json('The key has no value.', detail('not found')),
      '406': notText,
      '422': invalid,
      '503': unavailable,
    },
  },
  {
    method: 'put',
    path: '/kv/{key}',
    operationId: 'putToWorker',
    tags: ['earlier services'],
    summary: 'Write a value',
    parameters: [key, ...ofWrites],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: workerPutBody, example: { value: 'v' } } },
    },
    responses: {
      '200': json('Written, and held by so many members.', {
        schema: objectOf({ result: { const: 'ok' }, acks: count }),
        example: { result: 'ok', acks: 3 },
      }),
      ...writeRefusals,
      '503': jsonLater('Not acknowledged; the write may be there all the same.', detail('write failed; acks=0')),
    },
  },
  telling({
    operationId: 'keysOfWorker',
    path: '/keys',
    summary: 'All keys that are text, in the order of their bytes; sent piece by piece, and cut off if it cannot go on',
    body: { schema: objectOf({ keys: texts }), example: { keys: ['a', 'b'] } },
    errors: { '503': unavailable },
  }),
  telling({
    operationId: 'health',
    path: '/health',
    summary: 'How many replicas answer; on a kvstore, its address and number of keys',
    body: {
      schema: {
        oneOf: [
          objectOf({ status: { const: 'controller up' }, workers_count: count }),
          objectOf({ status: { const: 'worker up' }, address: text, stored_keys: count }),
        ],
      },
      examples: {
        proxy: { summary: 'Of a proxy', value: { status: 'controller up', workers_count: 3 } },
        kvstore: {
          summary: 'Of a kvstore',
          value: { status: 'worker up', address: 'http://10.0.0.1:8000', stored_keys: 12 },
        },
      },
    },
  }),
  telling({
    operationId: 'workers',
    path: '/workers',
    servedBy: 'proxy',
    summary: 'The replicas that answer, and where',
    body: {
      schema: { type: 'object', additionalProperties: objectOf({ address: text }) },
      example: { 'kvstore-0': { address: 'http://10.0.0.1:8000' } },
    },
  }),
  telling({
    operationId: 'map',
    path: '/map',
    servedBy: 'proxy',
    summary: 'Where a key is: the leader, then the other members',
    parameters: [required('key', 'any key: all have the same map', 'k')],
    body: {
      schema: objectOf({ primary: text, replicas: texts }),
      example: { primary: 'http://10.0.0.1:8000', replicas: ['http://10.0.0.1:8000', 'http://10.0.0.2:8000'] },
    },
    errors: { '422': invalid, '503': json('No member answers.', detail('no available workers')) },
  }),
];
