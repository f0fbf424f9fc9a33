import { E2E_LABEL } from '../cluster/installation.ts';
import type { Stage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

/** Each node in turn, as for maintenance. Evictions respect the PodDisruptionBudget; everybody else's pods may stay. */
export function drain(stage: Stage): Promise<Round> {
  const { installation, kubectl } = stage;
  return underLoad(stage, {}, async (load) => {
    const nodes = (await kubectl.run(['get', 'nodes', '--output=name'])).trim().split('\n');
    for (const node of nodes) {
      const command = ['drain', node, `--pod-selector=${E2E_LABEL}`, '--delete-emptydir-data', '--timeout=120s'];
      try {
        await kubectl.run(command);
      } finally {
        await kubectl.run(['uncordon', node]);
      }
      await installation.untilWhole();
      await untilSteady(load);
    }
    return { note: `${nodes.length} nodes` };
  });
}
