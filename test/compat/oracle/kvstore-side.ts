import { Agent } from 'node:http';

import { unreachable } from '../../../src/core/base/assert.ts';
import { exchange, type Answer as HttpAnswer, type Sent } from '../openapi/exchange.ts';
import {
  bufferOf,
  type Answer,
  type Bytes,
  type Command,
  type Comparison,
  type Found,
  type PutIf,
  type Side,
  type Step,
  type StepAnswer,
} from './commands.ts';
import {
  answerOf,
  bytesIn,
  canTravel,
  comparison,
  encoded,
  foundIn,
  keyIn,
  leftAlone,
  leftOfHeader,
  pathOf,
  spelled,
  valueIn,
  type Envelope,
  type Json,
  type StepResult,
} from './http-forms.ts';

/** Or a problem. */
interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly results?: readonly StepResult[];
  readonly code?: string;
}

interface Page {
  readonly keys: readonly Envelope[];
  readonly cursor?: string;
}

/** Our store over HTTP. It is asked as a client would: each request carries the session token of the last answer. */
export class KvstoreSide implements Side {
  readonly #bases: readonly string[];
  /** Of one sequence: no connection is idle for so long that a server closes it. */
  readonly #agent = new Agent({ keepAlive: true });
  readonly #namespace: Bytes;
  #session: string | null = null;

  constructor(bases: readonly string[], namespace: Bytes) {
    this.#bases = bases;
    this.#namespace = namespace;
  }

