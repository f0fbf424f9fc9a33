import { ERRORS, type ErrorCode } from '../../../core/base/errors.ts';
import type { ResponseDescription } from '../operation.ts';
import { PROBLEM_MEDIA_TYPE } from '../problem.ts';

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
  },
} as const;

/** The responses of these errors, one per status. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<string, ResponseDescription> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      String(status),
      {
        description: sameStatus.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n\n'),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } },
      },
    ]),
  );
}
