import { ChurningSet } from '../core/base/churning.ts';
import { unreachable } from '../core/base/assert.ts';
import type { Epoch, GroupId } from '../core/base/numbers.ts';
import type { Ticket } from '../core/group/io.ts';
import type {
  ClientRequestFrame,
  ClientResponseFrame,
  PeerFrame,
  WatchRequestFrame,
  WatchResponseFrame,
} from '../core/routing/frames.ts';
import type { OpenSessionOutcome, WriteOutcome } from '../core/store/commands.ts';
import type { ReadOutcome } from '../core/store/reads.ts';
import type { WatchEnding, WatchNews, WatchRequest } from '../core/store/watching.ts';
import type { PeerAnswer, PeerRequest, PeerWaiter } from '../ports/peer-client.ts';
import type { Dataset } from '../ports/dataset.ts';
import type { PeerConnection, PeerConnectionHandler } from '../ports/peers.ts';
import type { Limit } from '../ports/telemetry.ts';
import type { Answered, Asker, GroupDriver, Watcher } from './group-driver.ts';
import type { PeerClients } from './peer-clients.ts';

export interface ClientConnectionLimits {
  /** Requests of one connection that may wait for their answer; one more is refused. */
  readonly requestsPerConnectionMax: number;
  /** Answers that a client may leave unread, in bytes; it is cut off beyond it. */
  readonly unreadBytesMax: number;
  /** How long a write that was passed on to the leader may take. */
  readonly relayTimeoutMs: number;
}

/** Where the connection was accepted. */
export interface ClientConnectionHost {
  readonly limits: ClientConnectionLimits;
  readonly peers: PeerClients;
  readonly dataset: Dataset;
  group(id: GroupId): GroupDriver | undefined;
  onLimitHit(limit: Limit): void;
  /** Once, when the connection is gone, whoever ended it. */
  onClientGone(client: ClientConnection): void;
}

/**
 * Serves the requests of a proxy, or of a replica that passes writes on: each becomes a ticket of its group, and its
 * answer a frame on the same connection. All answers of one turn leave in one write.
 */
export class ClientConnection implements PeerConnectionHandler {
  readonly host: ClientConnectionHost;
  readonly #connection: PeerConnection;
  readonly #waiting = new ChurningSet<ServedRequest>();
  readonly #watches = new Map<number, ServedWatch>();
  #state: 'open' | 'gone' = 'open';

  constructor(connection: PeerConnection, host: ClientConnectionHost) {
    this.host = host;
    this.#connection = connection;
  }

  onOpen(): void {}

