import { DELETED_KEYS_MAX } from '../../../core/store/commands.ts';
import { LIST_ITEMS_MAX } from '../../../core/store/reads.ts';
import { CURSOR_PATTERN } from '../cursor.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { headOf, type Operation, type Parameter } from '../operation.ts';
import { prose } from '../prose.ts';
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

const LIST_KEYS =
  prose(`In the order of their bytes; those that are not UTF-8 are in \`keyB64\`, and such folders in \`prefixB64\`. What goes on behind a \`delimiter\`
is folded into a folder, which counts once. What is due is not shown.

A page without \`cursor\` is the last one. It may be shorter than its limit, even empty, before: it ends before its keys and values have more than 1 MiB
together (one key it always has), and after 20,000 keys that are due and not removed yet. A page shows the state of one \`revision\`. Writes
may go on between two pages: \`oneRevision\` says whether all so far have shown the same. Keys that stay are listed once, whatever happens
beside them. No page is older than the first, in any mode; when the history was replaced meanwhile, the next page is 410
\`replaced-lineage\`: begin anew, without the cursor. A cursor of another prefix, or one that was changed, gets 400.

\`watchFrom\` names the state that the first page showed: a watch from there tells what has changed since, without a gap.`);

const DELETE_KEYS =
  prose(`All of them at one revision, or none: only if they are as many as \`expect\` says, else 412 \`count-mismatch\`, and \`count\` in the body says
how many there are. So a prefix with a slip of the pen deletes nothing. It is a write: it is decided by the leader against the newest
state. \`dryRun=true\` deletes nothing, and tells the count; it is decided at the same place, and so costs what a write without effect costs; with \`expect\`, too, it answers 412 as the
deletion would.

An empty prefix alone is refused: all keys there are is \`all=true\`. At most ${DELETED_KEYS_MAX} keys, with 4 MiB of names, are deleted at once: more get 413
\`too-many-keys\`, and nothing is deleted. Delete them under longer prefixes, which a list with a \`delimiter\` shows. Keys that are due do not count,
but where very many of them are not removed yet the answer may be 413 for a moment.`);

const pageHeadersOut = { ...sessionOut, ...consistencyOut };

export const listKeys: Operation = {
  method: 'get',
  path: LIST_PATH,
  operationId: 'listKeys',
  tags: ['keys'],
  summary: 'List keys by their beginning',
  description: LIST_KEYS,
  samples: [{ with: ['prefix', 'delimiter', 'limit', 'values'] }],
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
  description: DELETE_KEYS,
  samples: [{ with: ['prefix', 'expect'] }],
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
