import { DELETED_KEYS_MAX } from '../../../core/store/commands.ts';
import { LIST_ITEMS_MAX } from '../../../core/store/reads.ts';
import { CURSOR_PATTERN } from '../cursor.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { headOf, type Operation, type Parameter } from '../operation.ts';
import {
  consistency,
  consistencyOut,
  envelopeExample,
  envelopeSchema,
  fence,
  idempotencyKey,
  ifMatch,
  ifNoneMatch,
  ifUnmodifiedSince,
  readRefusals,
  session,
  sessionOut,
  writeHeadersOut,
  writeRefusals,
} from './parts.ts';

export const LIST_PATH = '/v1/keys';
export const LIST_ITEMS_DEFAULT = 100;

const PREFIX_DESCRIPTION = `the beginning of the keys, percent-encoded UTF-8 of at most ${KEY_BYTES_MAX} bytes`;

const CURSOR_EXAMPLE = 'AWFwcC91c2Vycy8.AQAAAAAAAAEAAAAAAAM-YjFjMmQzLTE';

const prefix: Parameter = {
  name: 'prefix',
  in: 'query',
  required: false,
  description: `${PREFIX_DESCRIPTION}; all keys if not given`,
  schema: { type: 'string', maxLength: KEY_BYTES_MAX },
  example: 'app/',
};

const delimiter: Parameter = {
  name: 'delimiter',
  in: 'query',
  required: false,
  description: 'what ends a folder, such as /; up to 16 characters',
  schema: { type: 'string', minLength: 1, maxLength: 16 },
  example: '/',
};

const limit: Parameter = {
  name: 'limit',
  in: 'query',
  required: false,
  description: `a number from 1 to ${LIST_ITEMS_MAX}; ${LIST_ITEMS_DEFAULT} if not given`,
  schema: { type: 'string', pattern: '^(?:[1-9][0-9]{0,2}|1000)$', default: String(LIST_ITEMS_DEFAULT) },
  example: '2',
};

const values: Parameter = {
  name: 'values',
  in: 'query',
  required: false,
  description: 'true or false; false if not given',
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  example: 'true',
};

const cursor: Parameter = {
  name: 'cursor',
  in: 'query',
  required: false,
  description: 'the cursor of the page before, unchanged, beside the same prefix and delimiter',
  schema: { type: 'string', pattern: CURSOR_PATTERN },
  example: CURSOR_EXAMPLE,
};

const pageHeadersOut = { ...sessionOut, ...consistencyOut };

export const listKeys: Operation = {
  method: 'get',
  path: LIST_PATH,
  operationId: 'listKeys',
  tags: ['keys'],
  summary: 'List keys by their beginning',
  description:
    'In the order of their bytes. A page shows one revision; `oneRevision` says whether all pages so far have shown the same. A page may be shorter than its limit: it is the last one only if it has no cursor. No page is older than the first, so that a watch from `watchFrom` tells all that the pages together lack.',
  parameters: [prefix, delimiter, limit, values, cursor, consistency, session],
  responses: {
    '200': {
      description: 'A page.',
      headers: pageHeadersOut,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['keys', 'folders', 'revision', 'oneRevision', 'watchFrom'],
            properties: {
              keys: { type: 'array', items: envelopeSchema },
              folders: {
                type: 'array',
                description: 'What stands before a delimiter behind the prefix, delimiter included, once each.',
                items: {
                  type: 'object',
                  properties: {
                    prefix: { type: 'string', description: 'There if it is UTF-8.' },
                    prefixB64: { type: 'string', contentEncoding: 'base64', description: 'There if it is not.' },
                  },
                },
              },
              revision: { type: 'integer', description: 'What the page shows is the state at this revision.' },
              oneRevision: { type: 'boolean', description: 'It is that of all pages so far.' },
              watchFrom: { type: 'string', description: 'The state of the first page; opaque.' },
              cursor: { type: 'string', description: 'Missing: this is the last page.' },
            },
          },
          example: {
            keys: [envelopeExample],
            folders: [{ prefix: 'app/users/' }],
            revision: 830,
            oneRevision: true,
            watchFrom: 'AQAAAAAAAAEAAAAAAAM-YjFjMmQzLTE',
            cursor: CURSOR_EXAMPLE,
          },
        },
      },
    },
    ...readRefusals(pageHeadersOut),
  },
};

export const headKeys = headOf(listKeys, 'headKeys');

const flag = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  required: false,
  description: `true or false, ${description}; false if not given`,
  schema: { type: 'string', enum: ['true', 'false'], default: 'false' },
  example: 'true',
});

const expect: Parameter = {
  name: 'expect',
  in: 'query',
  required: false,
  description: `how many keys are to be deleted, at most ${DELETED_KEYS_MAX}; needed but for a dry run`,
  schema: { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,14})$' },
  example: '12',
};

/** Ignoring it would delete what the client meant to guard. */
const refused = ({ name, in: place, required }: Parameter): Parameter => ({
  name,
  in: place,
  required,
  description: 'left out: expect guards what is deleted',
  schema: { not: {} },
});

export const deleteKeys: Operation = {
  method: 'delete',
  path: LIST_PATH,
  operationId: 'deleteKeys',
  tags: ['keys'],
  summary: 'Delete all keys under a prefix',
  description: `All of them at one revision, or none: only if they are as many as \`expect\` says. At most ${DELETED_KEYS_MAX} at once. \`dryRun=true\` tells how many they are.`,
  parameters: [
    { ...prefix, description: `${PREFIX_DESCRIPTION}; with all=true none` },
    flag('all', 'for every key there is, in place of a prefix'),
    expect,
    flag('dryRun', 'for the count only'),
    refused(ifMatch),
    refused(ifNoneMatch),
    ifUnmodifiedSince,
    session,
    idempotencyKey,
    fence,
  ],
  responses: {
    '200': {
      description: 'They are deleted; or with dryRun counted.',
      headers: writeHeadersOut,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['revision'],
            properties: {
              deleted: { type: 'integer' },
              count: { type: 'integer', description: 'With dryRun.' },
              revision: { type: 'integer' },
            },
          },
          examples: {
            deleted: { summary: 'Deleted', value: { deleted: 12, revision: 832 } },
            counted: { summary: 'With dryRun', value: { count: 12, revision: 831 } },
          },
        },
      },
    },
    ...writeRefusals('count-mismatch', 'too-many-keys'),
  },
};

export const listOperations: readonly Operation[] = [listKeys, headKeys, deleteKeys];
