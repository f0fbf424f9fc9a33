import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { LinkId } from '../../../../src/core/group/io.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { Ack, Hello, PeerMessage } from '../../../../src/core/replication/messages.ts';
import type { ReplicaId } from '../../../../src/core/replication/replica-id.ts';
import { addressesOf, idOf, LINEAGE } from './builders.ts';

/** A follower at the other end of a leader's link: it remembers what it was sent and acknowledges when it is told to. */
export class FarFollower {
  readonly name: string;
  readonly id: ReplicaId;
  readonly link: LinkId;
  readonly received: PeerMessage[] = [];
  readonly entries: Entry[] = [];
  lineage: Lineage | null = LINEAGE;
  epoch = 0;
  lastIndex = 0;
  lastEpoch = 0;
  round = 0;
  receivedBytes = 0;
  installing = false;
  stopping = false;
  member = false;
  commitIndex = 0;
  /** How many hellos its process has said. */
  hellos: number;

  constructor(name: string, link: LinkId, options: { process?: number; hellos?: number } = {}) {
    this.name = name;
    this.id = idOf(name, options.process ?? 1);
    this.link = link;
    this.hellos = options.hellos ?? 0;
  }

  hello(changed: Partial<Hello> = {}): Hello {
    this.hellos += 1;
    return {
      kind: 'hello',
      number: this.hellos,
      from: this.id,
      addresses: addressesOf(this.name),
      epoch: epoch(this.epoch),
      lineage: this.lineage,
      lastIndex: logIndex(this.lastIndex),
      lastEpoch: epoch(this.lastEpoch),
      stopping: this.stopping,
      ...changed,
    };
  }

  receive(message: PeerMessage): void {
    this.received.push(message);
    switch (message.kind) {
      case 'resume':
        this.epoch = message.epoch;
        this.lineage = message.lineage;
        this.lastIndex = message.prevIndex;
        this.lastEpoch = message.prevEpoch;
        this.receivedBytes = 0;
        return;
      case 'snapshotBegin':
        this.epoch = message.epoch;
        this.lineage = message.lineage;
        this.lastIndex = message.startIndex;
        this.lastEpoch = message.startEpoch;
        this.receivedBytes = 0;
        this.installing = true;
        return;
      case 'snapshotEnd':
        this.installing = false;
        return;
      case 'append':
        this.round = message.round;
        this.member = message.member;
        this.commitIndex = message.commitIndex;
        for (const entry of message.entries) {
          this.entries.push(entry);
          this.lastIndex = entry.index;
          this.lastEpoch = entry.epoch;
          this.receivedBytes += entry.bytes;
        }
        return;
      default:
    }
  }

  /** For everything that it was sent. */
  ack(nowMs: number, changed: Partial<Ack> = {}): Ack {
    return {
      kind: 'ack',
      epoch: epoch(this.epoch),
      lineage: this.lineage ?? LINEAGE,
      round: this.round,
      matchIndex: logIndex(this.installing ? 0 : this.lastIndex),
      appliedIndex: logIndex(this.installing ? 0 : this.commitIndex),
      sentMs: nowMs,
      receivedBytes: this.receivedBytes,
      stopping: this.stopping,
      touches: [],
      ...changed,
    };
  }
}
