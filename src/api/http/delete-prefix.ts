import type { IncomingMessage, ServerResponse } from 'node:http';

import { keyOf } from '../../core/base/key.ts';
import { DELETED_KEYS_MAX } from '../../core/store/commands.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { QueryValues } from '../../protocol/http/query.ts';
import { deleteKeys } from '../../protocol/http/schemas/list.ts';
import { compileOperation } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { isFault, optionsOf } from './keys.ts';
import { sendJson, sendProblem } from './respond.ts';
import { write } from './write.ts';

const validator = compileOperation(deleteKeys);

/** What a request asks to be deleted. */
interface Asked {
  readonly prefix: string;
  /** null: whatever the number is, it is only told. */
  readonly expected: number | null;
  readonly isDryRun: boolean;
}

/** All keys under a prefix, if they are as many as the client says: so that a slip of the pen is a refusal. */
export async function deleteUnder(
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const options = optionsOf(request, validator);
  if (isFault(options)) {
    sendProblem(response, options);
    return;
  }
  const asked = askedOf(options.query);
  if ('code' in asked) {
    if (asked.code === 'too-many-keys') context.metrics.limitHit(asked.code);
    sendProblem(response, asked);
    return;
  }
  const { prefix, expected, isDryRun } = asked;
  const command = { kind: 'deletePrefix', prefix, expected: isDryRun ? null : expected } as const;
  const written = await write(context, request, response, { method: 'DELETE', command });
  if (written === null) return;
  const { decided, revision } = written.outcome;
  const headers = [...written.headers, 'X-KV-Revision', String(revision)];
  if (decided.kind === 'cleared') {
    sendJson(response, 200, { deleted: decided.count, revision }, headers);
  } else if (decided.kind === 'tooMany') {
    context.metrics.limitHit('too-many-keys');
    sendProblem(response, fault('too-many-keys'), headers);
  } else if (decided.kind === 'counted') {
    const { count } = decided;
    if (isDryRun && (expected ?? count) === count) sendJson(response, 200, { count, revision }, headers);
    else sendProblem(response, miscounted(count, expected), headers, { count });
  } else {
    throw new TypeError(`a deletion under a prefix was answered as a ${decided.kind}`);
  }
}

const miscounted = (count: number, expected: number | null): Fault =>
  fault('count-mismatch', `${count} keys are under the prefix, and ${expected} were expected; none was deleted.`);

function askedOf(query: QueryValues): Asked | Fault {
  const { prefix: text = '', all, expect, dryRun } = query;
  if ((text === '') !== (all === 'true'))
    return fault(
      'bad-request',
      'What is to be deleted is not clear: give the prefix, or all=true without one for every key there is.',
    );
  const prefix = text === '' ? '' : keyOf(text);
  if (prefix === null) return fault('bad-request', 'The prefix is no text, or longer than a key.');
  const isDryRun = dryRun === 'true';
  if (expect === undefined && !isDryRun)
    return fault('bad-request', 'Say with expect how many keys are to be deleted; dryRun=true counts them.');
  const expected = expect === undefined ? null : Number(expect);
  // No leader would delete as many.
  if (expected !== null && expected > DELETED_KEYS_MAX)
    return fault('too-many-keys', `expect is ${expected}, and one request deletes ${DELETED_KEYS_MAX} keys at most.`);
  return { prefix, expected, isDryRun };
}
