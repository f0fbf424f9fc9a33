import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RecoverOutcome, RecoverRequest } from '../../core/election/recovery.ts';
import type { AdminOperations } from '../../ports/admin-operations.ts';
import { fault, sentenceOf, type Fault } from '../../protocol/http/problem.ts';
import { recoverBody, RECOVERY_PATH } from '../../protocol/http/schemas/admin.ts';
import { compileBody } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { tooLarge } from './keys.ts';
import { readBody } from './request-body.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { Route } from './routes.ts';

const BODY_BYTES_MAX = 65_536;

const checkRecover = compileBody(recoverBody);

/** For those who run a replica. */
export const adminRoutes = (admin: AdminOperations): readonly Route[] => [
  {
    pattern: RECOVERY_PATH,
    match: RECOVERY_PATH,
    methods: {
      GET: (_context, _request, response) => {
        sendJson(response, 200, admin.recoveryView(), ['Cache-Control', 'no-store']);
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
  // No web page can send this type without asking first (CORS), and nobody here answers that.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    sendProblem(response, fault('bad-request', 'The Content-Type must be application/json.'));
    return;
  }
  const body = await readBody(context, request, response, BODY_BYTES_MAX);
  switch (body.kind) {
    case 'aborted':
      return;
    case 'tooLarge':
      sendProblem(response, tooLarge(body.size, BODY_BYTES_MAX));
      return;
    case 'noRoom':
      sendProblem(response, fault('overloaded'));
      return;
    case 'body': {
      const asked = parse(body.bytes);
      if (typeof asked === 'string') sendProblem(response, fault('bad-request', asked));
      else sendOutcome(response, await admin.recover(asked));
    }
  }
}

/** The request, or what is wrong with it. */
function parse(bytes: Buffer): RecoverRequest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'The body is not JSON.';
  }
  const [error] = checkRecover(parsed);
  if (error !== undefined) return `The body is not as it should be: ${error.instancePath} ${error.message ?? ''}.`;
  return { despite: [], ...(parsed as Omit<RecoverRequest, 'despite'>) };
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
