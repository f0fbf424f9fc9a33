import { ERRORS, type ErrorCode } from '../../../core/base/errors.ts';
import type { HeadersOut, JsonSchema, ResponseDescription } from '../operation.ts';
import { fault, problemOf, PROBLEM_MEDIA_TYPE, retryAfterOf } from '../problem.ts';

export const fencingToken = {
  type: 'string',
  pattern: '^[0-9]+$',
  description: 'A whole number; each holder of a lock has a larger one than those before. Compare it as a number.',
} as const;

export const lockExpiresAt = { type: 'string', description: "By the log's time, as a date in ISO 8601." } as const;

/** What everybody may know of a lock that is held. */
export const lockHolder = {
  type: 'object',
  required: ['name', 'owner', 'fencingToken', 'expiresAt'],
  properties: {
    name: { type: 'string' },
    owner: { type: ['string', 'null'] },
    fencingToken,
    expiresAt: lockExpiresAt,
  },
} as const;

export const problemSchema = {
  type: 'object',
  description: 'RFC 9457. Match on `code`.',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
  properties: {
    type: { type: 'string', description: 'The code as a URI.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened, and what to do next.' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    retryable: { type: 'boolean', description: 'Whether the very same request may succeed a little later.' },
    outcome: {
      type: 'string',
      const: 'unknown',
      description: 'There if a write may have been applied, or may still be.',
    },
    holder: { ...lockHolder, description: 'With `lock-held`, but where others wait for the lock before this request.' },
    count: { type: 'integer', description: 'With `count-mismatch`: how many keys are under the prefix.' },
    oldestRevision: { type: 'integer', description: 'With `compacted`: where what is kept begins.' },
  },
} as const satisfies JsonSchema;

/** What a problem has beside its common members. */
const MORE: Partial<Record<ErrorCode, object>> = {
  'lock-held': {
    holder: {
      name: 'nightly',
      owner: 'job-7',
      fencingToken: '100000000000812',
      expiresAt: '2026-01-02T03:04:35.678Z',
    },
  },
  'count-mismatch': { count: 13 },
  compacted: { oldestRevision: 7001 },
};

const exampleOf = (code: ErrorCode) => ({
  summary: ERRORS[code].title,
  value: { ...problemOf(fault(code)), ...MORE[code] },
});

/** One of each error, by its code. */
export const problemExamples = Object.fromEntries(
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => [code, exampleOf(code)]),
) as Readonly<Record<ErrorCode, ReturnType<typeof exampleOf>>>;

export const retryAfter: HeadersOut = {
  'Retry-After': { description: 'Seconds; missing where a retry need not wait.', schema: { type: 'integer' } },
};

/** The responses of these errors, one per status; an error that two lists have is told once. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<string, ResponseDescription> {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      String(status),
      {
        description: sameStatus.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n\n'),
        ...(sameStatus.some((code) => retryAfterOf(code) !== null) ? { headers: retryAfter } : {}),
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: problemSchema,
            examples: Object.fromEntries(sameStatus.map((code) => [code, problemExamples[code]])),
          },
        },
      },
    ]),
  );
}

/** The same responses, each with these headers, where they apply. */
export const withHeaders = (
  headers: HeadersOut,
  responses: Readonly<Record<string, ResponseDescription>>,
): Record<string, ResponseDescription> =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      { ...response, headers: { ...response.headers, ...headers } },
    ]),
  );
