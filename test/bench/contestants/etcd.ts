import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOST, type Contestant } from './contestant.ts';
import { commandOf, ETCD, missingProgram, versionOf } from './programs.ts';
import { Workplace } from './workplace.ts';

const MEMBERS = 3;
/** A file system in memory, where there is one. */
const MEMORY_FOLDER = '/dev/shm';
/** Room for what runs put there until {@link Running.settle} compacts it. */
const BACKEND_BYTES_MAX = 8 * 1024 ** 3;

interface Status {
  readonly header: { readonly member_id: string; readonly revision: string };
  readonly leader?: string;
}

/** Three members with their data in memory, and without fsync: nothing waits for a disk. */
export const etcd: Contestant = {
  title: `etcd, ${MEMBERS} members`,
  missing: () => missingProgram(ETCD),
  start: () =>
    Workplace.with(
      async (place) => {
        const ports = await place.ports(2 * MEMBERS);
        const members = Array.from({ length: MEMBERS }, (_, at) => ({
          name: `etcd-${at}`,
          port: ports[2 * at] ?? 0,
          url: `http://${HOST}:${ports[2 * at] ?? 0}`,
          peerUrl: `http://${HOST}:${ports[2 * at + 1] ?? 0}`,
        }));
        for (const { name, url, peerUrl } of members) {
          place.run(name, commandOf(ETCD), [
            `--name=${name}`,
            `--data-dir=${join(place.folder, name)}`,
            '--unsafe-no-fsync',
            `--quota-backend-bytes=${BACKEND_BYTES_MAX}`,
            `--listen-client-urls=${url}`,
            `--advertise-client-urls=${url}`,
            `--listen-peer-urls=${peerUrl}`,
            `--initial-advertise-peer-urls=${peerUrl}`,
            `--initial-cluster=${members.map((member) => `${member.name}=${member.peerUrl}`).join(',')}`,
            '--log-level=warn',
          ]);
        }
        const statuses = () => Promise.all(members.map(({ url }) => call<Status>(url, 'maintenance/status')));
        /** Of a member that leads, or of one that does not. */
        const portOf = async (kind: 'leader' | 'follower'): Promise<number | undefined> => {
          const all = await statuses();
          const leads = all.map(({ header, leader }) => header.member_id === leader);
          return members[leads.indexOf(kind === 'leader')]?.port;
        };
        await place.untilReady('every member of etcd knows a leader', async () =>
          (await statuses()).every(({ leader = '0' }) => leader !== '0'),
        );
        let compacted = 0;
        return {
          version: versionOf(ETCD, '--version'),
          async addressOf(role) {
            const port = role === 'proxy' ? undefined : await portOf(role === 'leader' ? 'leader' : 'follower');
            if (port === undefined) throw new Error(`etcd has no ${role}`);
            return { host: HOST, port };
          },
          async settle() {
            const [first] = members;
            const { header } = await call<Status>(first?.url ?? '', 'kv/range', { key: 'AA==' });
            // To compact to where it was compacted before is an error.
            if (Number(header.revision) === compacted) return;
            compacted = Number(header.revision);
            await call(first?.url ?? '', 'kv/compaction', { revision: header.revision, physical: true });
          },
          end: () => place.end(),
        };
      },
      existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(),
    ),
};

async function call<Answer>(url: string, method: string, body: object = {}): Promise<Answer> {
  const response = await fetch(`${url}/v3/${method}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`etcd answered ${method} with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
