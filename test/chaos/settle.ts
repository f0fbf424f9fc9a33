import { until } from '../measure/until.ts';
import type { ChaosCluster } from './cluster.ts';

/** Once nothing is broken any more, all of it must be well again within this time. */
export const SETTLE_WITHIN_MS = 20_000;

/** Waits until a write and a linearizable read succeed through every proxy and every replica is in sync; how long it took. */
export async function settle(cluster: ChaosCluster, key: string): Promise<number> {
  const startMs = performance.now();
  const left = (): number => Math.max(1, SETTLE_WITHIN_MS - (performance.now() - startMs));
  // One that was told to stop still serves for a while, and is gone when it is looked at again.
  await until('nobody is stopping', () => cluster.isWhole, { withinMs: left() });
  await Promise.all(
    cluster.proxies.map(({ name, url }) => untilServing(name, `${url}/v1/keys/${key}-${name}`, left())),
  );
  await cluster.untilInSync(left());
  return performance.now() - startMs;
}

async function untilServing(name: string, url: string, withinMs: number): Promise<void> {
  let last = 'nothing was tried';
  let attempt = 0;
  const serves = async (): Promise<boolean> => {
    attempt += 1;
    const value = `settled-${attempt}`;
    try {
      const signal = AbortSignal.timeout(3000);
      const written = await fetch(url, {
        method: 'PUT',
        headers: { 'content-type': 'text/plain' },
        body: value,
        signal,
      });
      last = `a write: ${written.status} ${await written.text()}`;
      if (!written.ok) return false;
      const read = await fetch(`${url}?consistency=linearizable`, { signal });
      const text = await read.text();
      last = `a linearizable read: ${read.status} ${text}`;
      return read.ok && text === value;
    } catch (error) {
      last = String(error);
      return false;
    }
  };
  await until(`${name} serves`, serves, { withinMs, everyMs: 50 }).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; last: ${last}`);
  });
}

/** Until every replica has applied all that the leader has: what each holds can then be compared. Nobody may write. */
export async function untilQuiet(cluster: ChaosCluster, withinMs: number): Promise<void> {
  let before = '';
  await until(
    'every replica has applied all that the leader has',
    async () => {
      const replicas = (await cluster.view())?.replicas ?? [];
      const indexes = replicas.flatMap(({ lastIndex, appliedIndex }) => [lastIndex, appliedIndex]);
      const now = indexes.join();
      // Twice the same: an empty entry of the leader may have come between.
      const isQuiet = indexes.length === 2 * cluster.pods.length && new Set(indexes).size === 1 && now === before;
      before = now;
      return isQuiet;
    },
    { withinMs },
  );
}