  onFrames(frames: readonly PeerFrame[]): void {
    for (const frame of frames) {
      if (this.#state === 'gone') return;
      switch (frame.kind) {
        case 'write':
        case 'openSession':
        case 'read':
        case 'status':
        case 'lookup':
          this.#serve(frame);
          break;
        case 'watch':
        case 'grant':
        case 'unwatch':
          this.#watch(frame);
          break;
        case 'peer':
        case 'writeAnswered':
        case 'sessionAnswered':
        case 'readAnswered':
        case 'statusAnswered':
        case 'lookupAnswered':
        case 'watchNews':
        case 'watchEnded':
          this.#end(`a ${frame.kind} frame among requests`);
          break;
        default:
          unreachable(frame);
      }
    }
  }

  onClose(): void {
    this.#abandonAll();
  }

  answer(request: ServedRequest, frame: ClientResponseFrame): void {
    if (this.#waiting.delete(request)) this.#send(frame);
  }

  /** What comes for a watch that has ended meanwhile came too late. */
  #watch(frame: WatchRequestFrame): void {
    const { group, request } = frame;
    if (frame.kind !== 'watch') {
      const watch = this.#watches.get(request);
      if (frame.kind === 'grant') watch?.grant(frame.bytes);
      else if (this.#watches.delete(request)) watch?.cancel();
      return;
    }
    const driver = this.host.group(group);
    if (driver === undefined) this.#end(`no replica of group ${group} here`);
    else if (this.#watches.has(request)) this.#end(`a second watch of number ${request}`);
    else {
      const watch = new ServedWatch(this, driver, request);
      this.#watches.set(request, watch);
      watch.begin(frame.watch);
    }
  }

  tell(frame: WatchResponseFrame): void {
    if (frame.kind === 'watchEnded') this.#watches.delete(frame.request);
    this.#send(frame);
  }

  #serve(frame: AskedFrame | OwnFrame): void {
    const driver = this.host.group(frame.group);
    if (driver === undefined) {
      this.#end(`no replica of group ${frame.group} here`);
      return;
    }
    if (frame.kind === 'status') {
      const { group, request } = frame;
      const epoch = driver.status.epoch as Epoch;
      this.#send({ kind: 'statusAnswered', group, epoch, request, status: driver.summary });
      return;
    }
    if (frame.kind === 'lookup') {
      const { group, request, key } = frame;
      const epoch = driver.status.epoch as Epoch;
      this.#send({ kind: 'lookupAnswered', group, epoch, request, outcome: this.host.dataset.lookUp(key) });
      return;
    }
    if (this.#waiting.size >= this.host.limits.requestsPerConnectionMax) {
      this.host.onLimitHit('overloaded');
      this.#send(responseFrame(frame, driver, overloaded(frame)));
      return;
    }
    const request = new ServedRequest(this, driver, frame);
    this.#waiting.add(request);
    request.ask();
  }

  #send(frame: ClientResponseFrame): void {
    const unreadBytes = this.#connection.send(frame);
    if (unreadBytes <= this.host.limits.unreadBytesMax) return;
    this.host.onLimitHit('unread-answers');
    this.#end(`${unreadBytes} bytes of answers not read`);
  }

  #end(reason: string): void {
    if (this.#state === 'gone') return;
    this.#connection.close(reason);
    this.#abandonAll();
  }

  #abandonAll(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    for (const request of this.#waiting) request.abandon();
    this.#waiting.clear();
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
    this.host.onClientGone(this);
  }
}

type OwnFrame = Extract<ClientRequestFrame, { readonly kind: 'status' | 'lookup' }>;
type AskedFrame = Exclude<ClientRequestFrame, OwnFrame | WatchRequestFrame>;

/** A watch of a proxy, at the group here. */
class ServedWatch implements Watcher {
  readonly #connection: ClientConnection;
  readonly #driver: GroupDriver;
  readonly #request: number;
  #ticket: Ticket = 0;

  constructor(connection: ClientConnection, driver: GroupDriver, request: number) {
    this.#connection = connection;
    this.#driver = driver;
    this.#request = request;
  }

  begin(watch: WatchRequest): void {
    this.#ticket = this.#driver.watchKeys(watch, this);
  }

  grant(bytes: number): void {
    this.#driver.grant(this.#ticket, bytes);
  }

  cancel(): void {
    this.#driver.cancel(this.#ticket);
  }

  onNews(news: WatchNews): void {
    this.#connection.tell({ kind: 'watchNews', ...this.#head, news });
  }

  onEnded(ending: WatchEnding): void {
    this.#connection.tell({ kind: 'watchEnded', ...this.#head, ending });
  }

  get #head() {
    return { group: this.#driver.id, epoch: this.#driver.status.epoch as Epoch, request: this.#request };
  }
}

/** One request from its arrival to its answer: at the group here or, passed on, at the leader. */
class ServedRequest implements Asker, PeerWaiter {
  readonly #connection: ClientConnection;
  readonly #driver: GroupDriver;
  readonly #frame: AskedFrame;
  #ticket: Ticket = 0;

  constructor(connection: ClientConnection, driver: GroupDriver, frame: AskedFrame) {
    this.#connection = connection;
    this.#driver = driver;
    this.#frame = frame;
  }

  ask(): void {
    const frame = this.#frame;
    switch (frame.kind) {
      case 'write':
        this.#ticket = this.#driver.write(frame.write, this);
        break;
      case 'openSession':
        this.#ticket = this.#driver.openSession(this);
        break;
      case 'read': {
        const asked = this.#driver.read(frame.read, this);
        if (typeof asked === 'number') this.#ticket = asked;
        else this.#answer({ kind: 'readAnswered', outcome: asked });
        break;
      }
    }
  }

