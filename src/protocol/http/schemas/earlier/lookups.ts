import type { Operation, Parameter } from '../../operation.ts';
import { detail, invalid, json, notText, objectOf, ofWrites, required, unavailable, writeRefusals } from './parts.ts';

/** The route of the service with UUID keys, and those of the service with keys in the query. */

const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

const uuid: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: 'a UUID of version 4, in either case, with hyphens or without, as a URN or in braces',
  schema: { type: 'string' },
  example: UUID,
};

const NOTHING = { schema: { type: 'null' }, example: null };

const pair = objectOf({ key: { type: 'string' }, value: { type: 'string' } });
const key = required('key', 'the key', 'k');

export const lookupOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/get_value/{key}',
    operationId: 'getValue',
    tags: ['earlier services'],
    summary: 'Read the value of a UUID',
    parameters: [uuid],
    responses: {
      '200': json('The value, and the UUID in its canonical form.', {
        schema: pair,
        example: { key: UUID, value: 'v' },
      }),
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
      '200': json('The value.', { schema: pair, example: { key: 'k', value: 'v' } }),
      '404': json('The key has no value, or an empty one.', NOTHING),
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
    parameters: [key, required('value', 'the value', 'v'), ...ofWrites],
    responses: { '200': json('Written.', NOTHING), ...writeRefusals },
  },
];
