import type { IncomingMessage, ServerResponse } from 'node:http';

import { keyOf } from '../../core/base/key.ts';
import type { ListSelection, SessionToken } from '../../core/store/reads.ts';
import { envelopeOf } from '../../protocol/http/composite.ts';
import { decodeCursor, encodeCursor, type Cursor } from '../../protocol/http/cursor.ts';
import { textOf } from '../../protocol/http/key-path.ts';
import { faultOfRead } from '../../protocol/http/outcomes.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { QueryValues } from '../../protocol/http/query.ts';
import { LIST_ITEMS_DEFAULT, LIST_PATH, listKeys } from '../../protocol/http/schemas/list.ts';
import { encodeSessionToken } from '../../protocol/http/session-token.ts';
import { compileOperation } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { isFault, optionsOf } from './keys.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';

export const listRoutes: readonly Route[] = [
  { pattern: LIST_PATH, match: LIST_PATH, methods: { GET: listPage, HEAD: listPage } },
];

const validator = compileOperation(listKeys);

async function listPage(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const options = optionsOf(request, validator);
  if (isFault(options)) {
    sendProblem(response, options);
    return;
  }
  const asked = selectionOf(options.query);
  if ('code' in asked) {
    sendProblem(response, asked);
    return;
  }
  const { selection, cursor } = asked;
  const { mode, token } = options;
  const result = await context.operations.read({ kind: 'list', selection, mode, token });
  if (result.kind === 'unavailable') {
    sendProblem(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-KV-Served-By', servedBy];
  if (outcome.kind === 'read') throw new TypeError('a list was answered as a read of one key');
  if (outcome.kind !== 'listed') {
    sendProblem(response, faultOfRead(outcome), headers);
    return;
  }
  const { items, next, lineage, revision } = outcome;
  const seen: SessionToken = { lineage, revision };
  const first = cursor?.first ?? seen;
  headers.push('X-KV-Session', encodeSessionToken(seen), 'X-KV-Consistency', mode, 'Cache-Control', 'no-store');
  const page = {
    keys: items.flatMap((item) => {
      if (item.kind !== 'key') return [];
      const { value, valueB64, ...rest } = envelopeOf(item.key, item.stored, lineage.id);
      if (!selection.withValues) return [rest];
      return [{ ...rest, ...(value === undefined ? { valueB64 } : { value }) }];
    }),
    folders: items.flatMap((item) => (item.kind === 'folder' ? [textOf(item.prefix as never) ?? item.prefix] : [])),
    revision,
    oneRevision: first.revision === revision && first.lineage.id === lineage.id,
    ...(next === null ? {} : { cursor: encodeCursor({ after: next, first }) }),
  };
  sendJson(response, 200, page, headers);
}

interface Asked {
  readonly selection: ListSelection;
  readonly cursor: Cursor | null;
}

function selectionOf(query: QueryValues): Asked | Fault {
  const prefix = unitsOf(query['prefix']);
  const delimiter = unitsOf(query['delimiter']);
  if (prefix === undefined || delimiter === undefined)
    return fault('bad-request', 'The prefix or the delimiter is longer than a key, or no text.');
  const cursor = query['cursor'] === undefined ? null : decodeCursor(query['cursor']);
  const isForeign = query['cursor'] !== undefined && (cursor === null || !cursor.after.key.startsWith(prefix ?? ''));
  if (isForeign)
    return fault('bad-request', 'The cursor is not one that a page of this prefix gave: send it unchanged, or none.');
  const selection: ListSelection = {
    prefix: prefix ?? '',
    delimiter,
    after: cursor?.after ?? null,
    limit: Number(query['limit'] ?? LIST_ITEMS_DEFAULT),
    withValues: query['values'] === 'true',
  };
  return { selection, cursor };
}

/** One unit a byte; null: none is given; undefined: it cannot be part of a key. */
function unitsOf(text: string | undefined): string | null | undefined {
  return text === undefined || text === '' ? null : (keyOf(text) ?? undefined);
}
