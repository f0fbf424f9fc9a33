import { eventually } from '../eventually.ts';
import type { MightyStage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

const FIRST_POD_WITHIN_MS = 120_000;

/** Replicas that are told to stop need the record to be written: they wait, within their grace period, until it can be. */
export function apiRestartedDuringRollout(stage: MightyStage): Promise<Round> {
  const { installation, powers, api, kubectl } = stage;
  return underLoad(stage, {}, async () => {
    const before = new Set((await installation.pods('kvstore')).map(({ uid }) => uid));
    await kubectl.run(['rollout', 'restart', 'deployment/kvstore']);
    await eventually(
      'the rollout has a first pod ready',
      async () => (await installation.pods('kvstore')).some(({ uid, ready }) => ready && !before.has(uid)),
      { withinMs: FIRST_POD_WITHIN_MS },
    );
    await powers.restartApi();
    await eventually('the API server answers', () => api.isReady(), { withinMs: 60_000 });
    await installation.untilWhole();
    const old = (await installation.pods('kvstore')).filter(({ uid }) => before.has(uid));
    return { broken: old.map(({ name }) => `${name} is older than the rollout`) };
  });
}
