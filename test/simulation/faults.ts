import type { FaultKind } from './plan.ts';
import { MS, SECOND } from './plan.ts';
import { drawGraceMs, type Pod } from './pods.ts';
import { Prng, streams } from './prng.ts';
import type { Process } from './process.ts';
import { CLIENT_MACHINES } from './network.ts';
import { type ScheduledFault, scheduleOf } from './schedule.ts';
import type { World } from './world.ts';
import { epoch } from '../../src/core/base/numbers.ts';
import type { RecordContent } from '../../src/core/election/record.ts';

/** Which way packets no longer go, as seen from those that are cut off. */
type Way = 'both' | 'out' | 'in';
const ways: readonly Way[] = ['both', 'out', 'in'];

const nameOf = (pod: Pod): string => pod.name;
const machineOf = (pod: Pod): number => pod.machine;

/** Does to the world what clusters do to their processes, as the schedule says. */
export class Nemesis {
  readonly #world: World;
  readonly schedule: readonly ScheduledFault[];
  /** Of the fault that is being injected, which draws all that it needs at once. */
  #random: Prng;
  /** What ends a fault that is on; all are ended when faults end. */
  readonly #endings = new Set<() => void>();
  readonly counts = new Map<FaultKind, number>();
  total = 0;

  constructor(world: World) {
    this.#world = world;
    this.schedule = scheduleOf(world.plan);
    this.#random = new Prng(world.plan.seed, streams.fault);
  }

