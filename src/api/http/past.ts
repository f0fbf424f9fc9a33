import type { Key } from '../../core/base/key.ts';
import type { LogIndex, Version } from '../../core/base/numbers.ts';
import type {
  HistoryRead,
  Kept,
  KeyRead,
  Past,
  PastPlace,
  PastRead,
  ReadOutcome,
  ReadTerms,
} from '../../core/store/reads.ts';
import { shownValueOf, stateOf } from '../../protocol/http/composite.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import { NO_QUERY, type QueryValues } from '../../protocol/http/query.ts';
import { sendJson, type RawHeaders } from './respond.ts';
import type { ApiResponse } from './exchange.ts';

/** R20: what a GET of a key asks for: the value that stands, one that stood, or all that are kept. */
export function keyReadOf(key: Key, terms: ReadTerms, query: QueryValues): KeyRead | PastRead | HistoryRead | Fault {
  if (query === NO_QUERY) return { kind: 'key', key, ...terms };
  const { version, revision, history, values } = query;
  const wantsHistory = history === 'true';
  if ([version !== undefined, revision !== undefined, wantsHistory].filter(Boolean).length > 1) return TWO_QUESTIONS;
  if (values !== undefined && !wantsHistory) return VALUES_OF_WHAT;
  if (wantsHistory) return { kind: 'history', key, withValues: values === 'true', ...terms };
  const at = placeOf(version, revision);
  return at === null ? { kind: 'key', key, ...terms } : { kind: 'past', key, at, ...terms };
}

const TWO_QUESTIONS = fault(
  'bad-request',
  'The query parameters version, revision and history ask for different things: send one of them.',
);
const VALUES_OF_WHAT = fault('bad-request', 'The query parameter values goes with history=true.');

function placeOf(version: string | undefined, revision: string | undefined): PastPlace | null {
  if (version !== undefined) return { kind: 'version', version: Number(version) as Version };
  return revision === undefined ? null : { kind: 'revision', revision: Number(revision) as LogIndex };
}

/** Why an older version cannot be shown. `name`: `The key "k"`; `revision`: that of the state that was read. */
export function faultOfPast(
  past: Exclude<Past, { kind: 'found' }>,
  { name, at, revision }: { readonly name: string; readonly at: PastPlace; readonly revision: LogIndex },
): Fault {
  const what = at.kind === 'version' ? `version ${at.version}` : `what it was at revision ${at.revision}`;
  if (past.kind === 'compacted') return fault('compacted', `${name}: ${what} is not known any more.`);
  if (at.kind === 'version') return fault('no-version', `${name} has had no version ${at.version}.`);
  const isToCome = at.revision > revision;
  return fault(
    'no-version',
    isToCome ? `Revision ${at.revision} is yet to come.` : `${name} had no value at revision ${at.revision}.`,
  );
}

export function sendHistory(
  response: ApiResponse,
  { versions, revision, lineage }: Extract<ReadOutcome, { kind: 'history' }>,
  headers: RawHeaders,
): void {
  const body = { revision, versions: versions.map((kept) => versionBody(kept, lineage.id)) };
  sendJson(response, 200, body, [...headers, 'Cache-Control', 'no-store']);
}

function versionBody({ stored, valueBytes, isShown }: Kept, lineageId: string): object {
  const modifiedAt = new Date(stored.modifiedMs).toISOString();
  const shown = isShown ? shownValueOf(stored) : {};
  return { ...stateOf(stored, lineageId), modifiedAt, size: valueBytes, ...shown };
}
