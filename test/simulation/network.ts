import type { Input, LinkId } from '../../src/core/group/io.ts';
import type { PeerMessage } from '../../src/core/replication/messages.ts';
import type { Pod } from './pods.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';
import { MS } from './plan.ts';
import { type Prng, PrngPerMachine, streams } from './prng.ts';

/** Machines are numbered: each pod runs on one of its own, and clients on those from here on. */
export const CLIENT_MACHINES = 200;
const MACHINES = 256;
const GHOSTS = 16;

/** One end of a connection, in the hands of one process. */
export class End {
  readonly process: Process;
  readonly link: LinkId;
  /** What this end sends. */
  readonly out: Direction;
  /** False once this side knows of the end, or has made it. */
  isOpen = true;

  constructor(process: Process, link: LinkId, world: World) {
    this.process = process;
    this.link = link;
    this.out = new Direction(world, process.pod.machine);
  }
}

/** One way of a connection: in order, and held back while the way is cut, as TCP does. */
class Direction {
  readonly #world: World;
  readonly fromMachine: number;
  to: End | null = null;
  readonly #queue: Input[] = [];
  #lastArrival = 0;
  #stalled = 0;

  constructor(world: World, fromMachine: number) {
    this.#world = world;
    this.fromMachine = fromMachine;
  }

