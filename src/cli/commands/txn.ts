import type { Command } from 'commander';
import { CommandFailure, EXIT, QuietEnd } from '../exit-code.ts';
import { linesOf } from '../lines.ts';
import type { Terminal } from '../terminal.ts';
import { fileOrInput, valueOf } from '../value-input.ts';
import { addVerb, doing } from '../verb.ts';
import type { Invocation } from '../invocation.ts';
import { countText, utf8Of } from '../text.ts';
import { withWriteOptions } from './put.ts';

interface WriteFlags {
  readonly idempotencyKey?: string;
}

const JSON_BODY = { 'Content-Type': 'application/json' };

/** Both pass JSON on as it is: what it may say, the store knows, and says. */
export function addTxn(parent: Command, terminal: Terminal): void {
  withWriteOptions(
    addVerb(parent, {
      usage: 'txn <json>',
      summary: 'do several things at once, all or nothing',
      description: `Carries out "then" if all comparisons of "if" hold, else "else", and prints what came of it. The JSON is that of POST /v1/txn; - reads it from
standard input, @FILE from a file. Ends with 4 if the comparisons did not hold.`,
      examples: [
        `kv txn '{"if":[{"key":"a","value":"1"}],"then":[{"put":{"key":"a","value":"2"}},{"delete":{"key":"b"}}]}'`,
        'kv txn @move.json',
      ],
    }),
  ).action(
    doing(terminal, async (call, json: string, flags: WriteFlags) => {
      const body = utf8Of(Buffer.from(await valueOf(json, terminal)));
      if (body === null) throw new CommandFailure(EXIT.usage, 'The transaction is not UTF-8.');
      parsedJson(body, 'The transaction');
      const result = (await post(call, { target: '/v1/txn', body, flags })) as { readonly succeeded: boolean };
      const text = () => JSON.stringify(result);
      await call.output.one({ json: () => result, text, raw: text });
      if (!result.succeeded) throw new QuietEnd(EXIT.precondition);
    }),
  );
}

const OPERATIONS_MAX = 1000;
/** Half of what a request may have. */
const REQUEST_LENGTH_MAX = 2_000_000;

export function addBatch(parent: Command, terminal: Terminal): void {
  withWriteOptions(
    addVerb(parent, {
      usage: 'batch [file]',
      summary: 'do many things, each for itself',
      description: `Carries out an operation for each line of JSON, a thousand in one request, and prints what came of each. The JSON is that of POST
/v1/batch. Lines come from standard input if no file is named. Ends with 1 if one failed; the others are done all the same.`,
      examples: [
        `echo '{"put":{"key":"a","value":"1"}}' | kv batch`,
        `printf '{"delete":{"key":"%s"}}\\n' a b c | kv batch -o jsonl`,
      ],
    }),
  ).action(
    doing(terminal, async (call, file: string | undefined, flags: WriteFlags) => {
      let [all, failed] = [0, 0];
      const results = async function* () {
        for await (const operations of requestsOf(fileOrInput(file, terminal))) {
          const key = flags.idempotencyKey;
          // Each request is one of its own.
          const own = key === undefined || all === 0 ? flags : { idempotencyKey: `${key}.${all}` };
          const body = `{"operations":[${operations.join(',')}]}`;
          const answer = (await post(call, { target: '/v1/batch', body, flags: own })) as Results;
          all += operations.length;
          failed += answer.results.filter(({ error }) => error !== undefined).length;
          yield* answer.results;
        }
      };
      await call.output.many(results(), (result) => {
        const text = () => JSON.stringify(result);
        return { json: () => result, text, raw: text };
      });
      if (failed > 0)
        throw new CommandFailure(EXIT.error, `${countText(failed)} of ${countText(all)} operations failed.`);
    }),
  );
}

interface Results {
  readonly results: readonly { readonly status: number; readonly error?: object }[];
}

async function* requestsOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  let operations: string[] = [];
  let length = 0;
  for await (const { number, text } of linesOf(input)) {
    if (text === null) throw new CommandFailure(EXIT.usage, `Line ${number} is not UTF-8.`);
    parsedJson(text, `Line ${number}`);
    if (operations.length === OPERATIONS_MAX || (length + text.length > REQUEST_LENGTH_MAX && length > 0)) {
      yield operations;
      [operations, length] = [[], 0];
    }
    operations.push(text);
    length += text.length;
  }
  if (operations.length > 0) yield operations;
}

async function post(
  { transport }: Invocation,
  { target, body, flags }: { readonly target: string; readonly body: string; readonly flags: WriteFlags },
): Promise<object> {
  const { idempotencyKey = crypto.randomUUID() } = flags;
  const effect = { kind: 'write', idempotencyKey, isDrawn: flags.idempotencyKey === undefined } as const;
  const answer = await transport.call({ method: 'POST', target, headers: JSON_BODY, body, effect });
  return JSON.parse(answer?.text ?? '') as object;
}

export function parsedJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `${what} is no JSON: ${(error as Error).message}.`);
  }
}
