import { ERRORS, type ErrorCode } from '../../core/base/errors.ts';

/** What went wrong, before it is known in which form the client reads it. */
export interface Fault<C extends ErrorCode = ErrorCode> {
  readonly code: C;
  /** This occurrence, in whole sentences; the advice of the table follows it. */
  readonly detail: string;
  /** `unknown`: a write may have been applied, or may still be. */
  readonly outcome: 'none' | 'unknown';
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly outcome?: 'unknown';
}

export function fault<C extends ErrorCode>(code: C, detail: string = ERRORS[code].meaning): Fault<C> {
  return { code, detail, outcome: 'none' };
}

/** Of a clause such as reasons are made of: `no replica answered` becomes `No replica answered.` */
export function sentenceOf(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}

export function statusOf(code: ErrorCode): number {
  return ERRORS[code].status;
}

/** Seconds, for the header Retry-After; null where a retry does not help, or need not wait. */
export function retryAfterOf(code: ErrorCode): number | null {
  const { status, retryable } = ERRORS[code];
  return retryable && (status === 503 || status === 409) ? 1 : null;
}

/** What happened and what to do next. */
export function textOfFault(fault: Fault): string {
  const unknown = fault.outcome === 'unknown' ? ' Whether the write was or will be applied is unknown.' : '';
  return `${fault.detail}${unknown} ${ERRORS[fault.code].advice}`;
}

export function problemOf(fault: Fault): Problem {
  const { status, title, retryable } = ERRORS[fault.code];
  return {
    type: `urn:kvstore:error:${fault.code}`,
    title,
    status,
    detail: textOfFault(fault),
    code: fault.code,
    retryable,
    ...(fault.outcome === 'unknown' ? { outcome: 'unknown' } : {}),
  };
}
