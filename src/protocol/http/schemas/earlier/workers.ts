import type { JsonSchema, Operation } from '../../operation.ts';
import {
  detail,
  invalid,
  json,
  key,
  notText,
  objectOf,
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
      '200': json('The value.', objectOf({ value: text })),
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
    parameters: [key],
    requestBody: { required: true, content: { 'application/json': { schema: workerPutBody } } },
    responses: {
      '200': json('Written, and held by so many members.', objectOf({ result: { const: 'ok' }, acks: count })),
      ...writeRefusals,
      '503': json('Not acknowledged; the write may be there all the same.', detail('write failed; acks=0')),
    },
  },
  telling({
    operationId: 'keysOfWorker',
    path: '/keys',
    summary: 'All keys that are text, in the order of their bytes; sent piece by piece, and cut off if it cannot go on',
    body: objectOf({ keys: texts }),
    errors: { '503': unavailable },
  }),
  telling({
    operationId: 'health',
    path: '/health',
    summary: 'How many replicas answer; on a kvstore, its address and number of keys',
    body: {
      oneOf: [
        objectOf({ status: { const: 'controller up' }, workers_count: count }),
        objectOf({ status: { const: 'worker up' }, address: text, stored_keys: count }),
      ],
    },
  }),
  telling({
    operationId: 'workers',
    path: '/workers',
    summary: 'The replicas that answer, and where',
    body: { type: 'object', additionalProperties: objectOf({ address: text }) },
  }),
  telling({
    operationId: 'map',
    path: '/map',
    summary: 'Where a key is: the leader, then the other members',
    parameters: [required('key', 'any key: all have the same map')],
    body: objectOf({ primary: text, replicas: texts }),
    errors: { '422': invalid, '503': json('No member answers.', detail('no available workers')) },
  }),
];
