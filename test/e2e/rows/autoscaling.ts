import { eventually } from '../eventually.ts';
import { LoadPod } from '../load/load-pod.ts';
import type { Stage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

const FEW = 3;
const MANY = 6;
/** Of the load whose requests count: it alone must not be what keeps many replicas busy. */
const THINK_MS = 150;
/** By the Service of the reading replicas, so that their processors are busy and not those of proxies. */
const BUSY = { connections: 4, gets: 500, thinkMs: 25 };
/** Where they and the replicas want the same processors, the replicas get them: readers only fill the time that is left. */
const BUSY_CPU = '20m';
/** Metrics are some ten seconds old, and the autoscaler looks every 15 s where nobody has told it otherwise. */
const OUT_WITHIN_MS = 240_000;
/** One pod at a time, each after a while. */
const IN_WITHIN_MS = 900_000;

/** Readers make the replicas busy, and go: out and in again by nobody's hand, under the load whose requests count. */
export function autoscaling(stage: Stage): Promise<Round> {
  const { installation, kubectl, api, namespace, say } = stage;
  return underLoad(stage, { thinkMs: THINK_MS }, async (load) => {
    const image = (await installation.pods('kvstore'))[0]?.image ?? '';
    await installation.autoscale();
    try {
      const readers = await LoadPod.start({
        api,
        kubectl,
        namespace,
        name: 'readers',
        image,
        notOn: [],
        cpu: BUSY_CPU,
      });
      const startedMs = performance.now();
      try {
        await readers.readBatches({ ...BUSY, ...(await installation.serviceAddress('kvstore-read')) });
        await eventually(`${MANY} replicas`, async () => (await installation.replicas('kvstore')) >= MANY, {
          withinMs: OUT_WITHIN_MS,
          everyMs: 500,
        });
        await installation.untilWhole();
        await untilSteady(load);
        const { answered, failed } = await readers.batchReads();
        say(`  ${answered} batches read, ${failed} failed`);
      } finally {
        await readers.end();
      }
      const outMs = performance.now() - startedMs;
      const most = await installation.replicas('kvstore');
      await eventually(`${FEW} replicas again`, async () => (await installation.replicas('kvstore')) === FEW, {
        withinMs: IN_WITHIN_MS,
        everyMs: 1000,
      });
      await installation.untilWhole();
      const inMs = performance.now() - startedMs - outMs;
      const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;
      return { note: `${FEW} to ${most} in ${seconds(outMs)}, back in ${seconds(inMs)}` };
    } finally {
      await kubectl.run(['delete', 'horizontalpodautoscalers', '--all']);
      await installation.apply();
    }
  });
}
