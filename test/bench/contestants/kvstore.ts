import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Measured from '../../measure/installation.ts';
import { HOST, type Contestant, type Role } from './contestant.ts';

export interface KvstoreOptions {
  readonly title: string;
  readonly replicas: number;
  /** The checkout whose servers run. @default this one */
  readonly root?: string;
}

const HERE = resolve(import.meta.dirname, '../../..');

/** Values of 1 MiB and their older versions, and a log of 64 MiB. */
const ENV = { KV_MEMORY_MAX: '1GiB' };

/** Ourselves: so many replicas, a proxy and an embedded Kubernetes API, each a process of its own, as `./run.sh local` starts them. */
export function kvstore({ title, replicas, root = HERE }: KvstoreOptions): Contestant {
  // The checkout's own, for it knows how its servers are built and started.
  const file = join(root, 'test/measure/installation.ts');
  return {
    title,
    missing: () => (existsSync(file) ? null : `${title} has no test/measure/installation.ts: it is too old`),
    async start() {
      const { Installation } = (await import(pathToFileURL(file).href)) as typeof Measured;
      const installation = await Installation.start({ replicas, env: ENV });
      const portOf: Record<Role, () => Promise<number | undefined>> = {
        leader: async () => (await installation.leader()).httpPort,
        replica: async () => (await installation.followers())[0]?.httpPort,
        proxy: () => Promise.resolve(installation.cluster.proxies[0]?.port),
      };
      return {
        version: kvstoreVersion(root),
        async addressOf(role) {
          const port = await portOf[role]();
          if (port === undefined) throw new Error(`${title} has no ${role}`);
          return { host: HOST, port };
        },
        settle: () => installation.untilQuiet(),
        end: () => installation.end(),
      };
    },
  };
}

export function kvstoreVersion(root = HERE): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version;
}