  start(): void {
    for (const { atUs, kind, seed } of this.schedule) {
      this.#world.at(atUs, () => {
        if (!this.#world.faultsEnded) this.inject(kind, seed);
      });
    }
  }

  /** One fault, now; for scenarios too. */
  inject(kind: FaultKind, seed = this.#random.below(0x1_0000_0000)): void {
    this.#random = new Prng(seed, streams.fault);
    if (!this.#inject(kind)) return;
    this.total += 1;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  endAll(): void {
    for (const end of [...this.#endings]) end();
  }

  /** Calls `end` after a while, or when all faults end, once. */
  #lasting(kind: FaultKind, end: () => void, meanUs = this.#world.plan.faultLengthUs): void {
    const once = (): void => {
      if (!this.#endings.delete(once)) return;
      this.#world.trace.add(this.#world.now, 'FAULT', `${kind} ends`, null);
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
        this.#lasting(kind, () => (process.slowUs = 0));
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
        const graceMs = drawGraceMs(random);
        world.pods.desired = 0;
        for (const pod of world.pods.listed())
          world.after(random.within(0, 100) * MS, () => world.pods.delete(pod, graceMs));
        this.#lasting(kind, () => (world.pods.desired = desired), 3 * SECOND);
        return true;
      }
      case 'forceDelete': {
        const pod = this.#anyPod();
        if (pod === null) return false;
        this.#note(kind, pod.name);
        world.pods.forget(pod);
        // The machine comes back and learns that the pod is no more.
        this.#lasting(kind, () => pod.process?.die({ silent: false }), 2 * world.plan.faultLengthUs);
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
        if (pod !== null) world.pods.delete(pod, drawGraceMs(random));
        this.#note(kind, pod?.name ?? null);
        this.#lasting(
          kind,
          () => {
            for (const other of world.pods.all) other.isPending = false;
          },
          4 * SECOND,
        );
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
        this.#lasting(kind, () => (leader.apiUp = true));
        return this.#isolate(kind, leader, { clientsToo: random.chance(0.3) });
      }
      case 'cutPair': {
        const [one, other] = this.#twoPods();
        if (one === undefined || other === undefined) return false;
        const way = random.pick(ways);
        this.#note(kind, [one.name, other.name, way]);
        this.#cutAll(kind, [one.machine], [other.machine], way);
        return true;
      }
      case 'split': {
        const pods = random.shuffle(world.pods.running().map((process) => process.pod));
        if (pods.length < 2) return false;
        const cut = random.between(1, pods.length - 1);
        const [some, others] = [pods.slice(0, cut), pods.slice(cut)];
        const way = random.pick<Way>(['both', ...ways]);
        this.#note(kind, [some.map(nameOf), others.map(nameOf), way]);
        this.#cutAll(kind, some.map(machineOf), others.map(machineOf), way);
        return true;
      }
      case 'cutClients': {
        const process = this.#anyProcess();
        if (process === null) return false;
        const way = random.pick(ways);
        this.#note(kind, [process.label, way]);
        this.#cutAll(kind, [process.pod.machine], this.#clientMachines(), way);
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
        const [from, to] = this.#twoPods();
        if (from === undefined || to === undefined) return false;
        const slowMs = random.pick([20, 150, 1200]);
        this.#note(kind, [from.name, to.name, `${slowMs} ms`]);
        world.network.slowDown(from.machine, to.machine, slowMs * MS);
        this.#lasting(kind, () => world.network.slowDown(from.machine, to.machine, 0), 2 * world.plan.faultLengthUs);
        return true;
      }
      case 'lossyLink': {
        const [from, to] = this.#twoPods();
        if (from === undefined || to === undefined) return false;
        const share = random.pick([0.02, 0.3]);
        this.#note(kind, [from.name, to.name, share]);
        world.network.loseSome(from.machine, to.machine, share);
        this.#lasting(kind, () => world.network.loseSome(from.machine, to.machine, 0));
        return true;
      }
      case 'apiOutage':
        world.api.outage = random.pick(['refuse', 'silence']);
        this.#note(kind, world.api.outage);
        this.#lasting(kind, () => (world.api.outage = 'none'), 2 * world.plan.faultLengthUs);
        return true;
      case 'apiOutageOfOne': {
        const process = random.chance(0.5) ? this.#leader() : this.#anyProcess();
        if (process === null) return false;
        this.#note(kind, process.label);
        process.apiUp = false;
        this.#lasting(kind, () => (process.apiUp = true), 2 * world.plan.faultLengthUs);
        return true;
      }
      case 'apiSlow':
        world.api.slowUs = random.pick([30, 300, 1500]) * MS;
        this.#note(kind, world.api.slowUs);
        this.#lasting(kind, () => (world.api.slowUs = 0));
        return true;
      case 'apiSlowAnswers':
        world.api.slowAnswerShare = random.pick([0.2, 0.8]);
        this.#note(kind, null);
        this.#lasting(kind, () => (world.api.slowAnswerShare = 0));
        return true;
      case 'apiLate':
        world.api.lateShare = random.pick([0.2, 0.8]);
        this.#note(kind, null);
        this.#lasting(kind, () => (world.api.lateShare = 0));
        return true;
      case 'apiRefuses':
        world.api.refusalShare = random.pick([0.2, 1]);
        this.#note(kind, null);
        this.#lasting(kind, () => (world.api.refusalShare = 0));
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
        this.#lasting(
          kind,
          () => {
            world.api.deleteAfterTakeovers = 0;
            world.api.slowAnswerShare = 0;
          },
          3 * SECOND,
        );
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
    } else this.#lasting(kind, () => world.pods.powerOn(pod), 2 * world.plan.faultLengthUs);
    return true;
  }

  #pause(kind: FaultKind, process: Process | null): boolean {
    if (process === null || process.isPaused) return false;
    this.#note(kind, process.label);
    process.pause();
    this.#lasting(kind, () => process.continue());
    return true;
  }

  #deletePod(kind: FaultKind, pod: Pod | null): boolean {
    if (pod === null || pod.deleting) return false;
    this.#note(kind, pod.name);
    this.#world.pods.delete(pod, drawGraceMs(this.#random));
    return true;
  }

  #rollingRestart(kind: FaultKind): boolean {
    const world = this.#world;
    const pods = world.pods.listed();
    this.#note(kind, null);
    let delay = 0;
    const pauseMs = this.#random.pick([500, 1500, 3000]);
    for (const pod of pods) {
      const graceMs = drawGraceMs(this.#random);
      world.after(delay * MS, () => {
        if (!world.faultsEnded) world.pods.delete(pod, graceMs);
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
    const way = this.#random.pick<Way>(['both', ...ways]);
    this.#note(kind, [process.label, way, options.clientsToo ? 'from clients too' : 'not from clients']);
    if (options.clientsToo) others.push(...this.#clientMachines());
    this.#cutAll(kind, [own], others, way);
    return true;
  }

  #clientMachines(): number[] {
    return this.#world.clients.map((client) => client.machine).concat(CLIENT_MACHINES);
  }

  #twoPods(): Pod[] {
    return this.#random.shuffle(this.#world.pods.running().map((process) => process.pod)).slice(0, 2);
  }

  #cutAll(kind: FaultKind, some: readonly number[], others: readonly number[], way: Way): void {
    const network = this.#world.network;
    for (const from of some) {
      for (const to of others) {
        if (way !== 'in') network.cut(from, to);
        if (way !== 'out') network.cut(to, from);
      }
    }
    this.#lasting(kind, () => {
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
