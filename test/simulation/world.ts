import type { LeaseRecord } from '../../src/core/election/record.ts';
import { ApiServer } from './api-server.ts';
import { Checker } from './checkers/checker.ts';
import { checkLiveness, isSettled } from './checkers/liveness.ts';
import { Client } from './clients.ts';
import { EventQueue } from './event-queue.ts';
import { Nemesis } from './faults.ts';
import type { MakeGroup } from './inspection.ts';
import { Network } from './network.ts';
import { Operator } from './operator.ts';
import { calm, MS, type Plan, SECOND } from './plan.ts';
import { Pods } from './pods.ts';
import { Prng, streams } from './prng.ts';
import type { Process } from './process.ts';
import type { Trace } from './trace.ts';
import { WatchingClient } from './watching-client.ts';

/** After the last fault there must be order within this time. */
const SETTLE_US = 10 * SECOND;

/**
 * Everything around the replicas, made up from one seed: what a run does depends on the plan and on nothing else, so
 * that a seed repeats itself, event by event.
 */
export class World {
  plan: Plan;
  readonly makeGroup: MakeGroup;
  readonly trace: Trace;
  /** Microseconds since the run began. */
  now = 0;
  /** For schedules that are written by hand; every actor has its own. */
  readonly random: Prng;
  readonly network: Network;
  readonly api: ApiServer;
  readonly pods: Pods;
  readonly nemesis: Nemesis;
  readonly operator: Operator;
  readonly clients: Client[] = [];
  readonly watchers: WatchingClient[] = [];
  readonly checker: Checker;
  readonly alarms = new Set<string>();
  faultsEnded = false;
  faultsEndedUs = Infinity;
  /** Why the group is rightly frozen at the end; null if it is not. */
  frozen: string | null = null;
  /** How many of the next pods stay unscheduled for a while. */
  pendingPods = 0;
  events = 0;
  /** Of the writes that were acknowledged, when the last of them was asked for. */
  lastCommittedWriteStartUs = -1;
  readonly #queue = new EventQueue();
  readonly #processes = new Map<string, Process>();
  #names = 0;
  #tickets = 0;

  constructor(plan: Plan, makeGroup: MakeGroup, trace: Trace) {
    this.plan = plan;
    this.makeGroup = makeGroup;
    this.trace = trace;
    this.random = new Prng(plan.seed, streams.scenario);
    this.network = new Network(this);
    this.api = new ApiServer(this);
    this.pods = new Pods(this);
    this.nemesis = new Nemesis(this);
    this.checker = new Checker(this);
    this.operator = new Operator(this);
    for (let number = 0; number < plan.clients.count; number += 1) this.clients.push(new Client(this, number));
    for (let number = 0; number < plan.clients.watchers; number += 1)
      this.watchers.push(new WatchingClient(this, number));
  }

  at(timeUs: number, action: () => void): void {
    this.#queue.push(timeUs, action);
  }

  after(delayUs: number, action: () => void): void {
    this.#queue.push(this.now + Math.ceil(delayUs), action);
  }

  nextName(): number {
    this.#names += 1;
    return this.#names;
  }

  nextTicket(): number {
    this.#tickets += 1;
    return this.#tickets;
  }

  drawPending(): boolean {
    if (this.pendingPods === 0 || this.faultsEnded) return false;
    this.pendingPods -= 1;
    return true;
  }

  /** Whoever holds the data of this replica id in memory; undefined if that memory is gone. */
  holderOf(id: string): Process | undefined {
    const process = this.#processes.get(id);
    return process !== undefined && process.isAlive && !process.isForsaken && process.id === id ? process : undefined;
  }

  /** The process has given up its data, and its id with it. */
  onProcessRenamed(process: Process, id: string): void {
    process.id = id;
    this.#processes.set(id, process);
  }

  /** By replica id, that of now or a former one; the dead too. */
  processOf(id: string): Process | undefined {
    return this.#processes.get(id);
  }

  /** Where a leader hint points: an address or a replica id. */
  processAt(hint: string): Process | null {
    const named = this.#processes.get(hint);
    if (named !== undefined) return named;
    const [host] = hint.split(':');
    return this.pods.all.find((pod) => pod.address.split(':')[0] === host)?.process ?? null;
  }

  onProcessStarted(process: Process): void {
    this.#processes.set(process.id, process);
    this.api.follow(process);
    this.hintPeers();
  }

  onProcessDied(process: Process): void {
    this.pods.onProcessDied(process);
  }

  onRecordChanged(record: LeaseRecord | null): void {
    for (const client of this.clients) {
      this.after(client.random.exponential(this.plan.api.watchDelayUs), () => {
        client.onRecordHinted(record);
      });
    }
  }

  /** Endpoints have changed: everybody learns it, each at its time. */
  hintPeers(): void {
    for (const process of this.pods.running()) {
      this.after(process.random.exponential(this.plan.api.watchDelayUs) + MS, () => {
        const peerAddresses = this.pods.all
          .filter((pod) => pod !== process.pod && pod.isListed && pod.state === 'running')
          .map((pod) => pod.address);
        process.deliver({ kind: 'peersHinted', peerAddresses });
      });
    }
  }

  start(): void {
    this.pods.start();
    for (const client of this.clients) client.start();
    for (const watcher of this.watchers) watcher.start();
    this.nemesis.start();
    this.at(this.plan.faultsUntilUs, () => {
      this.endFaults();
    });
  }

  /** Runs to the end: through the faults, and until order is back. */
  run(): void {
    this.start();
    this.runUntil(this.plan.faultsUntilUs);
    const deadline = this.plan.faultsUntilUs + SETTLE_US;
    for (let time = this.now + 200 * MS; ; time += 100 * MS) {
      this.runUntil(time);
      if (isSettled(this)) break;
      if (time >= deadline) {
        checkLiveness(this);
        if (this.frozen !== null) this.operator.recover();
        break;
      }
    }
    this.checker.finish();
  }

  runUntil(timeUs: number): void {
    const queue = this.#queue;
    while (queue.nextTime() <= timeUs) {
      this.now = queue.nextTime();
      queue.pop()();
    }
    this.now = timeUs;
  }

  /** From here on nothing goes wrong any more. */
  endFaults(): void {
    this.trace.add(this.now, 'FAULT', 'all end', null);
    this.faultsEnded = true;
    this.faultsEndedUs = this.now;
    this.plan = calm(this.plan);
    this.nemesis.endAll();
    this.network.healAll();
    this.api.outage = 'none';
    this.pods.desired = Math.max(this.pods.desired, this.plan.limits.minInSync);
    this.pods.settle();
    for (const process of this.pods.running()) {
      process.apiUp = true;
      process.slowUs = 0;
      process.continue();
    }
  }
}
