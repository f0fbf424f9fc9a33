import type { FaultKind } from './plan.ts';
import { MS, SECOND } from './plan.ts';
import type { Pod } from './pods.ts';
import { Prng } from './prng.ts';
import type { Process } from './process.ts';
import { CLIENT_MACHINES } from './network.ts';
import type { World } from './world.ts';
import { epoch } from '../../src/core/base/numbers.ts';
import type { RecordContent } from '../../src/core/election/record.ts';

/** Does to the world what clusters do to their processes, until the plan says that it is enough. */
export class Nemesis {
  readonly #world: World;
  readonly #random: Prng;
  readonly #weightTotal: number;
  /** What ends a fault that is on; all are ended when faults end. */
  readonly #endings = new Set<() => void>();
  readonly counts = new Map<FaultKind, number>();
  total = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.plan.seed, 2);
    this.#weightTotal = world.plan.faults.reduce((sum, fault) => sum + fault.weight, 0);
  }

  start(): void {
    this.#world.after(this.#random.within(0.3, 1.5) * SECOND, this.#next);
  }

  readonly #next = (): void => {
    const world = this.#world;
    if (world.faultsEnded) return;
    world.after(this.#random.exponential(world.plan.faultMeanUs), this.#next);
    let drawn = this.#random.next() * this.#weightTotal;
    for (const { kind, weight } of world.plan.faults) {
      drawn -= weight;
      if (drawn > 0) continue;
      this.inject(kind);
      return;
    }
  };

  /** Also for scenarios: one fault, now. */
  inject(kind: FaultKind): void {
    if (!this.#inject(kind)) return;
    this.total += 1;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  endAll(): void {
    for (const end of [...this.#endings]) end();
  }

  /** Calls `end` after a while, or when all faults end, once. */
  #lasting(end: () => void, meanUs = this.#world.plan.faultLengthUs): void {
    const once = (): void => {
      if (!this.#endings.delete(once)) return;
      end();
    };
    this.#endings.add(once);
    this.#world.after(this.#random.exponential(meanUs) + 10 * MS, once);
  }

  #note(fault: FaultKind, detail: unknown): true {
    this.#world.trace.add(this.#world.now, 'FAULT', fault, detail);
    return true;
  }

  #anyProcess(): Process | null {
    const running = this.#world.pods.running().filter((process) => process.isAlive);
    return running.length === 0 ? null : this.#random.pick(running);
  }

  #leader(): Process | null {
    const leaders = this.#world.pods.running().filter((process) => process.mirror?.role === 'leading');
    if (leaders.length > 0) return this.#random.pick(leaders);
    return this.#anyProcess();
  }

  #anyPod(): Pod | null {
    const pods = this.#world.pods.listed().filter((pod) => !pod.deleting && pod.process !== null);
    return pods.length === 0 ? null : this.#random.pick(pods);
  }

  #inject(kind: FaultKind): boolean {
    const world = this.#world;
    const random = this.#random;
    switch (kind) {
      case 'crash':
        return this.#crash(kind, this.#anyProcess());
      case 'crashLeader':
        return this.#crash(kind, this.#leader());
      case 'crashMany': {
        const running = random.shuffle(world.pods.running());
        this.#note(kind, null);
        for (const process of running.slice(0, random.between(2, Math.max(2, running.length - 1))))
          this.#crashSoon(process, 50);
        return true;
      }
      case 'crashAll':
        this.#note(kind, null);
        for (const process of world.pods.running()) this.#crashSoon(process, random.pick([0, 20, 500]));
        return true;
      case 'powerCut':
        return this.#powerCut(kind);
      case 'terminate': {
        const process = this.#anyProcess();
        if (process === null) return false;
        this.#note(kind, process.label);
        process.pod.restarts = false;
        process.die({ silent: false });
        return true;
      }
      case 'pause':
        return this.#pause(kind, this.#anyProcess());
      case 'pauseLeader':
        return this.#pause(kind, this.#leader());
      case 'slow': {
        const process = this.#anyProcess();
        if (process === null) return false;
        process.slowUs = random.pick([5, 60, 400]) * MS;
        this.#note(kind, process.label);
        this.#lasting(() => (process.slowUs = 0));
        return true;
      }
      case 'deletePod':
        return this.#deletePod(kind, this.#anyPod());
      case 'deleteLeaderPod':
        return this.#deletePod(kind, this.#leader()?.pod ?? null);
      case 'rollingRestart':
        return this.#rollingRestart(kind);
      case 'stopAll': {
        this.#note(kind, null);
        const { desired } = world.pods;
        const graceMs = world.drawGraceMs();
        world.pods.desired = 0;
        for (const pod of world.pods.listed())
          world.after(random.within(0, 100) * MS, () => world.pods.delete(pod, graceMs));
        this.#lasting(() => (world.pods.desired = desired), 3 * SECOND);
        return true;
      }
      case 'forceDelete': {
        const pod = this.#anyPod();
        if (pod === null) return false;
        this.#note(kind, pod.name);
        world.pods.forget(pod);
        // The machine comes back and learns that the pod is no more.
        this.#lasting(() => pod.process?.die({ silent: false }), 2 * world.plan.faultLengthUs);
        return true;
      }
      case 'scale': {
        const { minInSync } = world.plan.limits;
        world.pods.desired = random.between(Math.max(2, minInSync), world.plan.replicasMax);
        return this.#note(kind, world.pods.desired);
      }
      case 'pendingPod': {
        world.pendingPods += 1;
        const pod = this.#anyPod();
        if (pod !== null) world.pods.delete(pod, world.drawGraceMs());
        this.#note(kind, pod?.name ?? null);
        this.#lasting(() => {
          for (const other of world.pods.all) other.isPending = false;
        }, 4 * SECOND);
        return true;
      }
      case 'isolate':
        return this.#isolate(kind, this.#anyProcess(), { clientsToo: random.chance(0.5) });
      case 'isolateLeader':
        return this.#isolate(kind, this.#leader(), { clientsToo: false });
      case 'isolateLeaderFromAll': {
        const leader = this.#leader();
        if (leader === null) return false;
        leader.apiUp = false;
        this.#lasting(() => (leader.apiUp = true));
        return this.#isolate(kind, leader, { clientsToo: random.chance(0.3) });
      }
      case 'cutPair': {
        const machines = random.shuffle(world.pods.running().map((process) => process.pod.machine));
        const [one, other] = machines;
        if (one === undefined || other === undefined) return false;
        this.#note(kind, [one, other]);
        this.#cut(one, other, random.pick(['both', 'out', 'in']));
        return true;
      }
      case 'split': {
        const machines = random.shuffle(world.pods.running().map((process) => process.pod.machine));
        if (machines.length < 2) return false;
        const cut = random.between(1, machines.length - 1);
        this.#note(kind, [machines.slice(0, cut), machines.slice(cut)]);
        this.#cutAll(machines.slice(0, cut), machines.slice(cut), random.pick(['both', 'both', 'out', 'in']));
        return true;
      }
      case 'cutClients': {
        const process = this.#anyProcess();
        if (process === null) return false;
        this.#note(kind, process.label);
        this.#cutAll([process.pod.machine], this.#clientMachines(), random.pick(['both', 'out', 'in']));
        return true;
      }
      case 'reset': {
        const process = this.#anyProcess();
        if (process === null || process.links.size === 0) return false;
        this.#note(kind, process.label);
        const all = random.chance(0.3);
        for (const end of process.links.values()) if (all || random.chance(0.4)) world.network.reset(end);
        return true;
      }
      case 'slowLink': {
        const [from, to] = this.#twoMachines();
        if (from === undefined || to === undefined) return false;
        this.#note(kind, [from, to]);
        world.network.slowDown(from, to, random.pick([20, 150, 1200]) * MS);
        this.#lasting(() => world.network.slowDown(from, to, 0), 2 * world.plan.faultLengthUs);
        return true;
      }
      case 'lossyLink': {
        const [from, to] = this.#twoMachines();
        if (from === undefined || to === undefined) return false;
        this.#note(kind, [from, to]);
        world.network.loseSome(from, to, random.pick([0.02, 0.3]));
        this.#lasting(() => world.network.loseSome(from, to, 0));
        return true;
      }
      case 'apiOutage':
        world.api.outage = random.pick(['refuse', 'silence']);
        this.#note(kind, world.api.outage);
        this.#lasting(() => (world.api.outage = 'none'), 2 * world.plan.faultLengthUs);
        return true;
      case 'apiOutageOfOne': {
        const process = random.chance(0.5) ? this.#leader() : this.#anyProcess();
        if (process === null) return false;
        this.#note(kind, process.label);
        process.apiUp = false;
        this.#lasting(() => (process.apiUp = true), 2 * world.plan.faultLengthUs);
        return true;
      }
      case 'apiSlow':
        world.api.slowUs = random.pick([30, 300, 1500]) * MS;
        this.#note(kind, world.api.slowUs);
        this.#lasting(() => (world.api.slowUs = 0));
        return true;
      case 'apiSlowAnswers':
        world.api.slowAnswerShare = random.pick([0.2, 0.8]);
        this.#note(kind, null);
        this.#lasting(() => (world.api.slowAnswerShare = 0));
        return true;
      case 'apiLate':
        world.api.lateShare = random.pick([0.2, 0.8]);
        this.#note(kind, null);
        this.#lasting(() => (world.api.lateShare = 0));
        return true;
      case 'apiRefuses':
        world.api.refusalShare = random.pick([0.2, 1]);
        this.#note(kind, null);
        this.#lasting(() => (world.api.refusalShare = 0));
        return true;
      case 'leaseDelete':
        if (world.api.lease === null) return false;
        this.#note(kind, null);
        world.api.delete();
        return true;
      case 'leaseDeleteAfterTakeover':
        // The takeover's answer is slow meanwhile, so that the old leader may write the record again before it comes.
        world.api.deleteAfterTakeovers = 1;
        world.api.slowAnswerShare = 1;
        this.#note(kind, null);
        this.#lasting(() => {
          world.api.deleteAfterTakeovers = 0;
          world.api.slowAnswerShare = 0;
        }, 3 * SECOND);
        if (random.chance(0.7)) this.#pause(kind, this.#leader());
        return true;
      case 'leaseRestore':
        return this.#restore(kind);
      case 'leaseDamage': {
        const lease = world.api.lease;
        if (lease === null) return false;
        world.api.write({ content: lease.content, uid: lease.uid, isDamaged: true });
        return this.#note(kind, null);
      }
      case 'leaseEdit':
        return this.#edit(kind);
      case 'wallJump': {
        const process = random.chance(0.5) ? this.#leader() : this.#anyProcess();
        if (process === null) return false;
        const jumpMs = random.pick([-3_600_000, -2000, -50, 50, 2000, 3_600_000]);
        process.jumpWall(jumpMs);
        return this.#note(kind, [process.label, jumpMs]);
      }
    }
  }

  #crash(kind: FaultKind, process: Process | null): boolean {
    if (process === null) return false;
    this.#note(kind, process.label);
    process.die({ silent: false });
    return true;
  }

  #crashSoon(process: Process, withinMs: number): void {
    this.#world.after(this.#random.within(0, withinMs) * MS, () => process.die({ silent: false }));
  }

  #powerCut(kind: FaultKind): boolean {
    const world = this.#world;
    const process = this.#random.chance(0.4) ? this.#leader() : this.#anyProcess();
    if (process === null) return false;
    const pod = process.pod;
    this.#note(kind, process.label);
    world.pods.powerCut(pod);
    if (this.#random.chance(0.3)) {
      // Somebody makes sure that the machine is off, and says so.
      world.after(this.#random.within(0.3, 4) * SECOND, () => world.pods.giveUp(pod));
    } else this.#lasting(() => world.pods.powerOn(pod), 2 * world.plan.faultLengthUs);
    return true;
  }

  #pause(kind: FaultKind, process: Process | null): boolean {
    if (process === null || process.isPaused) return false;
    this.#note(kind, process.label);
    process.pause();
    this.#lasting(() => process.continue());
    return true;
  }

  #deletePod(kind: FaultKind, pod: Pod | null): boolean {
    if (pod === null || pod.deleting) return false;
    this.#note(kind, pod.name);
    this.#world.pods.delete(pod, this.#world.drawGraceMs());
    return true;
  }

  #rollingRestart(kind: FaultKind): boolean {
    const world = this.#world;
    const pods = world.pods.listed();
    this.#note(kind, null);
    let delay = 0;
    const pauseMs = this.#random.pick([500, 1500, 3000]);
    for (const pod of pods) {
      world.after(delay * MS, () => {
        if (!world.faultsEnded) world.pods.delete(pod, world.drawGraceMs());
      });
      delay += this.#random.within(0.5, 1.5) * pauseMs;
    }
    return true;
  }

  #isolate(kind: FaultKind, process: Process | null, options: { readonly clientsToo: boolean }): boolean {
    if (process === null) return false;
    const own = process.pod.machine;
    const others = this.#world.pods
      .running()
      .map((other) => other.pod.machine)
      .filter((machine) => machine !== own);
    // Now and then one other still hears it: a leader that merely talks.
    if (this.#random.chance(0.25)) others.splice(this.#random.below(others.length), 1);
    this.#note(kind, process.label);
    if (options.clientsToo) others.push(...this.#clientMachines());
    this.#cutAll([own], others, this.#random.pick(['both', 'both', 'out', 'in']));
    return true;
  }

  #clientMachines(): number[] {
    return this.#world.clients.map((client) => client.machine).concat(CLIENT_MACHINES);
  }

  #twoMachines(): (number | undefined)[] {
    return this.#random.shuffle(this.#world.pods.running().map((process) => process.pod.machine)).slice(0, 2);
  }

  #cut(one: number, other: number, way: 'both' | 'out' | 'in'): void {
    this.#cutAll([one], [other], way);
  }

  #cutAll(some: readonly number[], others: readonly number[], way: 'both' | 'out' | 'in'): void {
    const network = this.#world.network;
    for (const from of some) {
      for (const to of others) {
        if (way !== 'in') network.cut(from, to);
        if (way !== 'out') network.cut(to, from);
      }
    }
    this.#lasting(() => {
      for (const from of some) {
        for (const to of others) {
          if (way !== 'in') network.heal(from, to);
          if (way !== 'out') network.heal(to, from);
        }
      }
    });
    // Long before that, some connections give up, on one side or on both.
    for (const process of this.#world.pods.running()) {
      if (!some.includes(process.pod.machine)) continue;
      for (const end of process.links.values()) {
        if (!this.#random.chance(0.2)) continue;
        this.#world.after(this.#random.within(0.1, 2) * SECOND, () => this.#world.network.reset(end));
      }
    }
  }

  /**
   * A backup is put back. Only one that no living replica would obey: a member of the old days that has been cut off
   * ever since could not tell it from the present, and no rule protects from that (see docs/simulation.md).
   */
  #restore(kind: FaultKind): boolean {
    const { api } = this.#world;
    const old = api.backups.filter((backup) => this.#isKnownAsOutdated(backup.content));
    if (old.length === 0) return false;
    const backup = this.#random.pick(old);
    this.#note(kind, backup.content);
    api.write({ content: backup.content, uid: this.#random.chance(0.5) ? 'new' : (api.lease?.uid ?? 'new') });
    return true;
  }

  /** To everybody who lives and has data. */
  #isKnownAsOutdated(content: RecordContent): boolean {
    const { lineage, epoch } = content;
    if (lineage === null) return false;
    const withData = this.#world.pods.running().filter((process) => process.mirror?.chronicle != null);
    return withData.every((process) => {
      const obeyed = process.mirror?.obeyedLineage;
      if (obeyed == null) return false;
      return lineage.number < obeyed.number || (lineage.id === obeyed.id && epoch < (process.mirror?.epoch ?? 0));
    });
  }

  /** By hand, without taking away what the set protects. */
  #edit(kind: FaultKind): boolean {
    const { api } = this.#world;
    const lease = api.lease;
    if (lease === null || lease.isDamaged || lease.content.lineage === null) return false;
    const edited = { ...lease.content, nonce: 'edited by hand' };
    const lowered = { ...edited, epoch: epoch(Math.max(0, edited.epoch - 1)) };
    const content = this.#random.chance(0.5) && this.#isKnownAsOutdated(lowered) ? lowered : edited;
    api.write({ content, uid: lease.uid });
    return this.#note(kind, content);
  }
}
