import { until } from '../../measure/until.ts';
import { HOST } from '../contestants/contestant.ts';
import { callEtcd, etcd as contestant, startEtcd, type EtcdMember, type EtcdStatus } from '../contestants/etcd.ts';
import { EtcdGrpc } from '../load/clients/etcd-grpc.ts';
import type { GapContestant, Group, Member } from './group.ts';
import { SteadyWrites, type Way } from './steady-writes.ts';

const ANSWER_MS = 1000;
const WHOLE_WITHIN_MS = 60_000;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();

interface Range {
  readonly kvs?: readonly { readonly key: string; readonly value: string }[];
}

/** Three members, and a gRPC client of each. */
export const etcd: GapContestant = {
  title: contestant.title,
  missing: () => contestant.missing(),
  async start(): Promise<Group> {
    const cluster = await startEtcd();
    let writings = 0;
    const status = ({ url }: EtcdMember) => callEtcd<EtcdStatus>(url, 'maintenance/status', {}, ANSWER_MS);
    const memberOf = ({ name, server }: EtcdMember): Member => ({
      name,
      signal: (signal) => server.signal(signal),
      replace: (by) => server.replace(by),
    });

    return {
      version: cluster.version,
      write(ratePerS) {
        writings += 1;
        const ways = cluster.members.map(({ port }): Way => {
          const client = new EtcdGrpc({ host: HOST, port });
          return {
            put: (key, value, withinMs) => client.put(key, Buffer.from(value), withinMs),
            close: () => client.close(),
          };
        });
        const held = async (): Promise<ReadonlyMap<string, string>> => {
          // Linearizable. All keys, in one answer.
          const range = { key: base64('gap-'), range_end: base64('gap.') };
          const { kvs = [] } = await callEtcd<Range>(cluster.members[0]?.url ?? '', 'kv/range', range);
          await cluster.compact();
          return new Map(kvs.map(({ key, value }) => [fromBase64(key), fromBase64(value)]));
        };
        return Promise.resolve(new SteadyWrites({ ways, ratePerS, name: `writing ${writings}`, held }));
      },
      leader: async () => memberOf(await cluster.member('leader')),
      follower: async () => memberOf(await cluster.member('follower')),
      async untilWhole() {
        let goal = Infinity;
        await until(
          'every member of etcd has applied what the leader had',
          async () => {
            const all = await Promise.all(cluster.members.map(status)).catch(() => null);
            if (all === null) return false;
            const leaders = new Set(all.map(({ leader = '0' }) => leader));
            if (leaders.size > 1 || leaders.has('0')) return false;
            if (goal === Infinity) goal = Math.max(...all.map(({ raftIndex }) => Number(raftIndex)));
            return all.every(({ raftAppliedIndex }) => Number(raftAppliedIndex) >= goal);
          },
          { withinMs: WHOLE_WITHIN_MS },
        );
      },
      kubernetes: null,
      end: () => cluster.end(),
    };
  },
};
