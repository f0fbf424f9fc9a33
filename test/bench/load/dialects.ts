import { judgeHttp } from './http-answer.ts';
import { keyOf, uuidOf, valueOf } from './items.ts';
import type { Judge, Request } from './request.ts';
import { judgeResp } from './resp-answer.ts';

/** How a contestant is asked to write and to read a key, and what it must say to that. */
export interface Dialect {
  /** Of our own sockets; null: a client of the contestant's own sends the requests (`clients/`). */
  readonly judge: Judge | null;
  /** A write is about this key and so many less one after it. */
  readonly keysPerPut: number;
  put(item: number, options: ItemOptions): Request;
  get(item: number, options: ItemOptions): Request;
}

export interface ItemOptions {
  readonly keys: number;
  /** @default 1 */
  readonly apart?: number;
  readonly valueBytes: number;
}

/** Both of two replicas. */
const WAIT_REPLICAS = '2';
/** Longer than a run would wait for any answer. */
const WAIT_MS = '60000';

/** `/v1/keys`; the bare servers of `contestants/servers` speak it, too. */
const native: Dialect = {
  judge: judgeHttp,
  keysPerPut: 1,
  put: (item, { valueBytes }) => http('PUT', `/v1/keys/${keyOf(item)}`, valueOf(item, valueBytes), SUCCESS),
  get: (item, { valueBytes }) => http('GET', `/v1/keys/${keyOf(item)}`, null, { is: valueOf(item, valueBytes) }),
};

const linearizable: Dialect = {
  ...native,
  get: (item, { valueBytes }) =>
    http('GET', `/v1/keys/${keyOf(item)}?consistency=linearizable`, null, { is: valueOf(item, valueBytes) }),
};

/** Several keys in one request; reads are single ones. */
const batchOf = (putsPerBatch: number): Dialect => ({
  ...native,
  keysPerPut: putsPerBatch,
  put(item, { keys, apart = 1, valueBytes }) {
    const operations = Array.from({ length: putsPerBatch }, (_, at) => {
      const other = (item + at * apart) % (keys * apart);
      return { put: { key: keyOf(other), value: valueOf(other, valueBytes) } };
    });
    const answer = { holds: '{"status":20', times: putsPerBatch };
    return { ...http('POST', '/v1/batch', JSON.stringify({ operations }), answer), operations: putsPerBatch };
  },
});

/** The routes of the main earlier service: ours, and those of the fan-out that is made after it. */
const earlier: Dialect = {
  judge: judgeHttp,
  keysPerPut: 1,
  put(item, { valueBytes }) {
    const body = JSON.stringify({ key: keyOf(item), value: valueOf(item, valueBytes) });
    return http('PUT', '/put', body, {
      is: JSON.stringify({ message: `Key '${keyOf(item)}' added/updated successfully.` }),
    });
  },
  get: (item, { valueBytes }) =>
    http('GET', `/get/${keyOf(item)}`, null, { holds: `"value":"${valueOf(item, valueBytes)}"`, times: 1 }),
};

/** The earlier service whose values stand in a data file, under UUIDs. */
const dataFile: Dialect = {
  judge: judgeHttp,
  keysPerPut: 1,
  put: () => {
    throw new Error('a data file is only read');
  },
  get(item, { valueBytes }) {
    const key = uuidOf(item);
    return http('GET', `/get_value/${key}`, null, { is: JSON.stringify({ key, value: valueOf(item, valueBytes) }) });
  },
};

/** etcd's JSON gateway. A read is linearizable unless it says otherwise. */
const etcdJson: Dialect = {
  judge: judgeHttp,
  keysPerPut: 1,
  put(item, { valueBytes }) {
    const body = { key: base64(keyOf(item)), value: base64(valueOf(item, valueBytes)) };
    return http('POST', '/v3/kv/put', JSON.stringify(body), { holds: '"revision":', times: 1 });
  },
  get: (item, options) => etcdRange(item, options, {}),
};

/** From the member's own memory, which may be behind. */
const etcdJsonSerializable: Dialect = {
  ...etcdJson,
  get: (item, options) => etcdRange(item, options, { serializable: true }),
};

/** A write, and in the same bytes the wait for both replicas. */
const redis: Dialect = {
  judge: judgeResp,
  keysPerPut: 1,
  put(item, { valueBytes }) {
    const bytes = Buffer.concat([
      command('SET', keyOf(item), valueOf(item, valueBytes)),
      command('WAIT', WAIT_REPLICAS, WAIT_MS),
    ]);
    return { bytes, operations: 1, commands: 2, expected: Buffer.from(`+OK\r\n:${WAIT_REPLICAS}\r\n`), times: 0 };
  },
  get(item, { valueBytes }) {
    const value = valueOf(item, valueBytes);
    const expected = Buffer.from(`$${value.length}\r\n${value}\r\n`);
    return { bytes: command('GET', keyOf(item)), operations: 1, commands: 1, expected, times: 0 };
  },
};

/** What their clients send is their own business: the bytes are the value alone. */
const ofClient: Dialect = {
  judge: null,
  keysPerPut: 1,
  put: (item, { valueBytes }) => ofValue(item, valueBytes),
  get: (item, { valueBytes }) => ofValue(item, valueBytes),
};

export const dialects = {
  native,
  linearizable,
  batch: batchOf(100),
  'batch-10': batchOf(10),
  earlier,
  'data-file': dataFile,
  'etcd-json': etcdJson,
  'etcd-json-serializable': etcdJsonSerializable,
  redis,
  'etcd-grpc': ofClient,
  'nats-kv': ofClient,
} as const satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof dialects;

/** Of the body: all of it, or what it holds so many times. */
type Expectation = { readonly is: string } | { readonly holds: string; readonly times: number } | null;

/** The status says all. */
const SUCCESS = null;

function http(method: string, path: string, body: string | null, answer: Expectation): Request {
  const type = body?.startsWith('{') === true ? 'Content-Type: application/json\r\n' : '';
  const length = body === null ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${type}${length}\r\n${body ?? ''}`);
  if (answer === null) return { bytes, operations: 1, commands: 1, expected: null, times: 0 };
  const [text, times] = 'is' in answer ? [answer.is, 0] : [answer.holds, answer.times];
  return { bytes, operations: 1, commands: 1, expected: Buffer.from(text), times };
}

function etcdRange(item: number, { valueBytes }: ItemOptions, options: object): Request {
  const body = JSON.stringify({ key: base64(keyOf(item)), ...options });
  return http('POST', '/v3/kv/range', body, { holds: `"value":"${base64(valueOf(item, valueBytes))}"`, times: 1 });
}

function ofValue(item: number, valueBytes: number): Request {
  const bytes = Buffer.from(valueOf(item, valueBytes));
  return { bytes, operations: 1, commands: 1, expected: bytes, times: 0 };
}

function command(...words: readonly string[]): Buffer {
  return Buffer.from(
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
  );
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
