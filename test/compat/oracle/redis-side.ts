import { unreachable } from '../../../src/core/base/assert.ts';
import {
  isUncountable,
  leftOf,
  type Answer,
  type Bytes,
  type Command,
  type Comparison,
  type Found,
  type Left,
  type PutIf,
  type Side,
  type Step,
  type StepAnswer,
} from './commands.ts';
import { RedisError, type Redis, type Reply, type Words } from './redis.ts';

/** What a step is in Redis, and what the replies say. */
interface Translation {
  readonly words: readonly Words[];
  readonly read: (replies: readonly Reply[]) => StepAnswer;
}

/** Redis, or what stands for it, asked in its own commands. */
export class RedisSide implements Side {
  readonly #redis: Redis;
  readonly #namespace: Bytes;

  constructor(redis: Redis, namespace: Bytes) {
    this.#redis = redis;
    this.#namespace = namespace;
  }

  async answer(command: Command): Promise<Answer> {
    switch (command.kind) {
      case 'step':
        return this.#step(command.step);
      case 'left': {
        const left = Number(await this.#redis.one(['PTTL', this.#name(command.key)]));
        return { left: left === -2 ? 'absent' : leftOfReply(String(left)) };
      }
      case 'take': {
        const key = this.#name(command.key);
        const [left = null, value = null] = await this.#redis.together([
          ['PTTL', key],
          ['GETDEL', key],
        ]);
        return foundOf(value, left);
      }
      case 'batch':
        return { answers: await this.#batch(command.steps) };
      case 'txn':
        return this.#transaction(command);
      case 'list':
        return { listed: await this.#list(command.prefix) };
      case 'deletePrefix': {
        const keys = await this.#keys(command.prefix);
        return { deleted: keys.length === 0 ? 0 : Number(await this.#redis.one(['DEL', ...keys])) };
      }
      default:
        return unreachable(command);
    }
  }

  #name(key: Bytes): Bytes {
    return this.#namespace + key;
  }

  async #step(step: Step | PutIf): Promise<StepAnswer> {
    const { words, read } = translated(step, this.#name(step.key));
    return read(await this.#redis.together(words));
  }

  async #batch(steps: readonly (Step | PutIf)[]): Promise<StepAnswer[]> {
    const keys = steps.map(({ key }) => this.#name(key));
    if (steps.every(({ kind }) => kind === 'get')) {
      const [values = [], ...left] = await this.#redis.together([
        ['MGET', ...keys],
        ...keys.map((key) => ['PTTL', key] as const),
      ]);
      return (values as Reply[]).map((value, at) => foundOf(value, left[at] ?? null));
    }
    const puts = steps.flatMap((step) => (step.kind === 'put' && step.lifetime === 'unlimited' ? [step.value] : []));
    if (puts.length === steps.length && new Set(keys).size === keys.length) {
      const pairs = keys.flatMap((key, at) => [key, puts[at] ?? '']);
      const before = await this.#redis.together([...keys.map((key) => ['EXISTS', key] as const), ['MSET', ...pairs]]);
      return steps.map((_step, at) => (before[at] === '1' ? 'replaced' : 'created'));
    }
    const answers: StepAnswer[] = [];
    for (const step of steps) answers.push(await this.#step(step));
    return answers;
  }

  async #transaction(command: Extract<Command, { kind: 'txn' }>): Promise<Answer> {
    const compared = await Promise.all(command.if.map((comparison) => this.#compares(comparison)));
    const succeeded = !compared.includes(false);
    const steps = succeeded ? command.then : command.else;
    const before = await Promise.all(steps.map(async ({ key }) => [key, await this.#found(key)] as const));
    const translations = steps.map((step) => translated(step, this.#name(step.key)));
    const replies = [...(await this.#redis.together(translations.flatMap(({ words }) => words)))];
    const answers = translations.map(({ words, read }) => read(replies.splice(0, words.length)));
    const undone = answers.find(isUncountable);
    if (undone === undefined) return { succeeded, answers };
    // EXEC has done the rest all the same: that is put right by hand.
    for (const [key, found] of before) await this.#putBack(this.#name(key), found);
    return { undone };
  }

  async #compares({ key, is }: Comparison): Promise<boolean> {
    const value = await this.#redis.one(['GET', this.#name(key)]);
    if (is === 'absent' || is === 'present') return (value === null) === (is === 'absent');
    return 'equalTo' in is ? value === is.equalTo : value !== is.otherThan;
  }

  /** Value and milliseconds, as they stand. */
  async #found(key: Bytes): Promise<readonly [value: Bytes, left: number] | null> {
    const [value, left] = await this.#redis.together([
      ['GET', this.#name(key)],
      ['PTTL', this.#name(key)],
    ]);
    return typeof value === 'string' ? [value, Number(left)] : null;
  }

  async #putBack(name: Bytes, found: readonly [value: Bytes, left: number] | null): Promise<void> {
    if (found === null) await this.#redis.one(['DEL', name]);
    else if (found[1] < 0) await this.#redis.one(['SET', name, found[0]]);
    else await this.#redis.one(['SET', name, found[0], 'PX', String(Math.max(1, found[1]))]);
  }

  /** Redis gives them in no order: they are put into that of their bytes. */
  async #keys(prefix: Bytes): Promise<Bytes[]> {
    const pattern = `${this.#name(prefix).replaceAll(/[*?[\\]/g, String.raw`\$&`)}*`;
    return ((await this.#redis.one(['KEYS', pattern])) as Bytes[]).toSorted((a, b) => (a < b ? -1 : 1));
  }

  async #list(prefix: Bytes): Promise<(Found & { readonly key: Bytes })[]> {
    const names = (await this.#keys(prefix)).map((name) => name.slice(this.#namespace.length));
    const found = await Promise.all(names.map((key) => this.#found(key)));
    return names.flatMap((key, at) => {
      const [value, left] = found[at] ?? [];
      return value === undefined ? [] : [{ key, value, left: leftOfReply(String(left)) }];
    });
  }
}

/** EXISTS says what SET, INCRBY and PERSIST do not: whether there was something before. */
function translated(step: Step | PutIf, key: Bytes): Translation {
  switch (step.kind) {
    case 'get':
      return {
        words: [
          ['GET', key],
          ['PTTL', key],
        ],
        read: ([value = null, left = null]) => foundOf(value, left),
      };
    case 'put':
      return {
        words: [
          ['EXISTS', key],
          ['SET', key, step.value, ...lifetimeWords(step.lifetime)],
        ],
        read: ([existed]) => (existed === '1' ? 'replaced' : 'created'),
      };
    case 'putIf': {
      // SETNX knows of no time.
      if (step.is === 'absent' && step.lifetime === 'unlimited')
        return { words: [['SETNX', key, step.value]], read: ([reply]) => (reply === '1' ? 'created' : 'unmet') };
      const option = step.is === 'absent' ? 'NX' : 'XX';
      return {
        words: [['SET', key, step.value, ...lifetimeWords(step.lifetime), option]],
        read: ([reply]) => (reply === null ? 'unmet' : step.is === 'absent' ? 'created' : 'replaced'),
      };
    }
    case 'delete':
      return { words: [['DEL', key]], read: ([count]) => (count === '1' ? 'deleted' : 'absent') };
    case 'incr':
      return {
        words: [
          ['EXISTS', key],
          ['INCRBY', key, step.by],
        ],
        read: ([existed, sum = null]) => sumOf(sum, existed === '0'),
      };
    case 'touch': {
      const words: Words = step.lifetime === 'unlimited' ? ['PERSIST', key] : expireWords(key, step.lifetime);
      return { words: [['EXISTS', key], words], read: ([existed]) => (existed === '1' ? 'touched' : 'absent') };
    }
    default:
      return unreachable(step);
  }
}

function lifetimeWords(lifetime: Extract<Step, { kind: 'put' }>['lifetime']): Words {
  if (lifetime === 'unlimited') return [];
  if (lifetime === 'kept') return ['KEEPTTL'];
  return lifetime % 1000 === 0 ? ['EX', String(lifetime / 1000)] : ['PX', String(lifetime)];
}

const expireWords = (key: Bytes, ms: number): Words =>
  ms % 1000 === 0 ? ['EXPIRE', key, String(ms / 1000)] : ['PEXPIRE', key, String(ms)];

function foundOf(value: Reply, left: Reply): StepAnswer {
  if (value === null) return 'absent';
  if (typeof value === 'string') return { value, left: leftOfReply(left) };
  throw new Error(`a reply that is no value: ${String(value)}`);
}

const leftOfReply = (left: Reply): Left => (left === '-1' ? 'unlimited' : leftOf(Number(left)));

function sumOf(reply: Reply, created: boolean): StepAnswer {
  if (typeof reply === 'string') return { sum: reply, created };
  const message = reply instanceof RedisError ? reply.message : '';
  if (message === 'ERR value is not an integer or out of range') return 'not-a-number';
  if (message === 'ERR increment or decrement would overflow') return 'out-of-range';
  throw new Error(`INCRBY replied ${JSON.stringify(reply)} ${message}`);
}
