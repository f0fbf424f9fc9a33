import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import type { Address } from '../../../measure/load/http-connection.ts';
import type { Client } from '../client-load.ts';
import { keyOf } from '../items.ts';
import { check } from '../request.ts';

const PUT = '/etcdserverpb.KV/Put';
const RANGE = '/etcdserverpb.KV/Range';
const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * etcd by gRPC's own library, over one HTTP/2 connection, as its clients do. Of the messages only what is needed is encoded:
 * the key, which is field 1 of both, and the value, which is field 2 of a put.
 */
export function etcdGrpc({ host, port }: Address): Promise<Client> {
  const grpc = new GrpcClient(`${host}:${port}`, credentials.createInsecure());
  const call = (method: string, message: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      grpc.makeUnaryRequest(method, asIs, asIs, message, (error, answer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      });
    });
  return Promise.resolve({
    async send(request) {
      const key = field(1, Buffer.from(keyOf(request.item)));
      if (request.kind === 'put') {
        await call(PUT, Buffer.concat([key, field(2, request.bytes)]));
        return;
      }
      const answer = await call(RANGE, key);
      // The value is the last field of the one key in the answer, but for the count of keys.
      check(answer, 0, answer.length, { ...request, times: 1 });
    },
    close() {
      grpc.close();
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
