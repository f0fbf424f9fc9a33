import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RecoverOutcome, RecoverRequest } from '../../core/election/recovery.ts';
import type { AdminOperations } from '../../ports/admin-operations.ts';
import { fault, sentenceOf, type Fault } from '../../protocol/http/problem.ts';
import { recoverBody, RECOVERY_PATH, recoverRoute, viewRoute } from '../../protocol/http/schemas/admin.ts';
import { compileBody, compileOperation } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { readJson } from './json-body.ts';
import { isFault, optionsOf } from './keys.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { Route } from './routes.ts';

const BODY_BYTES_MAX = 65_536;

const viewValidator = compileOperation(viewRoute);
const recoverValidator = compileOperation(recoverRoute);
const checkRecover = compileBody(recoverBody, 'first');

/** For those who run a replica. */
export const adminRoutes = (admin: AdminOperations): readonly Route[] => [
  {
    pattern: RECOVERY_PATH,
    match: RECOVERY_PATH,
    methods: {
      GET: (_context, request, response) => {
        const options = optionsOf(request, viewValidator);
        if (isFault(options)) sendProblem(response, options);
        else sendJson(response, 200, admin.recoveryView(), ['Cache-Control', 'no-store']);
      },
      POST: (context, request, response) => recover(admin, context, request, response),
    },
  },
];

async function recover(
  admin: AdminOperations,
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const options = optionsOf(request, recoverValidator);
  if (isFault(options)) {
    sendProblem(response, options);
    return;
  }
  const body = await readJson(context, request, response, { bytesMax: BODY_BYTES_MAX, check: checkRecover });
  if (body !== null)
    sendOutcome(response, await admin.recover({ despite: [], ...(body.value as Omit<RecoverRequest, 'despite'>) }));
}

function sendOutcome(response: ServerResponse, outcome: RecoverOutcome): void {
  if (outcome.kind === 'begun') {
    const { lineage, epoch } = outcome;
    sendJson(response, 200, { lineage, epoch });
  } else sendProblem(response, faultOf(outcome));
}

function faultOf(outcome: Exclude<RecoverOutcome, { kind: 'begun' }>): Fault {
  const detail = sentenceOf(outcome.detail);
  if (outcome.kind === 'refused') return fault(outcome.code, detail);
  return { code: 'kubernetes-away', detail, outcome: 'unknown' };
}