  abandon(): void {
    this.#driver.cancel(this.#ticket);
  }

  onAnswered(answer: Answered): void {
    if (answer.kind !== 'readAnswered' && answer.outcome.kind === 'refused' && answer.outcome.code === 'not-leader') {
      if (this.#passOn(answer.outcome.leaderHint)) return;
    }
    this.#answer(answer);
  }

  /** What the leader said, or why it did not. */
  onSettled(answer: PeerAnswer): void {
    if (answer.kind === 'writeAnswered' || answer.kind === 'sessionAnswered') this.#answer(answer);
    else if (this.#frame.kind === 'write' && (answer.kind !== 'failed' || answer.sent)) this.#answer(DEPOSED);
    else this.#answer(this.#frame.kind === 'openSession' ? SESSION_NOT_LEADER : WRITE_NOT_LEADER);
  }

  /** One hop and no more: the leader gets it as `direct`, so that two replicas that are wrong cannot play ball. */
  #passOn(leaderHint: string | null): boolean {
    const frame = this.#frame;
    if (frame.kind === 'read' || frame.hop !== 'relay') return false;
    const { role, leaderAddresses } = this.#driver.status;
    const address = leaderHint ?? leaderAddresses?.peer ?? null;
    if (address === null || role === 'leading') return false;
    const { group, epoch } = frame;
    const request: PeerRequest =
      frame.kind === 'write'
        ? { kind: 'write', group, epoch, hop: 'direct', write: frame.write }
        : { kind: 'openSession', group, epoch, hop: 'direct' };
    this.#connection.host.peers.get(address).request(request, this, this.#connection.host.limits.relayTimeoutMs);
    return true;
  }

  #answer(answer: Outcome): void {
    this.#connection.answer(this, responseFrame(this.#frame, this.#driver, answer));
  }
}

type Outcome =
  | { readonly kind: 'writeAnswered'; readonly outcome: WriteOutcome }
  | { readonly kind: 'sessionAnswered'; readonly outcome: OpenSessionOutcome }
  | { readonly kind: 'readAnswered'; readonly outcome: ReadOutcome };

const WRITE_NOT_LEADER: Outcome = {
  kind: 'writeAnswered',
  outcome: { kind: 'refused', code: 'not-leader', leaderHint: null },
};
const SESSION_NOT_LEADER: Outcome = {
  kind: 'sessionAnswered',
  outcome: { kind: 'refused', code: 'not-leader', leaderHint: null },
};
/** The leader may have got it and did not answer: as if it had stepped down. The write is repeated under its id. */
const DEPOSED: Outcome = { kind: 'writeAnswered', outcome: { kind: 'unknown', code: 'deposed' } };

function overloaded(frame: AskedFrame): Outcome {
  switch (frame.kind) {
    case 'write':
      return { kind: 'writeAnswered', outcome: { kind: 'refused', code: 'overloaded', leaderHint: null } };
    case 'openSession':
      return { kind: 'sessionAnswered', outcome: { kind: 'refused', code: 'overloaded', leaderHint: null } };
    case 'read':
      // To a reader, a replica with too much to do is one that lags: another is asked.
      return { kind: 'readAnswered', outcome: { kind: 'declined', code: 'replica-behind' } };
  }
}

function responseFrame(frame: AskedFrame, driver: GroupDriver, answer: Outcome): ClientResponseFrame {
  const { group, request } = frame;
  const epoch = driver.status.epoch as Epoch;
  switch (answer.kind) {
    case 'writeAnswered':
      return { kind: 'writeAnswered', group, epoch, request, outcome: answer.outcome };
    case 'sessionAnswered':
      return { kind: 'sessionAnswered', group, epoch, request, outcome: answer.outcome };
    case 'readAnswered':
      return { kind: 'readAnswered', group, epoch, request, outcome: answer.outcome };
  }
}
