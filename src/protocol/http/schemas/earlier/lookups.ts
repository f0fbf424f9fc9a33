import type { Operation, Parameter } from '../../operation.ts';
import { detail, invalid, json, notText, objectOf, required, unavailable, writeRefusals } from './parts.ts';

/** The route of the service with UUID keys, and those of the service with keys in the query. */

const uuid: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: 'a UUID of version 4, in either case, with hyphens or without, as a URN or in braces',
  schema: { type: 'string' },
};

const pair = objectOf({ key: { type: 'string' }, value: { type: 'string' } });
const key = required('key', 'the key');

export const lookupOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/get_value/{key}',
    operationId: 'getValue',
    tags: ['earlier services'],
    summary: 'Read the value of a UUID',
    parameters: [uuid],
    responses: {
      '200': json('The value, and the UUID in its canonical form.', pair),
      '404': json('The UUID has no value, or an empty one.', detail('Key not found')),
      '406': notText,
      '422': invalid,
      '503': unavailable,
    },
  },
  {
    method: 'get',
    path: '/api/v1/keys',
    operationId: 'getByQuery',
    tags: ['earlier services'],
    summary: 'Read a value',
    parameters: [key],
    responses: {
      '200': json('The value.', pair),
      '404': json('The key has no value, or an empty one.', { type: 'null' }),
      '406': notText,
      '422': invalid,
      '503': unavailable,
    },
  },
  {
    method: 'put',
    path: '/api/v1/keys',
    operationId: 'putByQuery',
    tags: ['earlier services'],
    summary: 'Write a value',
    parameters: [key, required('value', 'the value')],
    responses: { '200': json('Written.', { type: 'null' }), ...writeRefusals },
  },
];
