import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Prng } from '../simulation/prng.ts';
import { ChaosCluster, partiesOf } from './cluster.ts';
import { LoopbackNetwork } from './network/loopback.ts';
import { NamespaceNetwork } from './network/namespaces.ts';
import type { Network } from './network/network.ts';

export interface InstallationOptions {
  readonly seed: number;
  readonly directory: string;
  /** @default namespaces where this machine has them */
  readonly network?: Network['kind'] | null;
}

/** What an installation looks like; a seed draws one. The set has three members at most, so that there are standbys. */
const SHAPES = [
  { replicas: 3, env: {} },
  { replicas: 4, env: { KV_IN_SYNC_MAX: '3' } },
  { replicas: 3, env: {} },
  { replicas: 5, env: { KV_IN_SYNC_MAX: '3' } },
] as const;
const PROXIES = 2;
const CLIENTS = 2;

/** A cluster on a network of its own. */
export interface Installation {
  readonly cluster: ChaosCluster;
  close(): Promise<void>;
}

export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const shape = new Prng(options.seed, 7).pick(SHAPES);
  const size = { replicas: shape.replicas, proxies: PROXIES, clients: CLIENTS };
  const directory = join(options.directory, 'cluster');
  // The API server's objects of an earlier one, else.
  rmSync(directory, { recursive: true, force: true });
  const network = await newNetwork(partiesOf(size), options.network ?? null);
  try {
    const cluster = await ChaosCluster.start({
      ...size,
      network,
      seed: options.seed,
      env: shape.env,
      directory,
    });
    return {
      cluster,
      async close() {
        await cluster.close();
        await network.close();
      },
    };
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** What was asked for by `KV_CHAOS_NETWORK`; null: nothing. */
export function askedNetwork(text = process.env['KV_CHAOS_NETWORK']): Network['kind'] | null {
  if (text === undefined || text === '') return null;
  if (text === 'namespaces' || text === 'loopback') return text;
  throw new Error(`no such network: ${text}; there are namespaces and loopback`);
}

/** Which one is taken, and why not the other. */
export function networkOf(asked: Network['kind'] | null): { readonly kind: Network['kind']; readonly text: string } {
  const obstacle = NamespaceNetwork.obstacle();
  const kind = asked ?? (obstacle === null ? 'namespaces' : 'loopback');
  if (kind === 'namespaces') {
    if (obstacle !== null) throw new Error(`no network namespaces: ${obstacle}`);
    return { kind, text: 'every process in a network namespace of its own' };
  }
  return {
    kind,
    text: `fault proxies on the loopback (${asked === null ? `no namespaces: ${String(obstacle)}` : 'as asked'})`,
  };
}

export async function newNetwork(parties: readonly string[], asked: Network['kind'] | null): Promise<Network> {
  return networkOf(asked).kind === 'namespaces' ? NamespaceNetwork.create(parties) : new LoopbackNetwork(parties);
}
