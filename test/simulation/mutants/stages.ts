import { defaultLimits, defaultTimes } from '../../../src/core/group/options.ts';
import type { LogIndex } from '../../../src/core/base/numbers.ts';
import type { ReplicaId } from '../../../src/core/replication/replica-id.ts';
import type { MakeGroup } from '../inspection.ts';
import { MS, type Plan, SECOND } from '../plan.ts';
import type { Process } from '../process.ts';
import { reportOf, type SeedReport } from '../run-seed.ts';
import { quietPlan, Scenario } from '../scenario.ts';
import { check } from '../violation.ts';

/*
 * Schedules that chance meets too seldom, or that are about what no invariant of the data shows: who leads, how soon,
 * who is a member. Each sets its stage with a group at work and says what must be seen; the checkers watch as always.
 */

type Play = (stage: Scenario) => void;

function staged(changes: (seed: number) => Partial<Plan>, play: Play) {
  return (seed: number, makeGroup: MakeGroup): SeedReport => {
    const stage = new Scenario(quietPlan(seed, changes(seed)), makeGroup);
    try {
      play(stage);
      return reportOf(stage.world, null);
    } catch (error) {
      return reportOf(stage.world, error);
    }
  };
}

const three = () => ({});

/** A follower that always hears late what is committed: so many entries later than the others. */
function hearingLate({ entries, ...clients }: { readonly entries: number } & Partial<Plan['clients']>) {
  return staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, ...readers, keys: 10, ...clients } }),
    (stage) => {
      stage.begin();
      const [late] = stage.followers();
      check(late !== undefined, 'world', () => 'there is no follower');
      const { network } = stage.world;
      const send = network.send.bind(network);
      // Whoever leads may tell late what is committed.
      network.send = (end, message) => {
        const isLate = message.kind === 'append' && end.out.to?.process === late;
        const commitIndex = (index: number) => Math.max(0, index - entries) as LogIndex;
        send(end, isLate ? { ...message, commitIndex: commitIndex(message.commitIndex) } : message);
      };
      stage.run(1500);
      network.send = send;
      stage.end();
    },
  );
}

/** Nobody asks for anything, so that only the group's own doing is seen. */
const idle = (seed: number): Partial<Plan> => ({
  clients: { ...quietPlan(seed).clients, operationMeanUs: 1e9 * SECOND },
});
/** So that nobody takes over because a Lease has expired. */
const longLease = () => ({ times: { ...defaultTimes, leaseMs: 30_000 } });

/** Who was removed would wait for longer than anything here may take. */
const longWait = () => ({ times: { ...defaultTimes, readmitMinMs: 2000 } });

/** What dies from now on is not started again before the end. */
function stopRestarts(stage: Scenario): void {
  stage.world.plan = { ...stage.world.plan, restartMeanUs: 1e6 * SECOND };
}

/** Who asks often, of whoever it may be, what one key holds. */
const readers = {
  readShare: 0.85,
  keys: 20,
  operationMeanUs: 2 * MS,
  inFlightMax: 40,
  readModes: ['linearizable'],
} as const;

const another = (stage: Scenario, than: Process): Process | undefined =>
  stage.leaders().find((leader) => leader !== than);

const members = (stage: Scenario): readonly ReplicaId[] => stage.world.checker.lastRecord?.inSync ?? [];

/** Cuts both ways between `one` and all the others; the API server and the clients still reach it. */
function cutOff(stage: Scenario, one: Process, others = stage.world.pods.running()): void {
  for (const other of others) {
    if (other === one) continue;
    stage.world.network.cut(one.pod.machine, other.pod.machine);
    stage.world.network.cut(other.pod.machine, one.pod.machine);
  }
}

function rejoin(stage: Scenario, one: Process, others = stage.world.pods.running()): void {
  for (const other of others) {
    if (other === one) continue;
    stage.world.network.heal(one.pod.machine, other.pod.machine);
    stage.world.network.heal(other.pod.machine, one.pod.machine);
  }
}

const committedLately = (stage: Scenario, withinMs: number): boolean =>
  stage.world.lastCommittedWriteStartUs > stage.world.now - withinMs * MS;

/** Calls `then` while `leader` tells a client that its write is committed, and before anybody else hears of that. */
function asItAnswers(stage: Scenario, leader: Process, then: () => void): void {
  const { checker } = stage.world;
  const tell = checker.onWriteAnswered.bind(checker);
  let isDone = false;
  checker.onWriteAnswered = (process, operation, outcome) => {
    tell(process, operation, outcome);
    if (isDone || process !== leader || outcome.kind !== 'committed') return;
    isDone = true;
    then();
  };
  stage.expect('a write is answered', () => isDone, 2000);
}

/** How many answers of this kind clients were given. */
function countOutcomes(stage: Scenario, code: string): () => number {
  const { checker } = stage.world;
  const tell = checker.onWriteAnswered.bind(checker);
  let count = 0;
  checker.onWriteAnswered = (process, operation, outcome) => {
    if (outcome.kind === 'unknown' && outcome.code === code) count += 1;
    tell(process, operation, outcome);
  };
  return () => count;
}

/** Who was told to stop may end once the set does not name it. */
function expectCleanExit(stage: Scenario, process: Process, withinMs: number): void {
  const id = process.id as ReplicaId;
  stage.expect(`${process.label} has ended`, () => !process.isAlive, withinMs);
  check(!members(stage).includes(id), 'liveness', () => `${process.label} has ended, and the set still names it`);
}

/** A follower that sleeps, and was removed for it. */
function withOneLeft(stage: Scenario): Process {
  if (members(stage).length < 3) stage.begin();
  const [left] = stage.followers();
  check(left !== undefined, 'world', () => 'there is no follower');
  left.pause();
  stage.expect('it is removed', () => !members(stage).includes(left.id as ReplicaId), 2000);
  stage.run(300);
  return left;
}

