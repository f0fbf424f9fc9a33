import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOST, type Contestant } from './contestant.ts';
import { commandOf, ETCD, missingProgram, versionOf } from './programs.ts';
import { Workplace, type WorkplaceServer } from './workplace.ts';

const MEMBERS = 3;
/** A file system in memory, where there is one. */
const MEMORY_FOLDER = '/dev/shm';
/** Room for what runs put there until {@link Running.settle} compacts it. */
const BACKEND_BYTES_MAX = 8 * 1024 ** 3;

export interface EtcdMember {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly server: WorkplaceServer;
}

/** Of `maintenance/status`; numbers are strings, and a zero is left out. */
export interface EtcdStatus {
  readonly header: { readonly member_id: string; readonly revision: string };
  readonly leader?: string;
  readonly raftIndex?: string;
  readonly raftAppliedIndex?: string;
}

export interface EtcdCluster {
  readonly version: string;
  readonly members: readonly EtcdMember[];
  /** @throws if a member does not answer */
  statuses(): Promise<readonly EtcdStatus[]>;
  /** The member that leads, or one that does not. @throws if there is none */
  member(kind: 'leader' | 'follower'): Promise<EtcdMember>;
  /** Drops what newer revisions have replaced. */
  compact(): Promise<void>;
  end(): Promise<void>;
}

/** Three members with their data in memory, and without fsync: nothing waits for a disk. */
export function startEtcd(): Promise<EtcdCluster> {
  return Workplace.with(
    async (place) => {
      const ports = await place.ports(2 * MEMBERS);
      const addresses = Array.from({ length: MEMBERS }, (_, at) => ({
        name: `etcd-${at}`,
        port: ports[2 * at] ?? 0,
        url: `http://${HOST}:${ports[2 * at] ?? 0}`,
        peerUrl: `http://${HOST}:${ports[2 * at + 1] ?? 0}`,
      }));
      const members = addresses.map(({ name, port, url, peerUrl }): EtcdMember => {
        const server = place.run(name, commandOf(ETCD), [
          `--name=${name}`,
          `--data-dir=${join(place.folder, name)}`,
          '--unsafe-no-fsync',
          `--quota-backend-bytes=${BACKEND_BYTES_MAX}`,
          `--listen-client-urls=${url}`,
          `--advertise-client-urls=${url}`,
          `--listen-peer-urls=${peerUrl}`,
          `--initial-advertise-peer-urls=${peerUrl}`,
          `--initial-cluster=${addresses.map((member) => `${member.name}=${member.peerUrl}`).join(',')}`,
          '--log-level=warn',
        ]);
        return { name, port, url, server };
      });
      const [first] = members;
      const statuses = () => Promise.all(members.map(({ url }) => callEtcd<EtcdStatus>(url, 'maintenance/status')));
      await place.untilReady('every member of etcd knows a leader', async () =>
        (await statuses()).every(({ leader = '0' }) => leader !== '0'),
      );
      let compacted = 0;
      return {
        version: versionOf(ETCD, '--version'),
        members,
        statuses,
        async member(kind) {
          const all = await statuses();
          const leads = all.map(({ header, leader }) => header.member_id === leader);
          const member = members[leads.indexOf(kind === 'leader')];
          if (member === undefined) throw new Error(`etcd has no ${kind}`);
          return member;
        },
        async compact() {
          const { header } = await callEtcd<EtcdStatus>(first?.url ?? '', 'kv/range', { key: 'AA==' });
          // To compact to where it was compacted before is an error.
          if (Number(header.revision) === compacted) return;
          compacted = Number(header.revision);
          await callEtcd(first?.url ?? '', 'kv/compaction', { revision: header.revision, physical: true });
        },
        end: () => place.end(),
      };
    },
    existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(),
  );
}

export const etcd: Contestant = {
  title: `etcd, ${MEMBERS} members`,
  missing: () => missingProgram(ETCD),
  async start() {
    const cluster = await startEtcd();
    return {
      version: cluster.version,
      async addressOf(role) {
        if (role === 'proxy') throw new Error(`etcd has no ${role}`);
        const { port } = await cluster.member(role === 'leader' ? 'leader' : 'follower');
        return { host: HOST, port };
      },
      settle: () => cluster.compact(),
      end: () => cluster.end(),
    };
  },
};

/** By etcd's JSON gateway. @throws if it refuses, or does not answer in `withinMs` */
export async function callEtcd<Answer>(
  url: string,
  method: string,
  body: object = {},
  withinMs = 60_000,
): Promise<Answer> {
  const signal = AbortSignal.timeout(withinMs);
  const response = await fetch(`${url}/v3/${method}`, { method: 'POST', body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`etcd answered ${method} with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
