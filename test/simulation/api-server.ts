import type { ApiAnswer, ApiRequest } from '../../src/core/election/api.ts';
import type { LeaseRecord, RecordContent } from '../../src/core/election/record.ts';
import { epoch } from '../../src/core/base/numbers.ts';
import { sameLineage } from '../../src/core/replication/lineage.ts';
import type { GuardedWrite } from './checkers/lease-guard.ts';
import { MS } from './plan.ts';
import { Prng, PrngPerMachine, streams } from './prng.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** The Lease as the API server keeps it. A damaged one has a version, but cannot be read as a record. */
export interface Lease {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly content: RecordContent;
  readonly isDamaged: boolean;
}

/** How the trace tells that a call was carried out. */
export interface CarriedOut {
  readonly call: number;
  readonly request: ApiRequest;
  readonly given: ApiAnswer;
}

export const emptyContent: RecordContent = {
  holder: null,
  epoch: epoch(0),
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
};

/** What only mutants ask for, and the real API server takes: a create that is not empty, a replace without a uid. */
interface Unruly {
  readonly kind?: unknown;
  readonly content?: RecordContent;
  readonly uid?: string | null;
}

/**
 * One Lease and the pods, with the rules of the real API server: a replace needs the very version that stands there, a
 * replace that changes nothing does not move it, and whatever a client did not hear of may still happen.
 */
