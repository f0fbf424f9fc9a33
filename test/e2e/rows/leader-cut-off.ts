import { setTimeout as wait } from 'node:timers/promises';
import type { StorePod } from '../cluster/store-pods.ts';
import type { CutFrom } from '../powers/powers.ts';
import type { MightyStage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

const fromPeers = (others: readonly StorePod[]): CutFrom => ({ kind: 'pods', pods: others });

/** R7: it hears from nobody, gives the record up, and a member that is better connected leads. */
export function leaderCutFromPeers(stage: MightyStage): Promise<Round> {
  return leaderCut(stage, 'another', (others) => [fromPeers(others)]);
}

/** R7: all members acknowledge, so that nobody can have taken over: it goes on without its Lease. R8: nobody tries. */
export function leaderCutFromApi(stage: MightyStage): Promise<Round> {
  return leaderCut(stage, 'the same', () => [{ kind: 'api' }]);
}

/** R8: it can neither renew nor be heard by anybody; R4: it commits nothing, though proxies reach it still. */
export function leaderCutFromBoth(stage: MightyStage): Promise<Round> {
  return leaderCut(stage, 'another', (others) => [fromPeers(others), { kind: 'api' }]);
}

function leaderCut(
  stage: MightyStage,
  expected: 'the same' | 'another',
  cutsOf: (others: readonly StorePod[]) => readonly CutFrom[],
): Promise<Round> {
  const { installation, powers, outageMs } = stage;
  return underLoad(stage, {}, async (load) => {
    const leader = await installation.leader();
    const others = (await installation.pods('kvstore')).filter(({ name }) => name !== leader.name);
    const before = await installation.view();
    try {
      await powers.cut(leader, cutsOf(others));
      if (expected === 'another') await installation.untilLedByAnother(leader);
      await wait(outageMs);
      await untilSteady(load);
      const during = await installation.view();
      const stayed = during !== null && during.leader === before?.leader && during.epoch === before.epoch;
      if (stayed === (expected === 'another')) {
        return { broken: [`${String(during?.leader)} leads epoch ${String(during?.epoch)}; expected was ${expected}`] };
      }
    } finally {
      await powers.heal();
    }
    return { note: `${expected === 'another' ? 'another leads' : 'the same leads'}, cut for ${outageMs / 1000} s` };
  });
}