  enqueue(input: Input): void {
    const to = this.to;
    if (to === null) return;
    const world = this.#world;
    const arrival = world.now + world.network.latency(this.fromMachine, to.process.pod.machine);
    this.#lastArrival = Math.max(this.#lastArrival, arrival);
    this.#queue.push(input);
    world.at(this.#lastArrival, this.#arrive);
  }

  readonly #arrive = (): void => {
    const to = this.to as End;
    const network = this.#world.network;
    if (network.isCut(this.fromMachine, to.process.pod.machine) || !to.process.pod.machineUp) {
      if (this.#stalled === 0) network.stalled.add(this);
      this.#stalled += 1;
      return;
    }
    const input = this.#queue.shift();
    if (input === undefined) return;
    if (!to.isOpen) {
      // Nobody there any more: a reset travels back.
      if (input.kind !== 'closed') network.resetOther(to);
      return;
    }
    if (input.kind === 'closed') to.isOpen = false;
    to.process.deliver(input);
  };

  /** The way is free again: what was held back arrives. */
  resume(): void {
    const to = this.to as End;
    const network = this.#world.network;
    if (network.isCut(this.fromMachine, to.process.pod.machine) || !to.process.pod.machineUp) return;
    network.stalled.delete(this);
    // Retransmission waits grow while nothing answers.
    const delay = network.chanceOf(this.fromMachine).within(0, 200 * MS);
    this.#lastArrival = Math.max(this.#lastArrival, this.#world.now + delay);
    for (; this.#stalled > 0; this.#stalled -= 1) this.#world.at(this.#lastArrival, this.#arrive);
  }
}

/** Connections between replicas, and who can reach whom. */
export class Network {
  readonly #world: World;
  /** How many faults cut the way from one machine to another. */
  readonly #cuts = new Uint8Array(MACHINES * MACHINES);
  /** By way, as above; few at a time. */
  readonly #slowUs = new Map<number, number>();
  readonly #lossy = new Map<number, number>();
  readonly stalled = new Set<Direction>();
  readonly #byAddress = new Map<string, Pod>();
  /** Some of what was ever said from one process to another. */
  readonly #said = new Map<string, Extract<PeerMessage, { readonly epoch: number }>[]>();
  readonly #chances: PrngPerMachine;

  constructor(world: World) {
    this.#world = world;
    this.#chances = new PrngPerMachine(world.plan.seed, streams.network);
  }

  chanceOf(machine: number): Prng {
    return this.#chances.of(machine);
  }

  attach(pod: Pod): void {
    this.#byAddress.set(pod.address, pod);
  }

  detach(pod: Pod): void {
    if (this.#byAddress.get(pod.address) === pod) this.#byAddress.delete(pod.address);
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts[from * MACHINES + to] !== 0;
  }

  latency(from: number, to: number): number {
    const { latencyUs, jitterUs } = this.#world.plan.network;
    const slow = this.#slowUs.size === 0 ? 0 : (this.#slowUs.get(from * MACHINES + to) ?? 0);
    // A client's machine draws for both ways, so that a request more changes nothing between the replicas.
    const random = this.#chances.of(Math.max(from, to) >= CLIENT_MACHINES ? Math.max(from, to) : from);
    return Math.ceil(latencyUs + random.next() * jitterUs + (slow === 0 ? 0 : random.next() * slow));
  }

  cut(from: number, to: number): void {
    (this.#cuts[from * MACHINES + to] as number) += 1;
  }

  heal(from: number, to: number): void {
    (this.#cuts[from * MACHINES + to] as number) -= 1;
    this.resumeStalled();
  }

  slowDown(from: number, to: number, us: number): void {
    this.#slowUs.set(from * MACHINES + to, us);
  }

  loseSome(from: number, to: number, share: number): void {
    this.#lossy.set(from * MACHINES + to, share);
  }

  healAll(): void {
    this.#cuts.fill(0);
    this.#slowUs.clear();
    this.#lossy.clear();
    this.resumeStalled();
  }

  resumeStalled(): void {
    for (const direction of [...this.stalled]) direction.resume();
  }

  dial(process: Process, link: LinkId, address: string): void {
    const world = this.#world;
    const end = new End(process, link, world);
    process.links.set(link, end);
    const from = process.pod.machine;
    const random = this.#chances.of(from);
    const target = this.#byAddress.get(address);
    const to = target?.machine ?? from;
    world.after(this.latency(from, to), () => {
      if (!end.isOpen) return;
      const fail = (reason: 'refused' | 'lost', delayUs: number): void =>
        world.after(delayUs, () => {
          if (!end.isOpen) return;
          end.isOpen = false;
          process.deliver({ kind: 'closed', link, reason });
        });
      // A dial gives up long before the system would.
      const patience = random.within(300 * MS, 1500 * MS);
      if (target === undefined) {
        // The address of a pod that is gone: some networks say so, some say nothing.
        fail(random.chance(0.5) ? 'refused' : 'lost', patience);
      } else if (!target.machineUp || this.isCut(from, to) || this.isCut(to, from)) fail('lost', patience);
      else if (target.process === null || random.chance(world.plan.network.falseRefusals)) {
        fail('refused', this.latency(to, from));
      } else this.#accept(end, target.process);
    });
  }

  #accept(dialler: End, process: Process): void {
    const acceptor = new End(process, process.nextAcceptedLink(), this.#world);
    dialler.out.to = acceptor;
    acceptor.out.to = dialler;
    process.links.set(acceptor.link, acceptor);
    process.deliver({ kind: 'accepted', link: acceptor.link });
    acceptor.out.enqueue({ kind: 'connected', link: dialler.link });
  }

  send(end: End, message: PeerMessage): void {
    const to = end.out.to;
    if (!end.isOpen || to === null) return;
    const { loss, duplicates, ghosts } = this.#world.plan.network;
    const random = this.#chances.of(end.out.fromMachine);
    if (ghosts > 0) this.#haunt(end, to, message);
    const way = end.out.fromMachine * MACHINES + to.process.pod.machine;
    const share = loss + (this.#lossy.size === 0 ? 0 : (this.#lossy.get(way) ?? 0));
    if (share > 0 && random.chance(share)) return;
    const input: Input = { kind: 'received', link: to.link, message };
    end.out.enqueue(input);
    if (duplicates === 0 || !random.chance(duplicates)) return;
    if (random.chance(0.5)) end.out.enqueue(input);
    else this.#world.after(random.exponential(50 * MS), () => end.out.enqueue(input));
  }

  /** Beyond what TCP does: what the same process said in an earlier epoch is heard once more on a connection of now. */
  #haunt(end: End, to: End, message: PeerMessage): void {
    // A hello is not fenced by its epoch, but by its number and by the connection that it came on.
    if (!('epoch' in message) || message.kind === 'hello') return;
    const random = this.#chances.of(end.out.fromMachine);
    const way = `${end.process.label} ${to.process.label}`;
    const said = this.#said.get(way) ?? [];
    this.#said.set(way, said);
    if (random.chance(this.#world.plan.network.ghosts)) {
      const older = said.filter((ghost) => ghost.epoch < message.epoch);
      if (older.length > 0) end.out.enqueue({ kind: 'received', link: to.link, message: random.pick(older) });
    }
    if (said.length < GHOSTS) said.push(message);
    else if (random.chance(0.1)) said[random.below(GHOSTS)] = message;
  }

  /** This side has closed it; the other learns it after what was sent. */
  close(end: End): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    const to = end.out.to;
    if (to !== null) end.out.enqueue({ kind: 'closed', link: to.link, reason: 'lost' });
  }

  /** Both sides learn it, each at its time; what is on the way is lost. */
  reset(end: End): void {
    this.resetOther(end);
    const to = end.out.to;
    if (to !== null) this.resetOther(to);
  }

  /** The process at the other end of `end` learns that the connection is gone. */
  resetOther(end: End): void {
    const other = end.out.to;
    if (other === null) return;
    const world = this.#world;
    world.after(this.latency(end.out.fromMachine, other.process.pod.machine), () => {
      if (!other.isOpen || this.isCut(end.out.fromMachine, other.process.pod.machine)) return;
      other.isOpen = false;
      other.process.deliver({ kind: 'closed', link: other.link, reason: 'lost' });
    });
  }
}
