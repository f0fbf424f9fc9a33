import type { PodInfo } from '../../src/core/election/api.ts';
import { MS, SECOND } from './plan.ts';
import { Prng, PrngPerMachine, streams } from './prng.ts';
import { Process } from './process.ts';
import type { World } from './world.ts';

export const drawGraceMs = (random: Prng): number => random.pick([100, 1000, 5000]);

/** One pod: a name, a UID, a machine of its own, and at most one process at a time. */
export class Pod {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly machine: number;
  process: Process | null = null;
  /** How often its container was started. */
  runs = 0;
  state: PodInfo['state'] = 'neverStarted';
  deleting = false;
  /** The API server lists it. */
  isListed = true;
  /** False between a power cut and the machine's return: packets to it vanish. */
  machineUp = true;
  /** A container that ends is started again. */
  restarts = true;
  /** Not started before the faults end. */
  isPending = false;

  constructor(name: string, uid: string, address: string, machine: number) {
    this.name = name;
    this.uid = uid;
    this.address = address;
    this.machine = machine;
  }
}

/** The API server's pods, the controller that keeps their number, and the kubelets that run them. */
export class Pods {
  readonly #world: World;
  readonly #random: Prng;
  readonly #kubelets: PrngPerMachine;
  readonly all: Pod[] = [];
  desired: number;
  #created = 0;
  #freeAddresses: string[] = [];
  #ordinals = new Set<number>();
  #names = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.plan.seed, streams.pods);
    this.#kubelets = new PrngPerMachine(world.plan.seed, streams.kubelet);
    this.desired = world.plan.replicas;
  }

  start(): void {
    for (let count = 0; count < this.desired; count += 1) this.#create();
    this.#world.after(100 * MS, this.#reconcile);
  }

  listed(): Pod[] {
    return this.all.filter((pod) => pod.isListed);
  }

  list(): PodInfo[] {
    return this.listed().map((pod) => ({
      name: pod.name,
      uid: pod.uid,
      peerAddress: pod.state === 'neverStarted' ? null : pod.address,
      state: pod.state,
      deleting: pod.deleting,
    }));
  }

  running(): Process[] {
    const processes: Process[] = [];
    for (const pod of this.all) if (pod.process !== null) processes.push(pod.process);
    return processes;
  }

  /** SIGTERM, then SIGKILL at the end of the grace period; the pod is listed until its process has ended. */
  delete(pod: Pod, graceMs: number): void {
    if (pod.deleting || !pod.isListed) return;
    pod.deleting = true;
    this.#world.trace.add(this.#world.now, pod.name, 'is being deleted', { uid: pod.uid, graceMs });
    if (pod.process === null) {
      this.#world.after(this.#kubelets.of(pod.machine).within(1, 100) * MS, () => this.#remove(pod));
      return;
    }
    const process = pod.process;
    process.stop(graceMs);
    this.#world.after(graceMs * MS, () => process.die({ silent: false }));
  }

  /** `kubectl delete --force`: the API server forgets the pod, and its process lives on. */
  forget(pod: Pod): void {
    pod.deleting = true;
    pod.isListed = false;
    this.#world.trace.add(this.#world.now, pod.name, 'is forgotten', { uid: pod.uid });
  }

  /** R9: the process says that it may end. */
  onProcessStopped(process: Process): void {
    process.die({ silent: false });
  }

  onProcessDied(process: Process): void {
    const pod = process.pod;
    pod.process = null;
    const world = this.#world;
    const random = this.#kubelets.of(pod.machine);
    world.trace.add(world.now, process.label, 'dies', null);
    if (!pod.isListed) this.#remove(pod);
    else if (!pod.machineUp) return;
    else if (pod.deleting) world.after(random.within(1, 200) * MS, () => this.#remove(pod));
    else if (pod.restarts) world.after(random.exponential(world.plan.restartMeanUs) + 5 * MS, () => this.#run(pod));
    else {
      pod.state = 'terminated';
      world.after(random.within(0.2, 4) * SECOND, () => this.#remove(pod));
    }
  }

  powerCut(pod: Pod): void {
    pod.machineUp = false;
    pod.process?.die({ silent: true });
  }

  /** The machine is back, and starts its container anew; or it is not, and the pod is given up. */
  powerOn(pod: Pod): void {
    if (pod.machineUp) return;
    pod.machineUp = true;
    this.#world.network.resumeStalled();
    if (!pod.isListed) return;
    if (pod.deleting) this.#remove(pod);
    else this.#run(pod);
  }

  giveUp(pod: Pod): void {
    if (!pod.machineUp && pod.process === null) this.#remove(pod);
  }

  /** No more faults: everything that should run does. */
  settle(): void {
    for (const pod of [...this.all]) {
      pod.isPending = false;
      if (!pod.machineUp) this.powerOn(pod);
      else if (!pod.isListed && pod.process !== null) pod.process.die({ silent: false });
      else if (pod.state === 'running') this.#world.after(100 * MS, () => this.#run(pod));
    }
  }

  readonly #reconcile = (): void => {
    const world = this.#world;
    // A Deployment replaces a pod that is being deleted at once, a StatefulSet when it is gone.
    const counts = this.listed().filter((pod) => world.plan.podNames === 'stable' || !pod.deleting);
    const alive = counts.filter((pod) => pod.state !== 'terminated');
    if (
      alive.length < this.desired &&
      counts.length < this.desired + 2 &&
      this.all.length < world.plan.replicasMax + 4
    ) {
      this.#create();
    } else if (alive.length > this.desired) {
      const surplus = alive.filter((pod) => !pod.deleting);
      if (alive.length - (alive.length - surplus.length) > this.desired) {
        this.delete(this.#random.pick(surplus), drawGraceMs(this.#random));
      }
    }
    world.after(this.#random.within(50, 200) * MS, this.#reconcile);
  };

  #create(): void {
    const world = this.#world;
    this.#created += 1;
    let name: string;
    if (world.plan.podNames === 'stable') {
      let ordinal = 0;
      while (this.#ordinals.has(ordinal)) ordinal += 1;
      this.#ordinals.add(ordinal);
      name = `kv-${ordinal}`;
    } else {
      name = `kv-${this.#names.toString(36)}x`;
      this.#names += 1;
    }
    const reused = this.#freeAddresses.length > 0 && this.#random.chance(world.plan.addressReuse);
    const address = reused ? (this.#freeAddresses.shift() as string) : `10.0.0.${this.#created}:7000`;
    const pod = new Pod(name, `u${this.#created}`, address, this.#created % 200);
    this.all.push(pod);
    world.trace.add(world.now, pod.name, 'is created', { uid: pod.uid, address });
    pod.isPending = world.drawPending();
    const start = (): void => {
      if (!pod.isListed || pod.process !== null || pod.deleting) return;
      if (pod.isPending) world.after(200 * MS, start);
      else this.#run(pod);
    };
    const random = this.#kubelets.of(pod.machine);
    world.after(random.exponential(world.plan.restartMeanUs / 2) + MS, start);
    world.after(random.within(1, 50) * MS, () => world.hintPeers());
  }

  #run(pod: Pod): void {
    const world = this.#world;
    if (!pod.isListed || pod.process !== null || pod.deleting || !pod.machineUp) return;
    pod.state = 'running';
    world.network.attach(pod);
    const process = new Process(world, pod);
    pod.process = process;
    world.trace.add(world.now, process.label, 'starts', { address: pod.address });
    world.onProcessStarted(process);
  }

  #remove(pod: Pod): void {
    const world = this.#world;
    const place = this.all.indexOf(pod);
    if (place < 0) return;
    this.all.splice(place, 1);
    pod.isListed = false;
    pod.machineUp = true;
    world.network.detach(pod);
    this.#freeAddresses.push(pod.address);
    const ordinal = /^kv-(\d+)$/.exec(pod.name);
    if (ordinal !== null) this.#ordinals.delete(Number(ordinal[1]));
    world.trace.add(world.now, pod.name, 'is gone', { uid: pod.uid });
    world.hintPeers();
  }
}
