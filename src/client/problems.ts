import type { Answer, Effect } from './exchange.ts';
import { KvError, type KvCurrent } from './kv-error.ts';
import { retryAfterMsOf } from './retries.ts';

/** What stands between a client and the store says this while there is nobody behind it. */
const GATEWAY_STATUSES = [429, 502, 503, 504];
/** Of what is no answer of the store, in an error's text. */
const QUOTED_LENGTH_MAX = 200;

/** The error in an answer that is no success. */
export function problemOf(answer: Answer, effect: Effect): KvError {
  const { status, headers, text } = answer;
  const isWrite = effect.kind !== 'read';
  const retryAfterMs = retryAfterMsOf(headers.get('retry-after'), Date.now());
  const problem = problemIn(answer);
  if (problem === null) {
    const place = headers.get('location') === null ? '' : `, to ${headers.get('location') ?? ''}`;
    return new KvError({
      code: 'bad-answer',
      detail: notOurs(`${status}${place}`, text),
      status,
      retryable: GATEWAY_STATUSES.includes(status),
      // It may have been passed on before.
      outcome: isWrite && status >= 500 ? 'unknown' : 'none',
      retryAfterMs,
    });
  }
  const { code, detail, retryable, outcome } = problem;
  const isUnknown = isWrite && (outcome === 'unknown' || status === 500);
  return new KvError({
    code,
    detail: typeof detail === 'string' ? detail : code,
    status,
    retryable: retryable === true,
    outcome: isUnknown ? 'unknown' : 'none',
    current: currentIn(headers),
    retryAfterMs,
  });
}

interface ProblemBody {
  readonly code: string;
  readonly detail?: unknown;
  readonly retryable?: unknown;
  readonly outcome?: unknown;
}

function problemIn({ headers, text }: Answer): ProblemBody | null {
  if (!(headers.get('content-type') ?? '').startsWith('application/problem+json')) return null;
  try {
    const body = JSON.parse(text) as Partial<ProblemBody> | null;
    return typeof body?.code === 'string' ? (body as ProblemBody) : null;
  } catch {
    return null;
  }
}

function currentIn(headers: Headers): KvCurrent | null {
  const etag = headers.get('etag');
  if (etag === null) return null;
  return { etag, revision: Number(headers.get('x-kv-revision')), version: Number(headers.get('x-kv-version')) };
}

/** Where not even a connection came about, nothing can have been written. */
const NEVER_SENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** The error of a request that got no whole answer. */
export function unreachable(cause: unknown, url: string, outcome: 'none' | 'unknown'): KvError {
  // fetch says only that it failed; why, its cause says.
  const failed = (cause ?? {}) as { readonly cause?: unknown };
  const { code, message } = (failed.cause ?? failed) as { readonly code?: unknown; readonly message?: unknown };
  const said = typeof message === 'string' ? message : '';
  // Most of Node's messages have the code in them.
  const words = typeof code !== 'string' || said.includes(code) ? said : [said, code].filter(Boolean).join(', ');
  return new KvError({
    code: 'unreachable',
    detail: `${url} gave no answer, or half of one: ${words}.`,
    retryable: true,
    outcome: NEVER_SENT.has(code) ? 'none' : outcome,
    cause,
  });
}

export const timedOut = (url: string, outcome: 'none' | 'unknown', cause: unknown): KvError =>
  new KvError({ code: 'timeout', detail: `${url} did not answer in time.`, retryable: true, outcome, cause });

/** A success that is not what was asked for. null: no such key, where none can be missing. */
export function badAnswer(answer: Answer | null, effect: Effect, cause?: unknown): KvError {
  const { status, text } = answer ?? { status: 404, text: '' };
  return new KvError({
    code: 'bad-answer',
    detail: notOurs(String(status), text),
    status,
    outcome: effect.kind === 'read' ? 'none' : 'unknown',
    cause,
  });
}

const notOurs = (status: string, text: string): string =>
  `The answer, ${status}, is not one of kvstore; is the url right? ${text.slice(0, QUOTED_LENGTH_MAX)}`.trimEnd();