export class ApiServer {
  readonly #world: World;
  readonly #random: Prng;
  readonly #calls: PrngPerMachine;
  lease: Lease | null = null;
  /** What replicas wrote, newest last: what backups are made of. */
  readonly backups: Lease[] = [];
  /** `refuse` answers at once that nothing answers; `silence` does not answer at all. */
  outage: 'none' | 'refuse' | 'silence' = 'none';
  /** Added to each way of a call. */
  slowUs = 0;
  lateShare = 0;
  slowAnswerShare = 0;
  refusalShare = 0;
  /** Deletes the Lease as soon as this many takeovers have landed, with their answers on the way. */
  deleteAfterTakeovers = 0;
  /** For scenarios: how much later a call is carried out. */
  requestDelayUs: (process: Process, request: ApiRequest) => number = () => 0;
  /** For scenarios: how much later the answer to a call comes. */
  answerDelayUs: (process: Process, request: ApiRequest) => number = () => 0;
  /** By the call that is being carried out. */
  #replaced: GuardedWrite | null = null;
  #version = 100;
  #uids = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Prng(world.plan.seed, streams.api);
    this.#calls = new PrngPerMachine(world.plan.seed, streams.apiCalls);
  }

  call(process: Process, call: number, request: ApiRequest): void {
    const world = this.#world;
    const random = this.#calls.of(process.pod.machine);
    const { latencyUs, timeoutUs, late, slowAnswers } = world.plan.api;
    const sentUs = world.now;
    let isOpen = true;
    const answer = (given: ApiAnswer): void => {
      if (!isOpen) return;
      isOpen = false;
      process.deliver({ kind: 'apiAnswered', call, answer: given });
    };
    world.after(timeoutUs, () => answer({ kind: 'inDoubt', reason: 'time-out' }));

    if (this.outage === 'refuse' || (!process.apiUp && random.chance(0.5))) {
      world.after(random.within(0.2, 2) * MS, () => answer({ kind: 'inDoubt', reason: 'connection refused' }));
      return;
    }
    let there = random.within(0.2, 0.5) * latencyUs + random.next() * this.slowUs;
    let back = random.within(0.2, 0.5) * latencyUs + random.exponential(latencyUs / 4) + random.next() * this.slowUs;
    const isUnreachable = this.outage === 'silence' || !process.apiUp;
    if (isUnreachable || random.chance(late + this.lateShare)) {
      // Somewhere on the way, and it may arrive long after the caller has given up.
      if (random.chance(0.5)) return;
      there += random.within(0.5, 2) * timeoutUs + random.within(0, 1000) * MS;
    }
    if (random.chance(slowAnswers + this.slowAnswerShare)) back += random.within(0.05, 1.2) * timeoutUs;
    world.after(there + this.requestDelayUs(process, request), () => {
      const given = this.#execute(process, request);
      world.trace.add(world.now, 'api', process.label, { call, request, given } satisfies CarriedOut);
      // Only now is it checked: a replace that violates something belongs to its story.
      const replaced = this.#replaced;
      this.#replaced = null;
      if (replaced !== null) this.#onReplaced(process, { ...replaced, sentUs });
      world.after(back + this.answerDelayUs(process, request), () => {
        if (process.apiUp && this.outage === 'none') answer(given);
      });
    });
  }

  #execute(process: Process, request: ApiRequest): ApiAnswer {
    const { plan } = this.#world;
    const random = this.#calls.of(process.pod.machine);
    if (random.chance(plan.api.refusals + this.refusalShare)) return { kind: 'refused', reason: 'too many requests' };
    switch (request.kind) {
      case 'readLease':
        return this.#read();
      case 'createLease': {
        if (this.lease !== null) return { kind: 'conflict' };
        this.write({ content: emptyContent, uid: 'new' });
        const { content } = request as Unruly;
        if (content !== undefined) this.#replace(content);
        return this.#read();
      }
      case 'replaceLease': {
        const lease = this.lease;
        const { base, content } = request;
        const { uid } = base as Unruly;
        if (lease === null && uid === null) {
          this.write({ content: emptyContent, uid: 'new' });
          this.#replace(content);
          return this.#read();
        }
        const isSame = uid === null || lease?.uid === uid;
        if (lease === null || !isSame || lease.resourceVersion !== base.resourceVersion) return { kind: 'conflict' };
        if (lease.isDamaged || !sameContent(lease.content, content)) this.#replace(content, request.baseIs ?? null);
        return this.#read();
      }
      case 'listPods':
        return { kind: 'pods', pods: this.#world.pods.list() };
      case 'readPod':
        return { kind: 'pods', pods: this.#world.pods.list().filter(({ name }) => name === request.name) };
    }
  }

  #replace(content: RecordContent, baseIs: 'lost' | null = null): void {
    const before = this.lease as Lease;
    this.write({ content, uid: before.uid });
    this.backups.push(this.lease as Lease);
    this.#replaced = { before, content, baseIs };
  }

  #onReplaced(process: Process, change: GuardedWrite & { readonly sentUs: number }): void {
    this.#world.checker.onRecordReplaced(process, change);
    this.#afterReplace(change.before.content, change.content);
  }

  #read(): ApiAnswer {
    const lease = this.lease;
    if (lease === null) return { kind: 'absent' };
    const version = { uid: lease.uid, resourceVersion: lease.resourceVersion };
    if (lease.isDamaged) return { kind: 'damaged', version, reason: 'annotation cannot be read' };
    return { kind: 'record', record: { version, content: lease.content } };
  }

  #afterReplace(before: RecordContent, after: RecordContent): void {
    if (this.deleteAfterTakeovers === 0 || after.epoch === before.epoch) return;
    this.deleteAfterTakeovers -= 1;
    if (this.deleteAfterTakeovers === 0) this.#world.after(this.#random.below(300), () => this.delete());
  }

  /** Whoever writes it, by whatever means: an operator too. */
  write(change: { readonly content: RecordContent; readonly uid: string; readonly isDamaged?: boolean }): void {
    this.#version += 1;
    if (change.uid === 'new') this.#uids += 1;
    this.lease = {
      uid: change.uid === 'new' ? `lease${this.#uids}` : change.uid,
      resourceVersion: String(this.#version),
      content: change.content,
      isDamaged: change.isDamaged ?? false,
    };
    this.#notify();
  }

  delete(): void {
    if (this.lease === null) return;
    this.#version += 1;
    this.lease = null;
    this.#world.trace.add(this.#world.now, 'api', 'the Lease is deleted', null);
    this.#notify();
  }

  #notify(): void {
    for (const process of this.#world.pods.running()) this.hint(process);
    this.#world.onRecordChanged(this.record());
  }

  /** Tells one process by its watch; late, and now and then not at all. */
  hint(process: Process): void {
    const { plan } = this.#world;
    const random = this.#calls.of(process.pod.machine);
    if (!process.apiUp || this.outage !== 'none' || random.chance(plan.api.watchLoss)) return;
    this.#tell(process, random.exponential(plan.api.watchDelayUs) + 300);
  }

  /** The watch starts anew now and then, and finds out what it has missed. */
  follow(process: Process): void {
    const { plan } = this.#world;
    const random = this.#calls.of(process.pod.machine);
    const again = (): void => {
      if (!process.isAlive) return;
      if (process.apiUp && this.outage === 'none') this.#tell(process, random.within(1, 10) * MS);
      this.#world.after(random.within(0.7, 1.3) * plan.api.watchResyncUs, again);
    };
    this.#world.after(random.within(1, 30) * MS, again);
  }

  #tell(process: Process, delayUs: number): void {
    if (this.lease?.isDamaged === true) return;
    const record = this.record();
    this.#world.after(delayUs, () => process.deliver({ kind: 'recordHinted', record }));
  }

  record(): LeaseRecord | null {
    const lease = this.lease;
    if (lease === null) return null;
    return { version: { uid: lease.uid, resourceVersion: lease.resourceVersion }, content: lease.content };
  }
}

function sameContent(a: RecordContent, b: RecordContent): boolean {
  return (
    a.nonce === b.nonce &&
    a.epoch === b.epoch &&
    a.holder === b.holder &&
    a.endedEpoch === b.endedEpoch &&
    a.addresses?.peer === b.addresses?.peer &&
    sameLineage(a.lineage, b.lineage) &&
    a.inSync.length === b.inSync.length &&
    a.inSync.every((member, place) => member === b.inSync[place])
  );
}
