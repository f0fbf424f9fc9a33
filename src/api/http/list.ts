import type { IncomingMessage, ServerResponse } from 'node:http';

import { keyOf, textOf, type Key } from '../../core/base/key.ts';
import type { Listed, ListItem, ListSelection, SessionToken } from '../../core/store/reads.ts';
import { metadataOf, shownValueOf } from '../../protocol/http/composite.ts';
import { decodeCursor, encodeCursor, type Cursor } from '../../protocol/http/cursor.ts';
import { faultOfRead } from '../../protocol/http/outcomes.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { QueryValues } from '../../protocol/http/query.ts';
import { LIST_ITEMS_DEFAULT, LIST_PATH, listKeys } from '../../protocol/http/schemas/list.ts';
import { encodeSessionToken } from '../../protocol/http/session-token.ts';
import { compileOperation } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { deleteUnder } from './delete-prefix.ts';
import { isFault, optionsOf } from './keys.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';

export const listRoutes: readonly Route[] = [
  { pattern: LIST_PATH, match: LIST_PATH, methods: { GET: listPage, HEAD: listPage, DELETE: deleteUnder } },
];

const validator = compileOperation(listKeys);

async function listPage(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const options = optionsOf(request, validator);
  if (isFault(options)) {
    sendProblem(response, options);
    return;
  }
  const asked = askedOf(options.query);
  if ('code' in asked) {
    sendProblem(response, asked);
    return;
  }
  const { selection, cursor } = asked;
  const { mode } = options;
  // A page older than the first would lack what a watch from there does not tell any more.
  const token = cursor === null ? options.token : laterOf(cursor.first, options.token);
  const result = await context.operations.read({ kind: 'list', selection, mode, token });
  if (result.kind === 'unavailable') {
    sendProblem(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-KV-Served-By', servedBy];
  if (outcome.kind === 'read') throw new TypeError('a list was answered as a read of one key');
  if (outcome.kind !== 'listed') {
    const isOver = outcome.kind === 'replaced-lineage' && cursor !== null;
    sendProblem(response, isOver ? REPLACED : faultOfRead(outcome), headers);
    return;
  }
  headers.push('X-KV-Session', encodeSessionToken(outcome), 'X-KV-Consistency', mode, 'Cache-Control', 'no-store');
  sendJson(response, 200, pageOf(outcome, selection, cursor), headers);
}

function pageOf({ items, next, lineage, revision }: Listed, selection: ListSelection, cursor: Cursor | null): object {
  const first = cursor?.first ?? { lineage, revision };
  const isOneRevision = cursor === null || (cursor.isOneRevision && first.revision === revision);
  const [keys, folders]: [object[], object[]] = [[], []];
  for (const item of items) {
    if (item.kind === 'key') keys.push(keyBody(item, lineage.id, selection));
    else folders.push(folderBody(item.prefix));
  }
  return {
    keys,
    folders,
    revision,
    oneRevision: isOneRevision,
    watchFrom: encodeSessionToken(first),
    ...(next === null ? {} : { cursor: encodeCursor({ after: next, first, isOneRevision }) }),
  };
}

function keyBody(
  { key, stored }: Extract<ListItem, { kind: 'key' }>,
  lineageId: string,
  { withValues }: ListSelection,
): object {
  const metadata = metadataOf(key, stored, lineageId);
  return withValues ? { ...metadata, ...shownValueOf(stored) } : metadata;
}

function folderBody(prefix: Key): object {
  const text = textOf(prefix);
  return text === null ? { prefixB64: Buffer.from(prefix, 'latin1').toString('base64') } : { prefix: text };
}

/** Of two histories the older one: it was replaced, which is to be said. */
function laterOf(a: SessionToken, b: SessionToken | null): SessionToken {
  if (b === null) return a;
  if (a.lineage.number !== b.lineage.number) return a.lineage.number < b.lineage.number ? a : b;
  return a.revision < b.revision ? b : a;
}

interface Asked {
  readonly selection: ListSelection;
  readonly cursor: Cursor | null;
}

function askedOf(query: QueryValues): Asked | Fault {
  const prefix = unitsOf(query['prefix']);
  const delimiter = unitsOf(query['delimiter']);
  if (prefix === null || delimiter === null) return BAD_UNITS;
  const cursor = query['cursor'] === undefined ? null : decodeCursor(query['cursor']);
  const isOurs = query['cursor'] === undefined || (cursor !== null && fits(cursor, prefix, delimiter));
  if (!isOurs) return FOREIGN_CURSOR;
  const selection: ListSelection = {
    prefix,
    delimiter: delimiter === '' ? null : delimiter,
    after: cursor?.after ?? null,
    limit: Number(query['limit'] ?? LIST_ITEMS_DEFAULT),
    withValues: query['values'] === 'true',
  };
  return { selection, cursor };
}

const BAD_UNITS = fault('bad-request', 'The prefix or the delimiter is no text, or longer than a key.');
const FOREIGN_CURSOR = fault(
  'bad-request',
  'The cursor is not one that a page of this prefix and delimiter gave: send it unchanged, or none to begin anew.',
);

const REPLACED = fault(
  'replaced-lineage',
  'The history of the pages before was replaced by a new lineage, or the session token is of one that was: begin the list anew, without the cursor.',
);

/** Behind a folder nothing of it is listed: where folders are others, that would leave keys out. */
const fits = ({ after: { key, isFolder } }: Cursor, prefix: string, delimiter: string): boolean =>
  key.startsWith(prefix) && (!isFolder || (delimiter !== '' && key.endsWith(delimiter)));

/** One unit a byte; null: it cannot be part of a key. */
function unitsOf(text: string | undefined): string | null {
  return text === undefined || text === '' ? '' : keyOf(text);
}
