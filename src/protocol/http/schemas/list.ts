import { LIST_ITEMS_MAX } from '../../../core/store/reads.ts';
import { CURSOR_PATTERN } from '../cursor.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import type { Operation, Parameter } from '../operation.ts';
import { consistency, envelopeSchema, session } from './keys.ts';
import { problemResponses } from './problem.ts';

export const LIST_PATH = '/v1/keys';
export const LIST_ITEMS_DEFAULT = 100;

const prefix: Parameter = {
  name: 'prefix',
  in: 'query',
  required: false,
  description: `the beginning of the keys, percent-encoded UTF-8 of at most ${KEY_BYTES_MAX} bytes; all keys if not given`,
  schema: { type: 'string', maxLength: KEY_BYTES_MAX },
};

const delimiter: Parameter = {
  name: 'delimiter',
  in: 'query',
  required: false,
  description: 'what ends a folder, such as /; up to 16 characters',
  schema: { type: 'string', minLength: 1, maxLength: 16 },
};

const limit: Parameter = {
  name: 'limit',
  in: 'query',
  required: false,
  description: `a number from 1 to ${LIST_ITEMS_MAX}; ${LIST_ITEMS_DEFAULT} if not given`,
  schema: { type: 'string', pattern: '^(?:[1-9][0-9]{0,2}|1000)$', default: String(LIST_ITEMS_DEFAULT) },
};

const values: Parameter = {
  name: 'values',
  in: 'query',
  required: false,
  description: 'true or false; false if not given',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
};

const cursor: Parameter = {
  name: 'cursor',
  in: 'query',
  required: false,
  description: 'the cursor of the page before, unchanged, beside the same prefix and delimiter',
  schema: { type: 'string', pattern: CURSOR_PATTERN },
};

export const listKeys: Operation = {
  method: 'get',
  path: LIST_PATH,
  operationId: 'listKeys',
  tags: ['keys'],
  summary: 'List keys by their beginning',
  description:
    'In the order of their bytes. A page shows one revision; `oneRevision` says whether all pages so far have shown the same. A page may be shorter than its limit: it is the last one only if it has no cursor.',
  parameters: [prefix, delimiter, limit, values, cursor, consistency, session],
  responses: {
    '200': {
      description: 'A page.',
      headers: {
        'X-KV-Session': { description: 'What this session has now seen; opaque.', schema: { type: 'string' } },
        'X-KV-Served-By': { description: 'The pod that answered.', schema: { type: 'string' } },
      },
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['keys', 'folders', 'revision', 'oneRevision'],
            properties: {
              keys: { type: 'array', items: envelopeSchema },
              folders: {
                type: 'array',
                description: 'What stands before a delimiter behind the prefix, delimiter included, once each.',
                items: { type: 'string' },
              },
              revision: { type: 'integer' },
              oneRevision: { type: 'boolean' },
              cursor: { type: 'string', description: 'Missing: this is the last page.' },
            },
          },
        },
      },
    },
    ...problemResponses(
      'bad-request',
      'replaced-lineage',
      'no-leader',
      'no-replica',
      'not-in-sync',
      'replica-behind',
      'empty',
      'overloaded',
      'stopping',
      'internal',
    ),
  },
};

export const listOperations: readonly Operation[] = [listKeys];
