import { connect, type NatsConnection } from '@nats-io/transport-node';
import { until } from '../../measure/until.ts';
import { HOST } from '../contestants/contestant.ts';
import { nats as contestant, startNats, type NatsServer } from '../contestants/nats.ts';
import { BUCKET } from '../load/clients/nats-kv.ts';
import type { GapContestant, Group, Member } from './group.ts';
import { SteadyWrites, type Way } from './steady-writes.ts';

const ANSWER_MS = 1000;
const WHOLE_WITHIN_MS = 90_000;
const READS_AT_ONCE = 64;
const READ_MS = 10_000;
const STREAM = `KV_${BUCKET}`;

interface StreamInfo {
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean; readonly lag?: number }[];
  };
}

interface PubAck {
  readonly error?: { readonly description: string };
}

/** Three servers, and a connection of NATS' own client to each, which stays with its server. */
export const nats: GapContestant = {
  title: contestant.title,
  missing: () => contestant.missing(),
  async start(): Promise<Group> {
    const cluster = await startNats();
    let writings = 0;
    /** Each stays with its server, and comes back to it. */
    const connections = await Promise.all(
      cluster.servers.map(({ port }) =>
        connect({
          servers: `${HOST}:${port}`,
          ignoreClusterUpdates: true,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 50,
          reconnectJitter: 0,
        }),
      ),
    );
    /** From whoever answers first. */
    const info = async (): Promise<StreamInfo> =>
      Promise.any(
        connections.map(async (connection) => {
          const answer = await connection.request(`$JS.API.STREAM.INFO.${STREAM}`, '', { timeout: ANSWER_MS });
          return answer.json<StreamInfo>();
        }),
      );
    const memberOf = async (kind: 'leader' | 'follower'): Promise<Member> => {
      let found: NatsServer | undefined;
      await until(`the bucket has a ${kind}`, async () => {
        const { cluster: state } = await info().catch((): StreamInfo => ({}));
        if (state?.leader === undefined || state.leader === '') return false;
        found = cluster.servers.find(({ name }) => (name === state.leader) === (kind === 'leader'));
        return found !== undefined;
      });
      const { name, server } = found as unknown as NatsServer;
      return {
        name,
        signal: (signal) => server.signal(signal),
        replace: (by) => server.replace(by),
      };
    };
    const wayOf = (connection: NatsConnection): Way => ({
      async put(key, value, timeout) {
        const answer = await connection.request(`$KV.${BUCKET}.${key}`, value, { timeout });
        const { error } = answer.json<PubAck>();
        if (error !== undefined) throw new Error(error.description);
      },
      close: () => undefined,
    });

    return {
      version: cluster.version,
      write(ratePerS) {
        writings += 1;
        return Promise.resolve(
          new SteadyWrites({
            ways: connections.map(wayOf),
            ratePerS,
            name: `writing ${writings}`,
            held: (keys) => readAll(connections, keys),
          }),
        );
      },
      leader: () => memberOf('leader'),
      follower: () => memberOf('follower'),
      async untilWhole() {
        await until(
          'every server of NATS has the stream',
          async () => {
            const { cluster: state } = await info().catch((): StreamInfo => ({}));
            const { leader = '', replicas = [] } = state ?? {};
            const isThere = ({ current, offline = false }: (typeof replicas)[number]): boolean => current && !offline;
            return leader !== '' && replicas.length === cluster.servers.length - 1 && replicas.every(isThere);
          },
          { withinMs: WHOLE_WITHIN_MS },
        );
      },
      kubernetes: null,
      async end() {
        await Promise.allSettled(connections.map((connection) => connection.close()));
        await cluster.end();
      },
    };
  },
};

interface StoredMessage {
  readonly message?: { readonly data?: string };
}

/** Of the stream's leader, which is where it was acknowledged. */
async function readAll(
  connections: readonly NatsConnection[],
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let key = keys[next]; key !== undefined; key = keys[next]) {
      next += 1;
      const question = JSON.stringify({ last_by_subj: `$KV.${BUCKET}.${key}` });
      const connection = connections[next % connections.length] as NatsConnection;
      const answer = await connection.request(`$JS.API.STREAM.MSG.GET.${STREAM}`, question, { timeout: READ_MS });
      const { message } = answer.json<StoredMessage>();
      if (message !== undefined) held.set(key, Buffer.from(message.data ?? '', 'base64').toString());
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker));
  return held;
}
