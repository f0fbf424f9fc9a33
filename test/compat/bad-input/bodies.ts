import type { Kind } from './rules.ts';

/** A body that its schema takes, and the route does not. */
export interface RefusedBody {
  readonly kind: Extract<Kind, 'member beyond its schema' | 'key of a member' | 'value too large'>;
  readonly names: string;
  readonly text: string;
}

const beyond = (names: string, text: string): RefusedBody => ({ kind: 'member beyond its schema', names, text });
const badKey = (names: string, text: string): RefusedBody => ({ kind: 'key of a member', names, text });
const tooLarge = (text: string): RefusedBody => ({ kind: 'value too large', names: '', text });

const LONG_KEY = 'k'.repeat(1025);
/** Half of a character, which is no text. */
const HALF = String.raw`"\ud800"`;
/** One byte more than the stage takes. */
const LARGE = 'v'.repeat(2001);

const operations = (...list: readonly string[]): string => `{"operations":[${list.join()}]}`;
const GET = '{"get":{"key":"a"}}';

/** By operation. */
export const REFUSED_BODIES: Readonly<Record<string, readonly RefusedBody[]>> = {
  touchKey: [
    beyond('ttl', '{"ttl":"0"}'),
    beyond('ttl', '{"ttl":"36526d"}'),
    beyond('ttl', '{"ttl":9007199254740991}'),
  ],
  batch: [
    beyond('operations[0].get', operations('{"get":{}}')),
    beyond('operations[0].get', operations('{"get":{"key":"a","keyB64":"YQ=="}}')),
    beyond('operations[1].put', operations(GET, '{"put":{"keyB64":"a","value":""}}')),
    beyond('operations[0].put', operations('{"put":{"key":"a"}}')),
    beyond('operations[0].put', operations('{"put":{"key":"a","value":"","valueB64":""}}')),
    beyond('operations[0].put', operations('{"put":{"key":"a","valueB64":"*"}}')),
    beyond('operations[0].put', operations(`{"put":{"key":"a","value":${HALF}}}`)),
    beyond('operations[0].put', operations('{"put":{"key":"a","value":"","ttl":"0"}}')),
    beyond('operations[0].touch', operations('{"touch":{"key":"a","ttl":"36526d"}}')),
    beyond('operations[0].delete', operations('{"delete":{"key":"a","ifMatch":"*","ifNoneMatch":"*"}}')),
    beyond('operations[0].incr', operations('{"incr":{"key":"a","by":"9223372036854775808"}}')),
    badKey('operations[1].get', operations(GET, `{"get":{"key":"${LONG_KEY}"}}`)),
    badKey('operations[0].put', operations(`{"put":{"key":${HALF},"value":""}}`)),
    badKey('operations[0].delete', operations('{"delete":{"keyB64":""}}')),
    tooLarge(operations(`{"put":{"key":"a","value":"${LARGE}"}}`)),
  ],
  txn: [
    beyond('nothing to do', '{}'),
    beyond(
      '129 comparisons and operations',
      `{"if":[{"key":"a","exists":true}],"then":[${Array(128).fill(GET).join()}]}`,
    ),
    beyond('if[0]', `{"if":[{"key":"a"}],"then":[${GET}]}`),
    beyond('if[0]', `{"if":[{"key":"a","version":1,"revision":1}],"then":[${GET}]}`),
    beyond('if[0]', `{"if":[{"key":"a","value":"1","op":"<"}],"then":[${GET}]}`),
    beyond('else[0].put', '{"else":[{"put":{"key":"a"}}]}'),
    badKey('if[0]', `{"if":[{"key":"${LONG_KEY}","exists":true}],"then":[${GET}]}`),
    tooLarge(`{"then":[{"put":{"key":"a","value":"${LARGE}"}}]}`),
  ],
  acquireLock: [
    beyond('ttl', '{"ttl":"999ms"}'),
    beyond('ttl', '{"ttl":"25h"}'),
    beyond('ttl', '{"ttl":0}'),
    beyond('wait', '{"ttl":"30s","wait":"11s"}'),
    beyond('owner', `{"ttl":"30s","owner":"${'o'.repeat(1000)}"}`),
    beyond('owner', `{"ttl":"30s","owner":${HALF}}`),
  ],
  renewLock: [beyond('ttl', '{"ttl":"999ms"}'), beyond('ttl', '{"ttl":"25h"}')],
  put: [
    badKey('key', `{"key":"${LONG_KEY}","value":"v"}`),
    badKey('key', `{"key":${HALF},"value":"v"}`),
    beyond('value', `{"key":"k","value":${HALF}}`),
    tooLarge(`{"key":"k","value":"${LARGE}"}`),
  ],
  putVersion: [
    beyond('value', `{"value":${HALF}}`),
    tooLarge(`{"value":"${LARGE}"}`),
    tooLarge(`{"value":["${LARGE}"]}`),
  ],
  postVersion: [beyond('value', `{"value":${HALF}}`), tooLarge(`{"value":"${LARGE}"}`)],
  putToWorker: [beyond('value', `{"value":${HALF}}`), tooLarge(`{"value":"${LARGE}"}`)],
};
