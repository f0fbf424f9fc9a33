import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Step } from '../../core/store/commands.ts';
import type { ReadMode, SessionToken } from '../../core/store/reads.ts';
import {
  batchOf,
  envelopeOf,
  faultOfStep,
  resultBody,
  statusOfResult,
  transactionOf,
  type BatchBody,
  type TxnBody,
} from '../../protocol/http/composite.ts';
import { faultOfRead } from '../../protocol/http/outcomes.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import {
  BATCH_PATH,
  batchBody,
  batchOperation,
  COMPOSITE_BYTES_MAX,
  TXN_PATH,
  txnBody,
  txnOperation,
} from '../../protocol/http/schemas/composite.ts';
import { encodeSessionToken } from '../../protocol/http/session-token.ts';
import { compileBody, compileOperation, type Validator } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { readJson, type JsonBody } from './json-body.ts';
import { isFault, optionsOf, type ReadOptions } from './keys.ts';
import { sendJson, sendProblem } from './respond.ts';
import type { Handler, Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';
import { write } from './write.ts';

const checkBatch = compileBody(batchBody, 'first');
const checkTxn = compileBody(txnBody, 'first');
const batchValidator = compileOperation(batchOperation);
const txnValidator = compileOperation(txnOperation);

export const compositeRoutes: readonly Route[] = [
  { pattern: BATCH_PATH, match: BATCH_PATH, methods: { POST: withBody(batchValidator, checkBatch, batch) } },
  { pattern: TXN_PATH, match: TXN_PATH, methods: { POST: withBody(txnValidator, checkTxn, txn) } },
];

interface Exchange {
  readonly context: ApiContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly options: ReadOptions;
}

/** The parsed body, once everything about the request is as its schemas say; else the answer is on its way. */
function withBody(
  validator: Validator,
  check: JsonBody['check'],
  handle: (exchange: Exchange, body: unknown) => Promise<void>,
): Handler {
  return async (context, request, response) => {
    const options = optionsOf(request, validator);
    if (isFault(options)) {
      sendProblem(response, options);
      return;
    }
    const body = await readJson(context, request, response, { bytesMax: COMPOSITE_BYTES_MAX, check });
    if (body !== null) await handle({ context, request, response, options }, body.value);
  };
}

async function batch(exchange: Exchange, body: unknown): Promise<void> {
  const { context, request, response, options } = exchange;
  const command = batchOf(body as BatchBody, context.limits);
  if ('code' in command) {
    refuse(exchange, command);
    return;
  }
  if (command.steps.every((step) => step.kind === 'get')) {
    await readAll(exchange, command.steps, options.mode, options.token);
    return;
  }
  const written = await write(context, request, response, { method: command.kind, command });
  if (written === null) return;
  const { decided, revision, lineage } = written.outcome;
  const headers = [...written.headers, 'X-KV-Revision', String(revision)];
  if (decided.kind !== 'batch') {
    sendProblem(response, OVERLONG, headers);
    return;
  }
  const results = decided.results.map((result, at) => ({
    status: statusOfResult(result),
    ...resultBody(result, command.steps[at] as Step, revision, lineage.id),
  }));
  sendJson(response, 200, { revision, results }, headers);
}

async function txn(exchange: Exchange, body: unknown): Promise<void> {
  const { context, request, response } = exchange;
  const command = transactionOf(body as TxnBody, context.limits);
  if ('code' in command) {
    refuse(exchange, command);
    return;
  }
  const written = await write(context, request, response, { method: command.kind, command });
  if (written === null) return;
  const { decided, revision, lineage } = written.outcome;
  const headers = [...written.headers, 'X-KV-Revision', String(revision)];
  if (decided.kind === 'transaction') {
    const steps = command[decided.chose];
    const results = decided.results.map((result, at) => resultBody(result, steps[at] as Step, revision, lineage.id));
    sendJson(response, 200, { succeeded: decided.chose === 'then', revision, results }, headers);
  } else if (decided.kind === 'abandoned') {
    const { chose, step, outcome: failed } = decided;
    const { key } = command[chose][step] as Step;
    const why =
      failed.kind === 'uncountable' || failed.kind === 'mismatch'
        ? faultOfStep(failed, key, lineage.id)
        : fault('internal');
    sendProblem(response, { ...why, detail: `Operation ${step}: ${why.detail} Nothing was done.` }, headers);
  } else {
    sendProblem(response, OVERLONG, headers);
  }
}

const OVERLONG = fault('too-large', 'The values that it gets have more than 1 MiB together; nothing was done.');

function refuse({ context, response }: Exchange, why: Fault): void {
  if (why.code === 'too-large') context.metrics.limitHit('too-large');
  sendProblem(response, why);
}

/** At once: enough to hide the way to a replica, and one batch does not take a replica's whole queue. */
const READS_AT_ONCE = 16;
const READ_BYTES_MAX = 4 * 1024 * 1024;

/** Each for itself: they need not show one revision, and the answer's token is that of the newest. */
async function readAll(
  exchange: Exchange,
  steps: readonly Step[],
  mode: ReadMode,
  token: SessionToken | null,
): Promise<void> {
  const { context, response } = exchange;
  const results: object[] = [];
  let newest: SessionToken | null = null;
  let bytes = 0;
  for (let from = 0; from < steps.length; from += READS_AT_ONCE) {
    const some = steps.slice(from, from + READS_AT_ONCE);
    const answers = await Promise.all(
      some.map(async ({ key }) => context.operations.read({ kind: 'key', key, mode, token })),
    );
    for (const [at, answer] of answers.entries()) {
      if (answer.kind === 'unavailable') {
        sendProblem(response, refusalOf(answer, context.metrics));
        return;
      }
      const { outcome } = answer;
      if (outcome.kind !== 'read') {
        sendProblem(response, faultOfRead(outcome));
        return;
      }
      const { found, lineage, revision } = outcome;
      if (newest === null || isNewer({ lineage, revision }, newest)) newest = { lineage, revision };
      bytes += found?.value.length ?? 0;
      const get = found === null ? null : envelopeOf((some[at] as Step).key, found, lineage.id);
      results.push({ status: found === null ? 404 : 200, get });
    }
    if (bytes > READ_BYTES_MAX) {
      refuse(exchange, fault('too-large', 'The values have more than 4 MiB together; read them with several batches.'));
      return;
    }
  }
  const headers = newest === null ? [] : ['X-KV-Session', encodeSessionToken(newest)];
  sendJson(response, 200, { results }, [...headers, 'X-KV-Consistency', mode, 'Cache-Control', 'no-store']);
}

const isNewer = (a: SessionToken, b: SessionToken): boolean =>
  a.lineage.number === b.lineage.number ? a.revision > b.revision : a.lineage.number > b.lineage.number;
