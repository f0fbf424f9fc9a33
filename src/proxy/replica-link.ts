import type { RecordContent } from '../core/election/record.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import { parseReplicaId } from '../core/replication/replica-id.ts';
import type { Reader } from '../core/routing/readers.ts';
import type { PeerClient, PeerRequest, PeerWaiter } from '../ports/peer-client.ts';

/** One replica as the proxy knows it: its connection, how it stands, whether it answers. */
export class ReplicaLink implements Reader {
  readonly podName: string;
  readonly address: string;
  readonly client: PeerClient;
  standing: Reader['standing'] = 'unknown';
  declinesUntilMs = 0;
  /** Its last word since it was connected. */
  status: ReplicaSummary | null = null;
  statusIsAsked = false;
  /** Since when it has left that question unanswered; null: it has not. */
  statusOwedSinceMs: number | null = null;
  /** Since when there has been no connection; null: there is one. */
  downSinceMs: number | null;
  /** Its pod is about to go, by the API server. */
  terminating = false;
  /** Reads and writes that it has answered, and what they took together, from question to answer. */
  answers = 0;
  answerMs = 0;
  #silent = false;
  /** When it last sent something, or began to owe us something. */
  #heardMs = 0;

  constructor(podName: string, address: string, client: PeerClient, nowMs: number) {
    this.podName = podName;
    this.address = address;
    this.client = client;
    this.downSinceMs = nowMs;
  }

  get load(): number {
    return this.client.waiting;
  }

  get health(): Reader['health'] {
    switch (this.client.state) {
      case 'open':
        return this.#silent ? 'silent' : 'answering';
      case 'connecting':
        // A request waits for the connection: so does a read for which there is nobody else.
        return 'silent';
      case 'resting':
      case 'closed':
        return 'unreachable';
    }
  }

  ask(request: PeerRequest, waiter: PeerWaiter, options: { readonly timeoutMs: number; readonly nowMs: number }): void {
    if (this.client.waiting === 0) this.#heardMs = options.nowMs;
    this.client.request(request, waiter, options.timeoutMs);
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#silent = false;
  }

  /** An answer to a read or a write that was asked at `askedMs`. */
  answered(askedMs: number, nowMs: number): void {
    this.heard(nowMs);
    this.answers += 1;
    this.answerMs += nowMs - askedMs;
  }

  /** Only on a turn that came in time: after a late one, what has arrived meanwhile is still to be read. */
  judgeSilence(silenceMs: number, nowMs: number): void {
    this.#silent = this.client.waiting > 0 && nowMs - this.#heardMs > silenceMs;
  }

  isOutOfReach(limits: { readonly downMs: number; readonly silentMs: number }, nowMs: number): boolean {
    if (this.downSinceMs !== null) return nowMs - this.downSinceMs >= limits.downMs;
    return this.statusOwedSinceMs !== null && nowMs - this.statusOwedSinceMs >= limits.silentMs;
  }

  onStateChange(nowMs: number): void {
    if (this.client.state === 'open') {
      this.downSinceMs = null;
      this.heard(nowMs);
    } else {
      this.downSinceMs ??= nowMs;
      // Whoever is there after the next connection may be another replica of the same pod.
      this.status = null;
      this.statusOwedSinceMs = null;
    }
  }

  /** The record decides who is a member; a replica's own word, whether it is still the one that the record means. */
  takeStanding(record: RecordContent | null): void {
    this.standing = this.#standingBy(record);
  }

  #standingBy(record: RecordContent | null): Reader['standing'] {
    const { status } = this;
    // It will break off what it is asked: others first.
    if (this.terminating || status?.stopping === true) return 'unknown';
    const named = record?.inSync.find((member) => parseReplicaId(member)?.podName === this.podName);
    if (named !== undefined && (status === null || status.replica === named)) {
      return record?.holder === named ? 'leader' : 'member';
    }
    return status?.standing === 'standby' || status?.standing === 'learner' ? status.standing : 'unknown';
  }
}