  async answer(command: Command): Promise<Answer> {
    switch (command.kind) {
      case 'step':
        return this.#step(command, command.step, command.door);
      case 'left': {
        const key = this.#name(command.key);
        if (!canTravel(key)) return leftAlone(await this.#oneOfBatch(command, { kind: 'get', key: command.key }));
        const { status, headers } = await this.#ask(command, 'HEAD', reading(pathOf(key), command));
        return status === 404 ? { left: 'absent' } : { left: leftOfHeader(headers['x-kv-ttl']) };
      }
      case 'take': {
        const steps: readonly Step[] = [
          { kind: 'get', key: command.key },
          { kind: 'delete', key: command.key },
        ];
        const { results } = await this.#transaction(command, { if: [], then: steps, else: [] });
        return answerOf(results?.[0]);
      }
      case 'batch':
        return { answers: await this.#batch(command, command.steps) };
      case 'txn': {
        const { code, succeeded, results = [] } = await this.#transaction(command, command);
        if (code === 'not-a-number' || code === 'out-of-range') return { undone: code };
        return { succeeded: succeeded === true, answers: results.map(answerOf) };
      }
      case 'list':
        return { listed: await this.#list(command) };
      case 'deletePrefix': {
        const path = `/v1/keys?prefix=${encoded(this.#name(command.prefix))}`;
        const dry = jsonOf(await this.#ask(command, 'DELETE', `${path}&dryRun=true`)) as { count: number };
        const answer = await this.#ask(command, 'DELETE', `${path}&expect=${dry.count}`);
        return { deleted: (jsonOf(answer) as { deleted: number }).deleted };
      }
      default:
        return unreachable(command);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #name(key: Bytes): Bytes {
    return this.#namespace + key;
  }

  async #step(
    command: Command,
    step: Step | PutIf,
    door: Extract<Command, { kind: 'step' }>['door'],
  ): Promise<StepAnswer> {
    if (door === 'batch' || (door === 'key' && !canTravel(this.#name(step.key))))
      return this.#oneOfBatch(command, step);
    if (door === 'key') return this.#atItsKey(command, step);
    const isConditional = step.kind === 'putIf';
    const { succeeded, code, results } = await this.#transaction(command, {
      if: isConditional ? [{ key: step.key, is: step.is }] : [],
      then: [isConditional ? { ...step, kind: 'put' } : step],
      else: [],
    });
    if (code === 'not-a-number' || code === 'out-of-range') return code;
    return succeeded === true ? answerOf(results?.[0]) : 'unmet';
  }

  async #oneOfBatch(command: Command, step: Step | PutIf): Promise<StepAnswer> {
    const [answer] = await this.#batch(command, [step]);
    if (answer === undefined) throw new Error('a batch of one has no result');
    return answer;
  }

  async #atItsKey(command: Command, step: Step | PutIf): Promise<StepAnswer> {
    const path = pathOf(this.#name(step.key));
    switch (step.kind) {
      case 'get': {
        const { status, headers, body } = await this.#ask(command, 'GET', reading(path, command));
        if (status === 404) return 'absent';
        return { value: body.toString('latin1'), left: leftOfHeader(headers['x-kv-ttl']) };
      }
      case 'put':
      case 'putIf': {
        const condition = step.kind === 'put' ? {} : step.is === 'present' ? { 'if-match': '*' } : CREATES;
        const lifetime = step.lifetime === 'unlimited' ? {} : { 'x-kv-ttl': spelled(step.lifetime) };
        // Two requests say "only if absent": the one that SETNX is, and SET NX.
        const method = condition === CREATES && step.lifetime === 'unlimited' ? 'POST' : 'PUT';
        const headers = method === 'POST' ? {} : { ...condition, ...lifetime };
        const { status } = await this.#ask(command, method, path, bufferOf(step.value), headers);
        return status === 412 || status === 409 ? 'unmet' : status === 201 ? 'created' : 'replaced';
      }
      case 'delete':
        return (await this.#ask(command, 'DELETE', path)).status === 404 ? 'absent' : 'deleted';
      case 'incr': {
        const answer = await this.#ask(command, 'POST', `${path}?incr=${step.by}`);
        const { status, body } = answer;
        if (status !== 409) return { sum: body.toString('latin1'), created: status === 201 };
        return answerOf({ error: jsonOf(answer) as { code: string } });
      }
      case 'touch': {
        const ttl = step.lifetime === 'unlimited' ? null : spelled(step.lifetime);
        const { status } = await this.#ask(command, 'PATCH', path, JSON.stringify({ ttl }), JSON_TYPE);
        return status === 404 ? 'absent' : 'touched';
      }
      default:
        return unreachable(step);
    }
  }

  async #batch(command: Command, steps: readonly (Step | PutIf)[]): Promise<StepAnswer[]> {
    const body = { operations: steps.map((step) => this.#operation(step)) };
    const path = reading('/v1/batch', command);
    const answer = await this.#ask(command, 'POST', path, JSON.stringify(body), JSON_TYPE);
    return (jsonOf(answer) as { results: StepResult[] }).results.map(answerOf);
  }

  async #transaction(
    command: Command,
    asked: { readonly if: readonly Comparison[]; readonly then: readonly Step[]; readonly else: readonly Step[] },
  ): Promise<TxnAnswer> {
    const body = {
      if: asked.if.map(({ key, is }) => ({ ...keyIn(this.#name(key)), ...comparison(is) })),
      then: asked.then.map((step) => this.#operation(step)),
      else: asked.else.map((step) => this.#operation(step)),
    };
    return jsonOf(await this.#ask(command, 'POST', '/v1/txn', JSON.stringify(body), JSON_TYPE)) as TxnAnswer;
  }

  #operation(step: Step | PutIf): Json {
    const key = keyIn(this.#name(step.key));
    switch (step.kind) {
      case 'get':
      case 'delete':
        return { [step.kind]: key };
      case 'put':
      case 'putIf': {
        const ttl = step.lifetime === 'unlimited' ? {} : { ttl: spelled(step.lifetime) };
        const condition = step.kind === 'put' ? {} : { [step.is === 'absent' ? 'ifNoneMatch' : 'ifMatch']: '*' };
        return { put: { ...key, ...valueIn(step.value), ...ttl, ...condition } };
      }
      case 'incr':
        return { incr: { ...key, by: step.by } };
      case 'touch':
        return { touch: { ...key, ttl: step.lifetime === 'unlimited' ? null : spelled(step.lifetime) } };
      default:
        return unreachable(step);
    }
  }

  async #list(command: Extract<Command, { kind: 'list' }>): Promise<(Found & { readonly key: Bytes })[]> {
    const query = `prefix=${encoded(this.#name(command.prefix))}&limit=${command.limit}&values=true`;
    const path = reading(`/v1/keys?${query}`, command);
    const listed: Envelope[] = [];
    let cursor: string | undefined;
    do {
      const page = cursor === undefined ? path : `${path}&cursor=${cursor}`;
      const { keys, ...rest } = jsonOf(await this.#ask(command, 'GET', page)) as Page;
      listed.push(...keys);
      cursor = rest.cursor;
    } while (cursor !== undefined);
    return listed.map((envelope) => {
      const name = bytesIn(envelope.key, envelope.keyB64);
      return { key: name.slice(this.#namespace.length), ...foundIn(envelope) };
    });
  }

  async #ask(
    { at }: Command,
    method: string,
    path: string,
    body: string | Buffer | null = null,
    headers: Sent['headers'] = {},
  ): Promise<HttpAnswer> {
    const session = this.#session === null ? {} : { 'x-kv-session': this.#session };
    const base = this.#bases[at % this.#bases.length] ?? '';
    const answer = await exchange(base, this.#agent, { method, path, headers: { ...headers, ...session }, body });
    if (!EXPECTED.includes(answer.status))
      throw new Error(`${method} ${path} ${String(body)}: ${answer.status} ${answer.body.toString()}`);
    this.#session = answer.headers['x-kv-session'] ?? this.#session;
    return answer;
  }
}

/** Whatever else there is, no sequence should meet. */
const EXPECTED = [200, 201, 204, 404, 409, 412];
const JSON_TYPE = { 'content-type': 'application/json' };
const CREATES = { 'if-none-match': '*' };

const jsonOf = ({ body }: HttpAnswer): unknown => JSON.parse(body.toString('utf8'));

const reading = (path: string, { mode }: Command): string =>
  `${path}${path.includes('?') ? '&' : '?'}consistency=${mode}`;
