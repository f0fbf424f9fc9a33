import type { GroupId } from '../core/base/numbers.ts';
import type { Report } from '../core/group/io.ts';
import type { PeerFrame } from '../core/routing/frames.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dataset } from '../ports/dataset.ts';
import type { GroupApi } from '../ports/kubernetes.ts';
import type { OpenPeerClient } from '../ports/peer-client.ts';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../ports/peers.ts';
import type { Limit, Log } from '../ports/telemetry.ts';
import type { ProcessUsage } from '../ports/usage.ts';
import { ClientConnection, type ClientConnectionHost, type ClientConnectionLimits } from './client-connection.ts';
import { GroupDriver, type DrivenGroup, type GroupFailure } from './group-driver.ts';
import { PeerClients } from './peer-clients.ts';
import { Turns } from './turns.ts';

export interface GroupHostOptions {
  readonly transport: PeerTransport;
  readonly openPeerClient: OpenPeerClient;
  /** Of this process, for all groups. */
  readonly dataset: Dataset;
  readonly clock: Clock;
  readonly log: Log;
  /** Between two ticks of every group. */
  readonly tickMs: number;
  readonly limits: HostLimits;
  readonly listener: HostListener;
}

export interface HostLimits extends ClientConnectionLimits {
  /** Connections that carry requests of proxies and others; links of replicas do not count. */
  readonly clientConnectionsMax: number;
  /** Connections that have said nothing yet. */
  readonly silentConnectionsMax: number;
}

export interface HostListener {
  onReport(group: GroupId, report: Report): void;
  /** A write was committed, so long after it was asked for. */
  onCommitted(group: GroupId, latencyMs: number): void;
  /** Something was refused by a limit. */
  onLimitHit(limit: Limit): void;
  /** A group met a broken invariant: the process must end, and say nothing more to anybody. */
  onFailed(group: GroupId, failure: GroupFailure): void;
}

export interface HostedGroup {
  readonly id: GroupId;
  readonly group: DrivenGroup;
  readonly podName: string;
  readonly httpAddress: string;
  readonly memoryBytesMax: number;
  readonly usage: () => ProcessUsage;
  readonly api: GroupApi;
}

/**
 * The replica groups of this process, by id: joins them to one listener of the peer protocol, one timer and the turns of
 * one event loop.
 */
export class GroupHost implements ClientConnectionHost {
  readonly peers: PeerClients;
  readonly #options: GroupHostOptions;
  readonly #turns: Turns;
  readonly #groups = new Map<GroupId, GroupDriver>();
  readonly #watching = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  readonly #clients = new Set<ClientConnection>();
  readonly #silent = new Set<AcceptedConnection>();

  constructor(options: GroupHostOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
    this.peers = new PeerClients(options.openPeerClient);
  }

