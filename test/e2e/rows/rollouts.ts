import type { App } from '../cluster/store-pods.ts';
import type { Stage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

export function rollout(app: App): (stage: Stage) => Promise<Round> {
  return (stage) =>
    underLoad(stage, {}, async () => {
      const startedMs = performance.now();
      await stage.kubectl.run(['rollout', 'restart', `deployment/${app}`]);
      await stage.kubectl.run(['rollout', 'status', `deployment/${app}`, '--timeout=180s']);
      return { note: `rolled out in ${((performance.now() - startedMs) / 1000).toFixed(1)} s` };
    });
}
