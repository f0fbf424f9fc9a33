import type { Unavailable } from '../../ports/data-operations.ts';
import { sentenceOf, type Fault } from '../../protocol/http/problem.ts';
import type { ApiMetrics } from './context.ts';

/**
 * What a client is told where nobody answered. `overloaded` is a limit of this very process, and is counted here, where
 * it becomes an answer; what a limit of the leader refuses comes as an outcome, and was counted there.
 */
export function refusalOf(result: Unavailable, metrics: Pick<ApiMetrics, 'limitHit'>): Fault {
  const { code, detail, outcome } = result;
  if (code === 'overloaded') metrics.limitHit(code);
  return { code, detail: sentenceOf(detail), outcome };
}
