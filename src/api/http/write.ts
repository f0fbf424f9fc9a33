import type { CommittedOutcome, DataCommand, IdempotencyKey } from '../../core/store/commands.ts';
import type { LockCommand } from '../../core/store/locks.ts';
import { idempotencyKeyOf } from '../../protocol/http/idempotency.ts';
import { faultOfWrite } from '../../protocol/http/outcomes.ts';
import { encodeSessionToken } from '../../protocol/http/session-token.ts';
import type { ApiContext } from './context.ts';
import { fenced, STALE } from './fence.ts';
import { sendProblem } from './respond.ts';
import { refusalOf } from './unavailable.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';

/** What is to be written. `method` tells apart what one `Idempotency-Key` may not stand for both of. */
export interface WriteRequested {
  readonly method: string;
  readonly command: DataCommand | LockCommand;
}

/** A committed outcome, with the headers that every answer to a write has. */
export interface Written {
  readonly outcome: CommittedOutcome;
  readonly headers: string[];
}

/**
 * Writes, under the `Idempotency-Key` and the fence if there are any. null: it is not committed, or did nothing because the
 * fence is stale, and the answer that says so is on its way.
 */
export async function write(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  { method, command: asked }: WriteRequested,
): Promise<Written | null> {
  const command = isOfLock(asked) ? asked : fenced(request, asked);
  if ('code' in command) {
    sendProblem(response, command);
    return null;
  }
  const chosen = request.headers['idempotency-key'];
  const idempotencyKey: IdempotencyKey | null =
    typeof chosen === 'string' ? idempotencyKeyOf(chosen, method, command) : null;
  const result = await context.operations.write(command, { idempotencyKey });
  if (result.kind === 'unavailable') {
    sendProblem(response, refusalOf(result, context.metrics));
    return null;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-KV-Served-By', servedBy];
  if (outcome.kind !== 'committed') {
    sendProblem(response, faultOfWrite(outcome), headers);
    return null;
  }
  headers.push('X-KV-Session', encodeSessionToken(outcome), 'X-KV-Acks', `${outcome.acks}/${outcome.members}`);
  if (outcome.decided.kind === 'stale') {
    sendProblem(response, STALE, headers);
    return null;
  }
  return { outcome, headers };
}

const isOfLock = (command: DataCommand | LockCommand): command is LockCommand => 'lock' in command;
