import { decodeSessionToken } from '../../../src/protocol/http/session-token.ts';
import type { HistoryLineage, HistoryOperation, OperationOutcome, SessionState } from '../../history/operation.ts';
import { headerOf, type Answer, type Ending } from '../../measure/load/http-connection.ts';

/** An operation as a client means it, before it is known what becomes of it. */
export type Intent =
  | { readonly op: 'get'; readonly key: string; readonly mode: ReadMode }
  | { readonly op: 'put' | 'create'; readonly key: string; readonly value: string }
  | { readonly op: 'cas'; readonly key: string; readonly value: string; readonly tag: Tag }
  | { readonly op: 'delete'; readonly key: string };

export type ReadMode = 'linearizable' | 'in-sync' | 'session' | 'eventual';

/** An ETag, as it came, and what it stands for: in another lineage it matches nothing. */
export interface Tag {
  readonly etag: string;
  readonly revision: number;
  readonly lineage: HistoryLineage;
}

export interface RequestHeaders {
  readonly session: string | null;
  readonly idempotencyKey: string | null;
  /** Appended to the value, which ends at the first space: what is stored is as large as values are. */
  readonly paddingBytes: number;
}

/** What came of a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** The client has given up; whether the request had left it is not known. */
  | { readonly kind: 'gaveUp' };

export interface Settlement {
  readonly outcome: OperationOutcome;
  /** What was read. */
  readonly value: string | null;
  readonly tag: Tag | null;
  readonly revision: number | null;
  readonly version: number | null;
  readonly servedBy: string | null;
  readonly session: string | null;
  /** Of an error: its code, or what happened to the connection. */
  readonly code: string | null;
}

/** As it goes over the wire, one character for each byte. */
export function requestOf(intent: Intent, headers: RequestHeaders): string {
  const lines: string[] = [];
  const path = `/v1/keys/${intent.key}`;
  let body = '';
  switch (intent.op) {
    case 'get':
      lines.push(`GET ${path}?consistency=${intent.mode} HTTP/1.1`);
      break;
    case 'delete':
      lines.push(`DELETE ${path} HTTP/1.1`);
      break;
    case 'put':
    case 'cas':
    case 'create':
      lines.push(`${intent.op === 'create' ? 'POST' : 'PUT'} ${path} HTTP/1.1`, 'Content-Type: text/plain');
      if (intent.op === 'cas') lines.push(`If-Match: ${intent.tag.etag}`);
      body = headers.paddingBytes === 0 ? intent.value : `${intent.value} ${'.'.repeat(headers.paddingBytes)}`;
      lines.push(`Content-Length: ${body.length}`);
  }
  lines.push('Host: kvstore');
  if (headers.session !== null) lines.push(`X-KV-Session: ${headers.session}`);
  if (headers.idempotencyKey !== null && intent.op !== 'get') lines.push(`Idempotency-Key: ${headers.idempotencyKey}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What a client may conclude from what came back; where it may conclude nothing, a write is `unknown`. */
export function settle(op: Intent['op'], reply: Reply): Settlement {
  const notApplied: Settlement = {
    outcome: 'failed',
    value: null,
    tag: null,
    revision: null,
    version: null,
    servedBy: null,
    session: null,
    code: null,
  };
  // A read that was not answered has done nothing.
  const inDoubt: Settlement = { ...notApplied, outcome: op === 'get' ? 'failed' : 'unknown' };
  if (reply.kind === 'gaveUp') return { ...inDoubt, code: 'gave up' };
  if (reply.kind === 'ended') {
    return { ...(reply.ending === 'refused' ? notApplied : inDoubt), code: `connection ${reply.ending}` };
  }

  const { status, head, body } = reply.answer;
  const etag = headerOf(head, 'etag');
  const revision = numberOf(headerOf(head, 'x-kv-revision'));
  const session = headerOf(head, 'x-kv-session');
  const lineage = sessionOf(session)?.lineage ?? null;
  const told = {
    tag: etag === null || revision === null || lineage === null ? null : { etag, revision, lineage },
    version: numberOf(headerOf(head, 'x-kv-version')),
    servedBy: headerOf(head, 'x-kv-served-by'),
    session,
  };
  if (status >= 200 && status < 300) {
    const value = op === 'get' ? (body.split(' ', 1)[0] ?? '') : null;
    return { ...notApplied, ...told, outcome: 'ok', value, revision };
  }
  const problem = problemOf(reply.answer);
  // Not our words: whoever wrote them knows nothing of the write.
  if (problem === null) return { ...inDoubt, code: `status ${status}` };
  const { code } = problem;
  if (code === 'no-key' && (op === 'get' || op === 'delete'))
    return { ...notApplied, ...told, outcome: 'ok', code: null };
  const isRefusal = (op === 'create' && code === 'exists') || (op === 'cas' && code === 'revision-mismatch');
  if (isRefusal) return { ...notApplied, ...told, outcome: 'refused', revision, code };
  return { ...(problem.outcome === 'unknown' ? inDoubt : notApplied), ...told, code };
}

/** Where the same write was sent more than once, under one Idempotency-Key: an earlier attempt in doubt may still land. */
export function settleAgain(earlier: Settlement, later: Settlement): Settlement {
  return later.outcome === 'failed' && earlier.outcome === 'unknown' ? { ...later, outcome: 'unknown' } : later;
}

/** With what a person wants to know who looks for a cause; checkers do without. */
export type RecordedOperation = HistoryOperation & {
  /** Of an error: its code, or what happened to the connection. */
  readonly code: string | null;
  /** Who was asked, the last time. */
  readonly target: string;
};

export function operationOf(
  intent: Intent,
  settlement: Settlement,
  by: {
    readonly client: number;
    readonly target: string;
    readonly startUs: number;
    readonly endUs: number;
    /** The token that was sent along. */
    readonly session: string | null;
  },
): RecordedOperation {
  const { outcome, revision, version, servedBy, code } = settlement;
  const seen = sessionOf(settlement.session);
  const isOtherMode = intent.op === 'get' && intent.mode !== 'linearizable';
  return {
    client: by.client,
    op: intent.op,
    key: intent.key,
    value: intent.op === 'get' ? settlement.value : intent.op === 'delete' ? null : intent.value,
    expect: intent.op === 'cas' ? intent.tag.revision : null,
    mode: intent.op === 'get' && intent.mode === 'linearizable' ? 'linearizable' : null,
    start: by.startUs,
    end: by.endUs,
    outcome,
    revision,
    ...(isOtherMode ? { consistency: intent.mode } : {}),
    lineage: seen?.lineage ?? null,
    version,
    servedBy,
    token: sessionOf(by.session),
    seen,
    code,
    target: by.target,
    ...(intent.op === 'cas' ? { expectLineage: intent.tag.lineage } : {}),
  };
}

function sessionOf(text: string | null): SessionState | null {
  const token = text === null ? null : decodeSessionToken(text);
  return token === null ? null : { lineage: token.lineage, revision: token.revision };
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

function problemOf({ head, body }: Answer): { readonly code: string; readonly outcome?: string } | null {
  if (headerOf(head, 'content-type')?.startsWith('application/problem+json') !== true) return null;
  return JSON.parse(body) as { readonly code: string; readonly outcome?: string };
}