const plays = {
  'leader-dies': staged(longLease, (stage) => {
    stage.begin();
    stopRestarts(stage);
    const old = stage.leader;
    old.die({ silent: false });
    stage.expect('another leads', () => another(stage, old) !== undefined, 1000);
    stage.end();
  }),

  'leader-restarts-at-once': staged(
    () => ({ ...longLease(), restartMeanUs: 1 }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const others = stage.followers();
      // Nobody sees the address refuse a connection: it is cut off until the next process is there.
      cutOff(stage, old, others);
      old.die({ silent: false });
      stage.run(60);
      rejoin(stage, old, others);
      stage.expect('another leads', () => another(stage, old) !== undefined, 2500);
      stage.end();
    },
  ),

  'leader-pod-vanishes': staged(longLease, (stage) => {
    stage.begin();
    const old = stage.leader;
    stage.world.pods.powerCut(old.pod);
    stage.world.pods.giveUp(old.pod);
    stage.expect('another leads', () => another(stage, old) !== undefined, 4000);
    stage.end();
  }),

  'leader-freezes': staged(three, (stage) => {
    stage.begin();
    const old = stage.leader;
    old.pause();
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    old.continue();
    stage.run(1000);
    stage.end();
  }),

  'leader-without-api': staged(three, (stage) => {
    stage.begin();
    const leader = stage.leader;
    leader.apiUp = false;
    stage.run(500);
    const works = (): boolean => stage.leaders().length === 1 && stage.leader === leader && committedLately(stage, 600);
    stage.expectThroughout('the leader works on without the API server', works, 5000);
    leader.apiUp = true;
    stage.run(500);
    stage.end();
  }),

  'api-away': staged(three, (stage) => {
    stage.begin();
    const leader = stage.leader;
    stage.world.api.outage = stage.world.random.pick(['refuse', 'silence']);
    stage.run(500);
    const works = (): boolean => stage.leaders().length === 1 && stage.leader === leader && committedLately(stage, 600);
    stage.expectThroughout('writes go on without the API server', works, 4000);
    stage.world.api.outage = 'none';
    stage.run(500);
    stage.end();
  }),

  'one-member-hears-the-leader': staged(
    () => ({ replicas: 5 }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const [, ...others] = stage.followers();
      old.apiUp = false;
      cutOff(stage, old, others);
      stage.expect('another leads', () => another(stage, old) !== undefined, 5000);
      stage.run(500);
      stage.end();
    },
  ),

  'leader-cut-off': staged(three, (stage) => {
    stage.begin();
    const old = stage.leader;
    const before = members(stage);
    cutOff(stage, old);
    stage.expectThroughout(
      'a leader that hears from nobody removes nobody',
      () => stage.world.checker.lastRecord?.holder !== old.id || String(members(stage)) === String(before),
      2000,
    );
    stage.expect('another leads', () => another(stage, old) !== undefined, 2000);
    stage.expectThroughout(
      'who gave the record up lets others lead',
      () => stage.world.checker.lastRecord?.holder !== old.id,
      1500,
    );
    stage.end();
  }),

  'others-gone': staged(
    () => ({ replicas: 2, limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      stage.begin();
      const leader = stage.leader;
      const epoch = leader.mirror?.epoch ?? 0;
      stage.world.pods.desired = 1;
      for (const other of stage.followers()) {
        stage.world.pods.powerCut(other.pod);
        stage.world.pods.giveUp(other.pod);
      }
      stage.expectThroughout(
        'the last one goes on leading',
        () => stage.leaders()[0] === leader && leader.mirror?.epoch === epoch,
        5000,
      );
      stage.expect('writes do not wait for who is gone', () => committedLately(stage, 500), 1000);
      stage.end();
    },
  ),

  'leader-deposed-in-silence': staged(three, (stage) => {
    stage.begin();
    const old = stage.leader;
    old.pause();
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    cutOff(stage, old);
    old.continue();
    stage.expect('the old one reads that it was deposed', () => !stage.leaders().includes(old), 1500);
    stage.end();
  }),

  'leader-stumbles': staged(
    (seed) => ({
      clients: { ...quietPlan(seed).clients, readShare: 0, operationMeanUs: 2 * MS, inFlightMax: 60, count: 6 },
    }),
    (stage) => {
      stage.begin();
      const before = String(members(stage));
      for (let times = 0; times < 3; times += 1) {
        const leader = stage.leader;
        const [, slow] = stage.world.random.shuffle(stage.followers());
        // What this one has to say lies behind much else.
        if (slow !== undefined) stage.world.network.slowDown(slow.pod.machine, leader.pod.machine, 40 * MS);
        stage.run(200);
        leader.pause();
        stage.run(stage.world.random.within(540, 600));
        leader.continue();
        stage.expectThroughout(
          'nobody is removed for what the leader slept through',
          () => String(members(stage)) === before,
          1200,
        );
      }
      stage.end();
    },
  ),

  'slow-reconnect': staged(
    () => ({ replicas: 4 }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const others = stage.followers();
      // Whoever leads next hears from one of them at first, and from the other only after a while.
      const [slow, ...quick] = others;
      check(slow !== undefined, 'world', () => 'nobody to slow down');
      cutOff(stage, slow, quick);
      old.die({ silent: false });
      stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
      if (stage.leader !== slow) {
        const id = slow.id as ReplicaId;
        stage.expectThroughout('there is time to connect', () => members(stage).includes(id), 700);
      }
      rejoin(stage, slow, quick);
      stage.run(1500);
      stage.end();
    },
  ),

  'silent-member': staged(three, (stage) => {
    stage.begin();
    const [silent] = stage.followers();
    silent?.pause();
    stage.expect('it is removed', () => members(stage).length === 2, 1500);
    silent?.continue();
    stage.end();
  }),

  'member-dies': staged(three, (stage) => {
    stage.begin();
    stopRestarts(stage);
    const [dying] = stage.followers();
    check(dying !== undefined, 'world', () => 'there is no follower');
    const id = dying.id as ReplicaId;
    dying.die({ silent: false });
    stage.expect('it is removed, for its address refuses', () => !members(stage).includes(id), 200);
    stage.expect('writes go on', () => committedLately(stage, 100), 200);
    stage.end();
  }),

  'refused-for-a-moment': staged(
    () => ({ replicas: 2 }),
    (stage) => {
      stage.begin();
      const [member] = stage.followers();
      check(member !== undefined, 'world', () => 'there is no follower');
      const { world } = stage;
      const { network } = world.plan;
      world.plan = { ...world.plan, network: { ...network, falseRefusals: 1 } };
      // It would take over if it were refused.
      member.pause();
      for (const end of member.links.values()) world.network.reset(end);
      stage.run(50);
      world.plan = { ...world.plan, network };
      member.continue();
      stage.run(500);
      world.pods.desired = 3;
      const isMember = (): boolean => members(stage).includes(member.id as ReplicaId);
      stage.expectThroughout('who is back is not replaced', isMember, 3000);
      check(members(stage).length === 3, 'liveness', () => 'the third is no member');
      stage.end();
    },
  ),

  'idle-member-dies': staged(idle, (stage) => {
    stage.begin();
    const [silent] = stage.followers();
    check(silent !== undefined, 'world', () => 'there is no follower');
    const id = silent.id as ReplicaId;
    stage.world.pods.powerCut(silent.pod);
    stage.expect('it is removed, though nobody writes', () => !members(stage).includes(id), 2000);
  }),

  'idle-takeover': staged(idle, (stage) => {
    stage.begin();
    const old = stage.leader;
    old.die({ silent: false });
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    stage.expect('all are in sync, though nobody writes', () => members(stage).length === 3, 5000);
  }),

  'follower-restarts': staged(
    () => ({ restartMeanUs: 1, replicas: 4 }),
    (stage) => {
      stage.begin();
      const [first] = stage.followers();
      check(first !== undefined, 'world', () => 'there is no follower');
      const id = first.id as ReplicaId;
      const others = stage.world.pods.running();
      // Nobody finds that nobody listens there: it is cut off until the next process does.
      cutOff(stage, first, others);
      first.die({ silent: false });
      stage.run(7);
      rejoin(stage, first, others);
      stage.expect('a member whose pod runs anew is removed at once', () => !members(stage).includes(id), 350);
      stage.end();
    },
  ),

  flapping: staged(longWait, (stage) => {
    stage.begin();
    const [flapping] = stage.followers();
    check(flapping !== undefined, 'world', () => 'there is no follower');
    const id = flapping.id as ReplicaId;
    flapping.pause();
    stage.expect('it is removed', () => !members(stage).includes(id), 1500);
    flapping.continue();
    stage.expectThroughout('it waits before it is added again', () => !members(stage).includes(id), 1500);
    stage.expect('it is added again', () => members(stage).includes(id), 3000);
    stage.end();
  }),

  'two-of-three': staged(longWait, (stage) => {
    stage.begin();
    const [first, second] = stage.followers();
    check(first !== undefined && second !== undefined, 'world', () => 'there are no followers');
    first.pause();
    stage.expect('it is removed', () => members(stage).length === 2, 3000);
    second.pause();
    stage.run(600);
    check(members(stage).length === 2, 'committed-survives', () => 'the set shrinks below the minimum');
    first.continue();
    stage.expect('the first takes the place of the second', () => members(stage).includes(first.id as ReplicaId), 1000);
    check(members(stage).length === 2, 'committed-survives', () => 'the second was not replaced but kept');
    const joinedUs = stage.world.now;
    stage.expect('writes go on', () => stage.world.lastCommittedWriteStartUs > joinedUs, 1500);
    stage.end();
  }),

  'slow-answer-to-a-takeover': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    const epoch = old.mirror?.epoch ?? 0;
    let candidate: Process | null = null;
    api.answerDelayUs = (process, request) => {
      if (request.kind !== 'replaceLease' || request.content.epoch <= epoch || process === old || candidate !== null)
        return 0;
      candidate = process;
      // The record goes at the moment that the takeover has landed, and the old leader is awake again.
      stage.world.after(50, () => {
        api.delete();
        old.continue();
      });
      return stage.world.random.within(300, 2500) * MS;
    };
    old.pause();
    stage.expect('somebody takes over', () => candidate !== null, 5000);
    stage.run(4000);
    stage.end();
  }),

  'slow-answer-to-a-founder': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      const { api } = stage.world;
      let founder: Process | null = null;
      api.answerDelayUs = (process, request) => {
        if (request.kind !== 'replaceLease' || founder !== null) return 0;
        founder = process;
        stage.world.after(50, () => api.delete());
        return stage.world.random.within(300, 2500) * MS;
      };
      stage.expect('somebody founds the group', () => founder !== null, 5000);
      stage.expectThroughout('one leads', () => stage.leaders().length <= 1, 4000);
      stage.end();
    },
  ),

  'lost-with-a-change-in-doubt': staged(
    (seed) => ({ api: { ...quietPlan(seed).api, timeoutUs: SECOND } }),
    (stage) => {
      const { api } = stage.world;
      let isLost = false;
      api.answerDelayUs = (_, request) => {
        if (request.kind !== 'replaceLease' || request.content.inSync.length !== 2 || isLost) return 0;
        isLost = true;
        // What has landed goes before whoever asked for it learns that it did.
        stage.world.after(50, () => api.delete());
        return 3 * SECOND;
      };
      stage.expect('a second member is asked for', () => isLost, 5000);
      const { epoch } = stage.leader.mirror ?? { epoch: 0 };
      stage.expect('the record is written again', () => (stage.world.checker.lastRecord?.epoch ?? 0) > epoch, 5000);
      stage.end();
    },
  ),

  'old-leader-rewrites': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    old.pause();
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    const next = another(stage, old);
    stage.run(stage.world.random.within(0, 200));
    // Only the old leader can reach the API server at first: it finds nothing, and must not fill the void.
    if (next !== undefined) next.apiUp = false;
    api.delete();
    old.continue();
    stage.run(2000);
    if (next !== undefined) next.apiUp = true;
    stage.run(1500);
    stage.end();
  }),

  'old-leader-cut-off-rewrites': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    old.pause();
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    const next = another(stage, old);
    cutOff(stage, old);
    if (next !== undefined) next.apiUp = false;
    api.delete();
    old.continue();
    stage.run(3000);
    rejoin(stage, old);
    if (next !== undefined) next.apiUp = true;
    stage.run(1500);
    stage.end();
  }),

  'old-leader-beside-a-silent-heir': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 1, inSyncMax: 2 } }),
    (stage) => {
      stage.expect('two are in sync', () => members(stage).length === 2, 10_000);
      stage.run(2000);
      const { api, pods } = stage.world;
      const old = stage.leader;
      old.pause();
      stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
      const next = another(stage, old);
      const heir = pods.running().find((process) => process !== old && process !== next);
      check(next !== undefined && heir !== undefined, 'world', () => 'there are no others');
      stage.expect(
        'the third has joined',
        () => members(stage).includes(heir.id as ReplicaId) && !members(stage).includes(old.id as ReplicaId),
        5000,
      );
      stage.run(300);
      pods.desired = 2;
      pods.powerCut(next.pod);
      pods.giveUp(next.pod);
      stage.expect('the heir leads', () => stage.leaders().includes(heir), 8000);
      cutOff(stage, old);
      heir.apiUp = false;
      api.delete();
      old.continue();
      stage.run(4000);
      rejoin(stage, old);
      heir.apiUp = true;
      pods.desired = 3;
      stage.run(1000);
      stage.end();
    },
  ),

  'old-leader-beside-a-later-lineage': staged(three, (stage) => {
    stage.begin();
    const { api, pods } = stage.world;
    const old = stage.leader;
    old.pause();
    stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
    stage.expect('the old leader is no member', () => !members(stage).includes(old.id as ReplicaId), 3000);
    for (const process of pods.running()) if (process !== old) process.die({ silent: false });
    // The old leader does not answer, and is waited for.
    stage.expect('a new lineage begins', () => stage.world.checker.newLineages === 1, 40_000);
    stage.expect('writes go on', () => committedLately(stage, 500), 5000);
    const next = another(stage, old);
    if (next !== undefined) next.apiUp = false;
    api.delete();
    old.continue();
    stage.run(3000);
    if (next !== undefined) next.apiUp = true;
    stage.end();
  }),

  'forgotten-leader': staged(
    () => ({ replicas: 1, limits: { ...defaultLimits, minInSync: 1 }, podNames: 'fresh' }),
    (stage) => {
      stage.begin();
      const { api, pods } = stage.world;
      // By force: whoever does this vouches that the process is gone, and it is not. What it holds nobody counts on.
      const old = stage.leader;
      old.isForsaken = true;
      old.apiUp = false;
      // From all that will ever be.
      for (let machine = 0; machine < 256; machine += 1) {
        if (machine === old.pod.machine) continue;
        stage.world.network.cut(old.pod.machine, machine);
        stage.world.network.cut(machine, old.pod.machine);
      }
      pods.forget(old.pod);
      stage.expect('another begins', () => another(stage, old) !== undefined, 10_000);
      const next = another(stage, old);
      stage.run(500);
      if (next !== undefined) next.apiUp = false;
      old.apiUp = true;
      api.delete();
      stage.expectThroughout('the forgotten one writes no record', () => api.lease?.content.holder !== old.id, 2000);
    },
  ),

  'old-leader-wakes-at-the-takeover': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    const epoch = old.mirror?.epoch ?? 0;
    let landed = false;
    api.answerDelayUs = (process, request) => {
      if (request.kind !== 'replaceLease' || request.content.epoch <= epoch || process === old || landed) return 0;
      landed = true;
      stage.world.after(stage.world.random.within(0, 3) * MS, () => old.continue());
      return stage.world.random.within(0, 10) * MS;
    };
    old.pause();
    stage.expect('somebody takes over', () => landed, 5000);
    stage.run(1500);
    stage.end();
  }),

  'acknowledged-before-the-takeover': staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, ...readers } }),
    (stage) => {
      stage.begin();
      const { network } = stage.world;
      const old = stage.leader;
      const [held] = stage.followers();
      check(held !== undefined, 'world', () => 'there is no follower');
      // Of one member the leader hears late, so that its rounds are not full, and another takes over.
      old.apiUp = false;
      network.cut(held.pod.machine, old.pod.machine);
      stage.expect('another leads', () => another(stage, old) !== undefined, 5000);
      stage.run(stage.world.random.within(15, 60));
      network.heal(held.pod.machine, old.pod.machine);
      stage.run(1000);
      old.apiUp = true;
      stage.run(500);
      stage.end();
    },
  ),

  'slow-answer-to-a-renewal': staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, ...readers } }),
    (stage) => {
      stage.begin();
      const { api } = stage.world;
      const old = stage.leader;
      let isSlow = false;
      api.answerDelayUs = (process, request) => {
        if (process !== old || request.kind !== 'replaceLease' || isSlow) return 0;
        isSlow = true;
        cutOff(stage, old);
        return 2500 * MS;
      };
      stage.expect('another leads', () => another(stage, old) !== undefined, 2400);
      stage.run(3000);
      stage.end();
    },
  ),

  'majority-without-api': staged(
    (seed) => ({ replicas: 5, clients: { ...quietPlan(seed).clients, ...readers, operationMeanUs: 8 * MS } }),
    (stage) => {
      stage.begin();
      const { network } = stage.world;
      const old = stage.leader;
      const [one, two, ...others] = stage.followers();
      const majority = [old, one, two].filter((process) => process !== undefined);
      for (const process of majority) {
        process.apiUp = false;
        for (const other of others) {
          network.cut(process.pod.machine, other.pod.machine);
          network.cut(other.pod.machine, process.pod.machine);
        }
      }
      stage.expect('one of the minority leads', () => another(stage, old) !== undefined, 5000);
      stage.run(2500);
      for (const process of majority) process.apiUp = true;
      stage.run(300);
      stage.end();
    },
  ),

  'leader-hears-nobody': staged(three, (stage) => {
    stage.begin();
    const old = stage.leader;
    old.apiUp = false;
    // It talks, and everybody hears it.
    for (const other of stage.followers()) stage.world.network.cut(other.pod.machine, old.pod.machine);
    stage.expect('another leads', () => another(stage, old) !== undefined, 4000);
    stage.run(500);
    stage.end();
  }),

  'reads-after-a-takeover': staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, ...readers } }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const [one, other] = stage.followers();
      check(one !== undefined && other !== undefined, 'world', () => 'there are no followers');
      asItAnswers(stage, old, () => {
        old.die({ silent: false });
        // Whoever leads next cannot commit what it found, and has the API server's word that it leads.
        stage.world.network.cut(one.pod.machine, other.pod.machine);
        stage.world.network.cut(other.pod.machine, one.pod.machine);
      });
      stage.run(1500);
      stage.end();
    },
  ),

  'reads-of-what-was-gone': hearingLate({ entries: 1, lifetimeShare: 1 }),
  'lists-of-what-was-gone': hearingLate({ entries: 1, lifetimeShare: 1, listShare: 1 }),
  'lists-far-behind': hearingLate({ entries: 3, lifetimeShare: 1, listShare: 1 }),

  'members-unreachable': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 1, inSyncMax: 2 } }),
    (stage) => {
      stage.expect('two are in sync', () => members(stage).length === 2, 10_000);
      stage.run(2000);
      const outsider = stage.followers().find((follower) => !members(stage).includes(follower.id as ReplicaId));
      check(outsider !== undefined, 'world', () => 'there is no outsider');
      cutOff(stage, outsider);
      // Nor does anybody renew the record meanwhile, which would fence the outsider off.
      const inside = stage.world.pods.running().filter((process) => process !== outsider);
      for (const process of inside) process.apiUp = false;
      stage.run(36_000);
      for (const process of inside) process.apiUp = true;
      stage.end();
    },
  ),

  'late-creation': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      const { api } = stage.world;
      let isHeld = false;
      api.requestDelayUs = (_, request) => {
        if (request.kind !== 'createLease' || isHeld) return 0;
        isHeld = true;
        stage.world.after(3 * SECOND - 200, () => api.delete());
        return 3 * SECOND;
      };
      stage.world.plan = { ...stage.world.plan, api: { ...stage.world.plan.api, timeoutUs: 300 * MS } };
      stage.run(5000);
      stage.end();
    },
  ),

  'late-takeover': staged(
    (seed) => ({
      replicas: 4,
      api: {
        ...quietPlan(seed).api,
        latencyUs: 3 * MS,
        timeoutUs: 300 * MS,
        late: 0,
        slowAnswers: 0,
        refusals: 0,
        watchLoss: 0,
      },
    }),
    (stage) => {
      stage.begin();
      const { api } = stage.world;
      const old = stage.leader;
      const epoch = old.mirror?.epoch ?? 0;
      let held: Process | null = null;
      api.requestDelayUs = (process, request) => {
        if (request.kind !== 'replaceLease' || request.content.epoch <= epoch) return 0;
        // All others of this process too: another has to win.
        if (process === held) return 3 * SECOND;
        if (held !== null) return 0;
        held = process;
        stage.world.after(3 * SECOND - 200, () => api.delete());
        return 3 * SECOND;
      };
      old.die({ silent: false });
      stage.expect('another wins', () => stage.leaders().some((leader) => leader !== held), 2900);
      // What it asked for is old news by then, and it has heard nothing since.
      const late = stage.world.pods.running().find((process) => process === held);
      if (late !== undefined) cutOff(stage, late);
      stage.run(2500);
      if (late !== undefined) rejoin(stage, late);
      stage.run(2000);
      stage.end();
    },
  ),

  'late-addition': staged(
    (seed) => ({
      api: {
        ...quietPlan(seed).api,
        latencyUs: MS,
        timeoutUs: 60 * MS,
        late: 0,
        slowAnswers: 0,
        refusals: 0,
        watchLoss: 0,
      },
      clients: { ...quietPlan(seed).clients, readShare: 0, operationMeanUs: 10 * MS },
      times: { ...defaultTimes, readmitMinMs: 100, readmitMaxMs: 200 },
      network: { latencyUs: 50, jitterUs: 20, loss: 0, duplicates: 0, ghosts: 0, falseRefusals: 0 },
    }),
    (stage) => {
      stage.begin();
      const { api, network } = stage.world;
      const leader = stage.leader;
      const [joiner] = stage.followers();
      check(joiner !== undefined, 'world', () => 'there is no follower');
      joiner.pause();
      stage.expect('it is removed', () => !members(stage).includes(joiner.id as ReplicaId), 2000);
      let isHeld = false;
      api.requestDelayUs = (process, request) => {
        if (
          process !== leader ||
          request.kind !== 'replaceLease' ||
          isHeld ||
          !request.content.inSync.includes(joiner.id as ReplicaId)
        )
          return 0;
        // The one call by which it joins lands late, and nothing that is written meanwhile reaches it.
        isHeld = true;
        network.cut(leader.pod.machine, joiner.pod.machine);
        // The leader learns soon that it has gone: it is not added again at once.
        for (const end of leader.links.values()) if (end.out.to?.process === joiner) network.reset(end);
        return stage.world.random.within(180, 290) * MS;
      };
      joiner.continue();
      stage.expect('it is to be added', () => isHeld, 5000);
      stage.run(600);
      network.heal(leader.pod.machine, joiner.pod.machine);
      stage.run(500);
      stage.end();
    },
  ),

  'edited-unseen': staged(
    (seed) => ({
      api: {
        ...quietPlan(seed).api,
        watchLoss: 1,
        watchResyncUs: 600 * SECOND,
        timeoutUs: SECOND,
        late: 0,
        slowAnswers: 0,
        refusals: 0,
      },
    }),
    (stage) => {
      stage.begin();
      const { api } = stage.world;
      const { lease } = api;
      check(lease !== null, 'world', () => 'there is no Lease');
      api.write({ content: { ...lease.content, nonce: 'edited by hand' }, uid: lease.uid });
      stage.expect('the leader writes its record again', () => api.lease?.content.nonce !== 'edited by hand', 2000);
      stage.run(500);
    },
  ),

  'edited-set': staged(three, (stage) => {
    const left = withOneLeft(stage);
    const { api } = stage.world;
    const { lease } = api;
    check(lease !== null, 'world', () => 'there is no Lease');
    api.write({
      content: { ...lease.content, inSync: [...lease.content.inSync, left.id as ReplicaId], nonce: 'edited by hand' },
      uid: lease.uid,
    });
    stage.run(1500);
    left.continue();
    stage.end();
  }),

  'own-old-record': staged(three, (stage) => {
    stage.begin();
    const before = stage.world.api.lease;
    const left = withOneLeft(stage);
    const { api } = stage.world;
    check(before !== null && api.lease !== null, 'world', () => 'there is no Lease');
    api.write({ content: before.content, uid: api.lease.uid });
    stage.run(1500);
    left.continue();
    stage.end();
  }),

  'given-up-and-put-back': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    const before = api.lease;
    cutOff(stage, old);
    stage.expect('the leader gives the record up', () => api.lease?.content.holder === null, 4000);
    if (before !== null && api.lease !== null)
      api.write({ content: { ...before.content, nonce: 'put back by hand' }, uid: api.lease.uid });
    stage.run(2500);
    rejoin(stage, old);
    stage.end();
  }),

  'dies-as-it-answers': staged(
    (seed) => ({
      limits: { ...defaultLimits, inSyncMax: 2 },
      clients: { ...quietPlan(seed).clients, readShare: 0, operationMeanUs: 60 * MS },
    }),
    (stage) => {
      stage.expect('two are in sync', () => members(stage).length === 2, 10_000);
      stage.run(2000);
      const { network } = stage.world;
      const old = stage.leader;
      const member = stage.followers().find((follower) => members(stage).includes(follower.id as ReplicaId));
      const joiner = stage.followers().find((follower) => follower !== member);
      check(member !== undefined && joiner !== undefined, 'world', () => 'there are no followers');
      // It lags by an entry or so, and will go on to.
      network.slowDown(old.pod.machine, joiner.pod.machine, 12 * MS);
      network.slowDown(member.pod.machine, joiner.pod.machine, 400 * MS);
      stage.run(300);
      asItAnswers(stage, old, () => {
        network.cut(old.pod.machine, joiner.pod.machine);
        old.die({ silent: true });
      });
      stage.run(2500);
      stage.end();
    },
  ),

  'successor-from-a-snapshot': staged(
    (seed) => ({
      replicas: 2,
      limits: { ...defaultLimits, minInSync: 1, logEntriesMax: 8 },
      clients: { ...quietPlan(seed).clients, readShare: 0, operationMeanUs: 10 * MS },
    }),
    (stage) => {
      stage.begin();
      const lost = countOutcomes(stage, 'session-lost');
      for (let times = 0; times < 2; times += 1) {
        const [follower] = stage.followers();
        follower?.die({ silent: false });
        stage.expect(
          'it has the data again',
          () => members(stage).length === 2 && stage.world.pods.running().length === 2,
          6000,
        );
        stage.run(300);
        stage.leader.die({ silent: false });
        stage.expect(
          'both are in sync',
          () => members(stage).length === 2 && stage.world.pods.running().length === 2,
          6000,
        );
      }
      check(lost() === 0, 'liveness', () => `${lost()} writes ended with their session forgotten, and none has ended`);
      stage.end();
    },
  ),

  'lost-after-a-takeover': staged(three, (stage) => {
    stage.begin();
    const { api } = stage.world;
    const old = stage.leader;
    const uid = api.lease?.uid;
    api.deleteAfterTakeovers = 1;
    old.die({ silent: false });
    // Another may stand there at once, an empty one.
    stage.expect(
      'the takeover has landed, and its record is gone',
      () => api.deleteAfterTakeovers === 0 && api.lease?.uid !== uid,
      3000,
    );
    stage.expect('the new leader writes the record again', () => api.lease?.content.holder != null, 6000);
    stage.end();
  }),

  'founders-race': staged(
    () => ({ replicas: 2, limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      const { api } = stage.world;
      let late: Process | null = null;
      let other: Process | null = null;
      // One of the two reads the empty Lease late: when the other has founded the group and the record was lost again.
      api.requestDelayUs = (process, request) => {
        if (request.kind === 'listPods' && late === null) late = process;
        if (request.kind !== 'readLease' || process !== late || other !== null) return 0;
        other = process;
        stage.world.after(2 * SECOND - 100, () => {
          api.delete();
          api.write({ content: emptyRecord, uid: 'new' });
        });
        return 2 * SECOND;
      };
      stage.run(6000);
      stage.end();
    },
  ),

  'hand-over-answers-all': staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, readShare: 0, operationMeanUs: 5 * MS } }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      // A commit takes longer than a call to the API server.
      for (const other of stage.followers()) stage.world.network.slowDown(other.pod.machine, old.pod.machine, 60 * MS);
      stage.run(300);
      const deposed = countOutcomes(stage, 'deposed');
      stage.world.pods.delete(old.pod, 5000);
      stage.expect('another leads', () => another(stage, old) !== undefined, 800);
      check(deposed() === 0, 'liveness', () => `${deposed()} writes were left open by a hand-over`);
      expectCleanExit(stage, old, 3000);
      stage.end();
    },
  ),

  'hand-over-beside-a-frozen-one': staged(idle, (stage) => {
    stage.begin();
    const old = stage.leader;
    const frozen = stage.world.random.pick(stage.followers());
    frozen.pause();
    stage.run(320);
    stage.world.pods.delete(old.pod, 5000);
    stage.expect('another leads', () => another(stage, old) !== undefined, 1500);
  }),

  'hand-over-beside-a-stopping-one': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 3 } }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const [stopping, staying] = stage.world.random.shuffle(stage.followers());
      check(stopping !== undefined && staying !== undefined, 'world', () => 'there are no followers');
      // At the minimum it stays a member for as long as nobody takes its place.
      stage.world.pods.delete(stopping.pod, 5000);
      stage.run(30);
      stage.world.pods.delete(old.pod, 5000);
      stage.expectThroughout('who is stopping is not named', () => !stage.leaders().includes(stopping), 1500);
      stage.expect('another leads', () => another(stage, old) !== undefined, 1);
      stage.end();
    },
  ),

  'successor-dies': staged(
    () => ({ replicas: 2, limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      stage.begin();
      const old = stage.leader;
      const [successor] = stage.followers();
      check(successor !== undefined, 'world', () => 'there is no follower');
      stage.world.api.answerDelayUs = (process, request) => {
        if (request.kind === 'replaceLease' && request.content.holder === successor.id && process === old)
          successor.pause();
        return 0;
      };
      stage.world.pods.delete(old.pod, 20_000);
      stage.expect('the successor is named', () => stage.world.checker.lastRecord?.holder === successor.id, 3000);
      stage.expect(
        'the old leader takes the record back',
        () => stage.world.checker.lastRecord?.holder === old.id,
        4000,
      );
      successor.continue();
      stage.end();
    },
  ),

  'members-stop-in-turn': staged(
    () => ({ replicas: 4 }),
    (stage) => {
      stage.begin();
      for (const process of stage.world.random.shuffle(stage.world.pods.running())) {
        stage.world.pods.delete(process.pod, 5000);
        expectCleanExit(stage, process, 4000);
        stage.expect('all are in sync again', () => members(stage).length === 4, 10_000);
      }
      check(stage.world.checker.newLineages === 0, 'new-lineage', () => 'a rolling restart has lost the data');
      stage.end();
    },
  ),

  'follower-stops': staged(
    (seed) => ({ replicas: 4, api: { ...quietPlan(seed).api, watchDelayUs: 300 * MS } }),
    (stage) => {
      stage.begin();
      const [stopping] = stage.followers();
      check(stopping !== undefined, 'world', () => 'there is no follower');
      stage.world.pods.delete(stopping.pod, 8000);
      expectCleanExit(stage, stopping, 4000);
      stage.end();
    },
  ),

  'stopping-member-beside-a-dead-leader': staged(three, (stage) => {
    stage.begin();
    const old = stage.leader;
    const [stopping, staying] = stage.world.random.shuffle(stage.followers());
    check(stopping !== undefined && staying !== undefined, 'world', () => 'there are no followers');
    stage.world.pods.delete(stopping.pod, 5000);
    old.die({ silent: false });
    stage.expectThroughout('who is stopping does not lead', () => !stage.leaders().includes(stopping), 1500);
    check(stage.leaders().includes(staying), 'liveness', () => 'who stays does not lead');
    stage.end();
  }),

  'all-stop-but-stay': staged(three, (stage) => {
    stage.begin();
    const before = stage.world.checker.lastRecord?.lineage?.number ?? 0;
    stopRestarts(stage);
    for (const process of stage.world.pods.running()) process.stop(2500);
    stage.expect('all have ended', () => stage.world.pods.running().length === 0, 4000);
    stage.world.pods.settle();
    stage.expect('a new lineage begins', () => (stage.world.checker.lastRecord?.lineage?.number ?? 0) > before, 9000);
    stage.run(1000);
    check(
      stage.world.alarms.has('data-loss-possible'),
      'alarm',
      () => 'all were restarted, and nobody says that data may be lost',
    );
    stage.end();
  }),

  'all-stop': staged(three, (stage) => {
    stage.begin();
    const before = stage.world.checker.lastRecord?.lineage?.number ?? 0;
    const { pods } = stage.world;
    const { desired } = pods;
    pods.desired = 0;
    for (const pod of pods.listed()) pods.delete(pod, 3000);
    stage.expect('all have ended', () => pods.all.length === 0, 6000);
    pods.desired = desired;
    stage.expect('a new lineage begins', () => (stage.world.checker.lastRecord?.lineage?.number ?? 0) > before, 6000);
    stage.run(1000);
    check(!stage.world.alarms.has('data-loss-possible'), 'alarm', () => 'an end that was planned raises an alarm');
    stage.end();
  }),

  'nothing-left-long-cut': staged(
    () => ({ replicas: 3, limits: { ...defaultLimits, minInSync: 1 } }),
    (stage) => {
      stage.begin();
      const { pods } = stage.world;
      // One sleeps while the others lose everything, twice: what it holds is of a history that nobody remembers.
      const [sleeper] = stage.followers();
      check(sleeper !== undefined, 'world', () => 'there is no follower');
      sleeper.pause();
      stage.expect('it is removed', () => !members(stage).includes(sleeper.id as ReplicaId), 2000);
      for (let times = 0; times < 2; times += 1) {
        const before = stage.world.checker.lastRecord?.lineage?.number ?? 0;
        for (const process of pods.running()) if (process !== sleeper) process.die({ silent: false });
        // The sleeper does not answer, and is waited for.
        stage.expect(
          'a new lineage begins',
          () => (stage.world.checker.lastRecord?.lineage?.number ?? 0) > before,
          40_000,
        );
        stage.expect('writes go on', () => committedLately(stage, 500), 5000);
      }
      for (const process of pods.running()) {
        if (process === sleeper) continue;
        process.pod.isPending = true;
        process.pod.restarts = false;
        pods.powerCut(process.pod);
        pods.giveUp(process.pod);
      }
      pods.desired = 1;
      sleeper.continue();
      stage.run(6000);
      pods.desired = 3;
      stage.end();
    },
  ),

  'takeover-between-rounds': staged(
    (seed) => ({ clients: { ...quietPlan(seed).clients, ...readers, count: 8 } }),
    (stage) => {
      stage.begin();
      const { network, plan } = stage.world;
      for (let times = 0; times < 3; times += 1) {
        const old = stage.leader;
        const [heir, other] = stage.followers();
        check(heir !== undefined && other !== undefined, 'world', () => 'there are no followers');
        // One finds the leader's address closed and takes over at once; the leader hears nothing of it.
        old.apiUp = false;
        network.cut(other.pod.machine, old.pod.machine);
        stage.world.plan = { ...plan, network: { ...plan.network, falseRefusals: 1 } };
        for (const end of heir.links.values()) if (end.out.to?.process === old) network.reset(end);
        stage.run(8);
        stage.world.plan = plan;
        stage.expect('it leads', () => stage.leaders().includes(heir), 400);
        stage.run(200);
        network.heal(other.pod.machine, old.pod.machine);
        old.apiUp = true;
        stage.expect('one leads', () => stage.leaders().length === 1, 8000);
        stage.expect('all are in sync', () => members(stage).length === 3, 8000);
      }
      stage.end();
    },
  ),

  'in-sync-reads-far-behind': staged(
    (seed) => ({
      clients: { ...quietPlan(seed).clients, ...readers, readModes: ['in-sync'], keys: 2, readShare: 0.6, count: 6 },
    }),
    (stage) => {
      stage.begin();
      const { network } = stage.world;
      const [late] = stage.followers();
      check(late !== undefined, 'world', () => 'there is no follower');
      // What the leader says comes without a gap, and long after it was said; nobody else says that it is no member.
      late.apiUp = false;
      network.slowDown(stage.leader.pod.machine, late.pod.machine, 3000 * MS);
      stage.run(6000);
      network.healAll();
      late.apiUp = true;
      stage.end();
    },
  ),

  'snapshot-under-load': staged(
    (seed) => ({
      limits: { ...defaultLimits, logEntriesMax: 100, snapshotChunkBytes: 64, inflightBytesMax: 16_000 },
      network: { ...quietPlan(seed).network, latencyUs: 10 * MS },
      clients: { ...quietPlan(seed).clients, keys: 2000, readShare: 0, operationMeanUs: 8 * MS, inFlightMax: 20 },
    }),
    (stage) => {
      stage.begin();
      stage.run(3000);
      const [follower] = stage.followers();
      check(follower !== undefined, 'world', () => 'there is no follower');
      follower.die({ silent: false });
      stage.run(1000);
      stage.expect('it has the data again', () => members(stage).length === 3, 6000);
      stage.end();
    },
  ),

  // Entries that cannot be committed before the snapshot is in, and that take longer than the election time-out.
  'snapshot-behind-entries': staged(
    (seed) => ({
      limits: { ...defaultLimits, minInSync: 3, logEntriesMax: 8, snapshotChunkBytes: 64, inflightBytesMax: 1800 },
      network: { ...quietPlan(seed).network, latencyUs: 5 * MS },
      clients: { ...quietPlan(seed).clients, keys: 10, readShare: 0, operationMeanUs: 40 * MS, inFlightMax: 200 },
    }),
    (stage) => {
      stage.begin();
      const [left] = stage.followers();
      check(left !== undefined, 'world', () => 'there is no follower');
      left.pause();
      stage.run(4000);
      left.die({ silent: false });
      stage.expect('it has the data again', () => members(stage).length === 3, 20_000);
      stage.end();
    },
  ),

  'snapshot-without-its-entries': staged(
    (seed) => ({
      limits: { ...defaultLimits, logEntriesMax: 8, snapshotChunkBytes: 64, inflightBytesMax: 4000 },
      clients: { ...quietPlan(seed).clients, keys: 40, readShare: 0, operationMeanUs: 2 * MS, inFlightMax: 20 },
    }),
    (stage) => {
      stage.begin();
      const [follower] = stage.followers();
      check(follower !== undefined, 'world', () => 'there is no follower');
      const { network } = stage.world;
      const send = network.send.bind(network);
      let isLossy = true;
      // Beyond what TCP does: of what is sent to who takes a snapshot no entry arrives, and all else does.
      network.send = (end, message) => {
        const isEntry = message.kind === 'append' && message.entries.length > 0;
        if (!isLossy || !isEntry || end.out.to?.process.pod !== follower.pod) send(end, message);
      };
      follower.die({ silent: false });
      stage.run(2000);
      isLossy = false;
      stage.end();
    },
  ),

  'restored-amid-a-snapshot': staged(
    (seed) => ({
      limits: { ...defaultLimits, minInSync: 1, logEntriesMax: 8, snapshotChunkBytes: 64, inflightBytesMax: 200 },
      clients: { ...quietPlan(seed).clients, keys: 40 },
    }),
    (stage) => {
      stage.begin();
      const { api, network, pods } = stage.world;
      const before = api.lease;
      const [sleeper] = stage.followers();
      check(sleeper !== undefined && before !== null, 'world', () => 'there is no follower, or no Lease');
      sleeper.pause();
      stage.expect('it is removed', () => !members(stage).includes(sleeper.id as ReplicaId), 2000);
      const others = pods.running().filter((process) => process !== sleeper);
      for (const process of others) process.die({ silent: false });
      // The sleeper does not answer, and is waited for.
      stage.expect('a new lineage begins', () => stage.world.checker.newLineages === 1, 40_000);
      stage.expect('writes go on', () => committedLately(stage, 500), 5000);
      stage.run(1000);
      for (const process of pods.running()) network.slowDown(process.pod.machine, sleeper.pod.machine, 300 * MS);
      sleeper.continue();
      stage.expect('it gives up what it has', () => sleeper.mirror?.chronicle === null, 5000);
      // Now an old backup is restored, which names what it has just given up; and everybody else is gone.
      pods.desired = 1;
      for (const process of pods.running()) {
        if (process === sleeper) continue;
        process.pod.isPending = true;
        process.pod.restarts = false;
        pods.powerCut(process.pod);
        pods.giveUp(process.pod);
      }
      api.write({ content: before.content, uid: before.uid });
      stage.expect('another lineage begins', () => stage.world.checker.newLineages === 2, 20_000);
      network.healAll();
      stage.end();
    },
  ),

  'another-history-speaks': staged(
    () => ({ limits: { ...defaultLimits, minInSync: 1 }, restartMeanUs: 100 * MS }),
    (stage) => {
      stage.begin();
      const { api, network, pods } = stage.world;
      for (let times = 0; times < 4; times += 1) {
        const old = stage.leader;
        old.die({ silent: false });
        stage.expect('another leads', () => another(stage, old) !== undefined, 3000);
        stage.expect('all are in sync', () => members(stage).length === 3, 8000);
      }
      // One of a namespace that was deleted lives on, somewhere where nobody sees it.
      const [forgotten] = stage.followers();
      check(forgotten !== undefined, 'world', () => 'there is no follower');
      forgotten.isForsaken = true;
      forgotten.apiUp = false;
      for (let machine = 0; machine < 256; machine += 1) {
        if (machine === forgotten.pod.machine) continue;
        network.cut(forgotten.pod.machine, machine);
        network.cut(machine, forgotten.pod.machine);
      }
      pods.forget(forgotten.pod);
      api.delete();
      const { leader } = stage;
      for (const process of pods.running()) if (process !== forgotten) process.die({ silent: false });
      stage.expect('another group is founded', () => another(stage, leader) !== undefined, 10_000);
      stage.run(500);
      network.healAll();
      const founder = another(stage, leader);
      const goesOn = (): boolean => founder?.mirror?.role === 'leading' && committedLately(stage, 1000);
      stage.expectThroughout('it works, whatever the other says', goesOn, 4000);
    },
  ),
} as const;

const emptyRecord = {
  holder: null,
  epoch: 0 as never,
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
};

export type Stage = keyof typeof plays;
export const stages: Readonly<Record<Stage, (seed: number, makeGroup: MakeGroup) => SeedReport>> = plays;