  /** Before `start`. */
  add(hosted: HostedGroup): GroupDriver {
    const { transport, clock, log, listener } = this.#options;
    const driver = new GroupDriver({ ...hosted, transport, clock, log, listener, turns: this.#turns });
    this.#groups.set(hosted.id, driver);
    return driver;
  }

  get clientConnections(): number {
    return this.#clients.size;
  }

  /** Requests of all groups that wait for their answer. */
  get waitingRequests(): number {
    let waiting = 0;
    for (const driver of this.#groups.values()) waiting += driver.waiting;
    return waiting;
  }

  /** Listens for replicas and proxies; resolves with the bound address. A group that is not yet started is not stepped. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string> {
    return this.#options.transport.listen(at, (connection) => this.#accept(connection));
  }

  /** Follows the records and starts the clock: from here on the groups act. */
  start(): void {
    for (const driver of this.#groups.values()) driver.watch(this.#watching.signal);
    this.#timer = setInterval(tickAll, this.#options.tickMs, this);
    this.tick();
  }

  tick(): void {
    for (const driver of this.#groups.values()) driver.tick();
    this.#closeIdlePeers();
  }

  /**
   * R9: every group leaves its set. Resolves when nothing holds this process any more, or with `grace-over` if a group
   * does not say so: it ends its grace period by itself, at its next tick.
   */
  async stop(graceMs: number): Promise<'released' | 'grace-over'> {
    const released = Promise.all(Array.from(this.#groups.values(), (driver) => driver.stop(graceMs)));
    const grace = Promise.withResolvers<'grace-over'>();
    const timer = setTimeout(grace.resolve, graceMs + TICKS_OF_MARGIN * this.#options.tickMs, 'grace-over');
    const outcome = await Promise.race([released.then(() => 'released' as const), grace.promise]);
    clearTimeout(timer);
    return outcome;
  }

  /** Ends everything; whoever waits is answered. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#watching.abort();
    for (const driver of this.#groups.values()) driver.close();
    this.peers.close();
    await this.#options.transport.close();
  }

  #closeIdlePeers(): void {
    if (this.peers.size === 0) return;
    const needed = new Set<string>();
    for (const { status, endpoints } of this.#groups.values()) {
      if (status.leaderAddresses !== null) needed.add(status.leaderAddresses.peer);
      for (const endpoint of endpoints) needed.add(endpoint.peerAddress);
    }
    this.peers.retain(needed);
  }

  #accept(connection: PeerConnection): PeerConnectionHandler {
    const accepted = new AcceptedConnection(connection, this);
    this.#silent.add(accepted);
    // A replica speaks at once, so the one that has been silent for longest is none: no number of connections that say
    // nothing keeps a follower out.
    const [oldest] = this.#silent;
    if (oldest !== undefined && this.#silent.size > this.#options.limits.silentConnectionsMax) {
      this.#options.listener.onLimitHit('silent-connections');
      oldest.close('silent for too long');
    }
    return accepted;
  }

  /** What its first frame makes of a connection; null: nothing, it was closed. */
  admit(accepted: AcceptedConnection, first: PeerFrame): PeerConnectionHandler | null {
    this.#silent.delete(accepted);
    const { limits, listener } = this.#options;
    const { connection } = accepted;
    const driver = this.#groups.get(first.group);
    if (driver === undefined) return refuse(connection, `no replica of group ${first.group} here`);
    if (first.kind === 'peer') return driver.accept(connection);
    if (this.#clients.size >= limits.clientConnectionsMax) {
      listener.onLimitHit('peer-connections');
      return refuse(connection, `${limits.clientConnectionsMax} connections of clients are open already`);
    }
    const client = new ClientConnection(connection, this);
    this.#clients.add(client);
    return client;
  }

  onSilentGone(accepted: AcceptedConnection): void {
    this.#silent.delete(accepted);
  }

  get dataset(): Dataset {
    return this.#options.dataset;
  }

  get limits(): HostLimits {
    return this.#options.limits;
  }

  group(id: GroupId): GroupDriver | undefined {
    return this.#groups.get(id);
  }

  onLimitHit(limit: Limit): void {
    this.#options.listener.onLimitHit(limit);
  }

  onClientGone(client: ClientConnection): void {
    this.#clients.delete(client);
  }
}

/** A turn may come late while everything stops. */
const TICKS_OF_MARGIN = 8;

/** Accepted, and not yet known whose: its first frame says whether it is a replica's link or carries requests. */
class AcceptedConnection implements PeerConnectionHandler {
  readonly connection: PeerConnection;
  readonly #host: GroupHost;
  #handler: PeerConnectionHandler | null = null;

  constructor(connection: PeerConnection, host: GroupHost) {
    this.connection = connection;
    this.#host = host;
  }

  onOpen(): void {}

  onFrames(frames: readonly PeerFrame[]): void {
    const [first] = frames;
    if (first === undefined) return;
    this.#handler ??= this.#host.admit(this, first);
    this.#handler?.onFrames(frames);
  }

  onClose(reason: 'refused' | 'lost', detail: string): void {
    if (this.#handler === null) this.#host.onSilentGone(this);
    else this.#handler.onClose(reason, detail);
  }

  close(reason: string): void {
    this.#host.onSilentGone(this);
    this.connection.close(reason);
  }
}

function refuse(connection: PeerConnection, reason: string): null {
  connection.close(reason);
  return null;
}

const tickAll = (host: GroupHost): void => {
  host.tick();
};
