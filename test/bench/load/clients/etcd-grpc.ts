import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import type { Address } from '../../../measure/load/http-connection.ts';
import type { Client } from '../client-load.ts';
import { keyOf } from '../items.ts';
import { check } from '../request.ts';

const PUT = '/etcdserverpb.KV/Put';
const RANGE = '/etcdserverpb.KV/Range';
const asIs = (bytes: Buffer): Buffer => bytes;

/** A member that was away is looked for so often, at the least. */
const RECONNECT_MS = { initial: 100, max: 500 };

/**
 * One member of etcd by gRPC's own library, over one HTTP/2 connection, as its clients do. Of the messages only what is needed
 * is encoded: the key, which is field 1 of both, and the value, which is field 2 of a put.
 */
export class EtcdGrpc {
  readonly #grpc: GrpcClient;

  constructor({ host, port }: Address) {
    this.#grpc = new GrpcClient(`${host}:${port}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.initial,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS.max,
    });
  }

  /** @throws what gRPC says, as that there was no answer `withinMs` */
  async put(key: string, value: Buffer, withinMs = Infinity): Promise<void> {
    await this.#call(PUT, Buffer.concat([field(1, Buffer.from(key)), field(2, value)]), withinMs);
  }

  /** The answer's bytes. */
  range(key: string): Promise<Buffer> {
    return this.#call(RANGE, field(1, Buffer.from(key)), Infinity);
  }

  close(): void {
    this.#grpc.close();
  }

  #call(method: string, message: Buffer, withinMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + withinMs;
      this.#grpc.makeUnaryRequest(method, asIs, asIs, message, { deadline }, (error, answer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      });
    });
  }
}

export function etcdGrpc(address: Address): Promise<Client> {
  const member = new EtcdGrpc(address);
  return Promise.resolve({
    async send(request) {
      if (request.kind === 'put') {
        await member.put(keyOf(request.item), request.bytes);
        return;
      }
      const answer = await member.range(keyOf(request.item));
      // The value is the last field of the one key in the answer, but for the count of keys.
      check(answer, 0, answer.length, { ...request, times: 1 });
    },
    close() {
      member.close();
      return Promise.resolve();
    },
  });
}

/** Of protocol buffers: bytes with their length before them. */
function field(number: number, bytes: Buffer): Buffer {
  const head = [(number << 3) | 2];
  let length = bytes.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}
