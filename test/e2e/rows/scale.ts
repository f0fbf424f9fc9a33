import { eventually } from '../eventually.ts';
import type { StorePod } from '../cluster/store-pods.ts';
import type { Stage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

const FEW = 3;
const MANY = 6;
const READY_WITHIN_MS = 60_000;

/** Out and in again; a pod that says that it is ready serves reads from that moment. */
export function scale(stage: Stage): Promise<Round> {
  const { installation, kubectl } = stage;
  return underLoad(stage, {}, async (load) => {
    const before = new Set((await installation.pods('kvstore')).map(({ name }) => name));
    await kubectl.run(['scale', 'deployment/kvstore', `--replicas=${MANY}`]);
    const served = new Map<string, number>();
    const broken: string[] = [];
    await eventually(
      `${MANY - FEW} new pods are ready`,
      async () => {
        for (const pod of await installation.pods('kvstore')) {
          if (before.has(pod.name) || served.has(pod.name) || !pod.ready) continue;
          const status = await readsOf(stage, pod);
          served.set(pod.name, status);
          if (status !== 404) broken.push(`${pod.name} is ready and answered a read by ${status}`);
        }
        return served.size === MANY - FEW;
      },
      { withinMs: READY_WITHIN_MS, everyMs: 50 },
    );
    await installation.untilWhole();
    await untilSteady(load);
    await kubectl.run(['scale', 'deployment/kvstore', `--replicas=${FEW}`]);
    await installation.untilWhole();
    return { note: `${FEW} to ${MANY} to ${FEW}`, broken };
  });
}

/** Of a key that nobody has written: an answer that only a replica with data gives. */
async function readsOf({ installation }: Stage, pod: StorePod): Promise<number> {
  const { status } = await installation.askPod(pod, '/v1/keys/e2e-nobody?consistency=eventual');
  return status;
}
