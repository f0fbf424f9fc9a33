import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import type { Address } from '../../../measure/load/http-connection.ts';
import type { Client } from '../client-load.ts';
import { keyOf } from '../items.ts';
import { check, WrongAnswer } from '../request.ts';

export const BUCKET = 'bench';

/** NATS' own client over one connection, as it is meant to be used. */
export async function natsKv({ host, port }: Address): Promise<Client> {
  const connection = await connect({ servers: `${host}:${port}`, ignoreClusterUpdates: true, noRandomize: true });
  const bucket = await new Kvm(connection).open(BUCKET);
  return {
    async send(request) {
      const key = keyOf(request.item);
      if (request.kind === 'put') {
        await bucket.put(key, request.bytes);
        return;
      }
      const entry = await bucket.get(key);
      if (entry === null) throw new WrongAnswer(`${key} is not there`);
      check(Buffer.from(entry.value), 0, entry.value.length, request);
    },
    close: () => connection.close(),
  };
}
