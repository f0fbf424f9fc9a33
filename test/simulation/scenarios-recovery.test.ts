import { describe, expect, test } from '@jest/globals';
import { MS } from './plan.ts';
import { quietPlan, Scenario } from './scenario.ts';

/*
 * Ways to lose a group, and back: what `docs/guides/recovery.md` says of them, where a process on one machine cannot show
 * it. The checkers watch as they always do.
 */

const seeds = (count: number): number[] => Array.from({ length: count }, (_, place) => 7100 + place);

const lineageNumber = (stage: Scenario): number => stage.world.checker.lastRecord?.lineage?.number ?? 0;

describe('an operator', () => {
  test.each(seeds(5))(
    'R13: recovers a group that lost its Lease with its leader, and loses nothing (seed %d)',
    (seed) => {
      const stage = new Scenario(quietPlan(seed));
      stage.begin();
      const { world } = stage;
      const lineage = world.checker.lastRecord?.lineage;
      stage.leader.die({ silent: false });
      world.api.delete();
      stage.run(3000);
      const committed = lineage == null ? 0 : (world.checker.chronicleOf(lineage)?.committed ?? 0);
      expect(committed).toBeGreaterThan(10);
      stage.endByOperator();
      const next = world.checker.lastRecord?.lineage;
      expect(next?.number).toBe(2);
      // Every member held every committed entry, so that whoever has the most has them all.
      expect(next == null ? 0 : world.checker.chronicleOf(next)?.baseIndex).toBeGreaterThanOrEqual(committed);
      expect(world.alarms).toContain('data-loss-possible');
    },
  );

  test.each(seeds(5))('R13: recovers a group whose Lease was damaged when its leader died (seed %d)', (seed) => {
    const stage = new Scenario(quietPlan(seed));
    stage.begin();
    const { api } = stage.world;
    stage.leader.die({ silent: false });
    const { lease } = api;
    if (lease !== null) api.write({ content: lease.content, uid: lease.uid, isDamaged: true });
    stage.endByOperator();
    expect(lineageNumber(stage)).toBe(2);
  });

  test.each(seeds(5))(
    'R14: recovers a group that all restarted, where the rule is to wait for it (seed %d)',
    (seed) => {
      const stage = new Scenario(quietPlan(seed, { uncleanRecovery: 'never' }));
      stage.begin();
      for (const process of stage.world.pods.running()) process.die({ silent: false });
      stage.endByOperator();
      expect(lineageNumber(stage)).toBe(2);
    },
  );
});

describe('R14: the members are unreachable, but alive', () => {
  test.each(seeds(3))(
    'nobody else begins, an alarm is raised after half a minute, and they go on (seed %d)',
    (seed) => {
      const stage = new Scenario(quietPlan(seed));
      stage.begin();
      const { world } = stage;
      const [outsider, ...others] = stage.followers();
      outsider?.pause();
      const isOutside = () => world.checker.lastRecord?.inSync.every((member) => member !== outsider?.id) === true;
      expect(stage.runUntil(isOutside, 3000)).toBe(true);
      const members = [stage.leader, ...others];
      for (const member of members) member.pause();
      outsider?.continue();
      stage.run(29_000);
      expect(world.alarms).not.toContain('frozen');
      stage.run(8000);
      expect(world.alarms).toContain('frozen');
      expect([stage.leaders().filter((leader) => !leader.isPaused), lineageNumber(stage)]).toEqual([[], 1]);
      for (const member of members) member.continue();
      stage.end();
      expect([world.frozen, lineageNumber(stage)]).toEqual([null, 1]);
    },
  );
});

describe('pods are deleted by force, and their processes live on, cut off', () => {
  test.each(seeds(3))('strict: whoever takes their place does not begin, and they go on (seed %d)', (seed) => {
    const stage = new Scenario(quietPlan(seed, { uncleanRecovery: 'strict' }));
    stage.begin();
    const { world } = stage;
    const forgotten = world.pods.running();
    for (const { pod } of forgotten) {
      for (let machine = forgotten.length + 1; machine < 20; machine += 1) {
        world.network.cut(pod.machine, machine);
        world.network.cut(machine, pod.machine);
      }
      if (pod.process !== null) pod.process.apiUp = false;
      world.pods.forget(pod);
    }
    stage.run(8000);
    expect([lineageNumber(stage), [...world.alarms]]).toEqual([1, ['frozen']]);
    // R7: nobody has taken over, and so they serve whoever reaches them.
    expect(forgotten).toContain(stage.leader);
    expect(world.lastCommittedWriteStartUs).toBeGreaterThan(world.now - 1000 * MS);
    // At the end of a schedule they die, and only an operator knows it.
    stage.endByOperator();
    expect(lineageNumber(stage)).toBe(2);
  });
});

describe('the record goes back in time', () => {
  test.each(seeds(5))('R3: a living leader writes it again, in a higher epoch (seed %d)', (seed) => {
    const stage = new Scenario(quietPlan(seed));
    stage.begin();
    const { api } = stage.world;
    const old = api.lease;
    stage.leader.die({ silent: false });
    expect(stage.runUntil(() => stage.leaders().length === 1, 3000)).toBe(true);
    stage.run(3000);
    const epoch = stage.leader.mirror?.epoch ?? 0;
    if (old !== null) api.write({ content: old.content, uid: old.uid });
    expect(stage.runUntil(() => (api.lease?.content.epoch ?? 0) > epoch, 3000)).toBe(true);
    stage.end();
    expect([stage.world.frozen, lineageNumber(stage)]).toEqual([null, 1]);
    expect(stage.world.alarms).toContain('record-damaged');
  });

  test.each(seeds(5))('R3: without a leader nobody obeys it, until an operator decides (seed %d)', (seed) => {
    const stage = new Scenario(quietPlan(seed));
    stage.begin();
    const { api } = stage.world;
    const old = api.lease;
    stage.leader.die({ silent: false });
    expect(stage.runUntil(() => stage.leaders().length === 1, 3000)).toBe(true);
    stage.run(3000);
    const epoch = stage.leader.mirror?.epoch ?? 0;
    stage.leader.die({ silent: false });
    if (old !== null) api.write({ content: old.content, uid: old.uid });
    stage.endByOperator();
    expect(api.lease?.content.epoch).toBeGreaterThan(epoch);
  });
});
