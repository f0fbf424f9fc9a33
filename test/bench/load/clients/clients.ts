import type { Address } from '../../../measure/load/http-connection.ts';
import type { Client } from '../client-load.ts';
import type { DialectName } from '../dialects.ts';

type Connect = (address: Address) => Promise<Client>;

/** Loaded only where they are used: they are none of the cost of a run over our own sockets. */
export const clients: Partial<Record<DialectName, Connect>> = {
  'etcd-grpc': async (address) => (await import('./etcd-grpc.ts')).etcdGrpc(address),
  'nats-kv': async (address) => (await import('./nats-kv.ts')).natsKv(address),
};
