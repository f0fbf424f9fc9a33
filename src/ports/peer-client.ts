import type {
  ClientRequestFrame,
  ClientResponseFrame,
  WatchRequestFrame,
  WatchResponseFrame,
} from '../core/routing/frames.ts';
import type { WatchEnding, WatchNews } from '../core/store/watching.ts';
import type { Watch } from './data-operations.ts';

/**
 * Requests to one replica over one connection, pipelined and in any number: what a proxy, or a replica that passes
 * writes on, holds of every other replica. It keeps the connection up by itself for as long as it is open.
 */
export interface PeerClient {
  readonly address: string;
  readonly state: PeerClientState;
  /** Requests that wait for their answer. */
  readonly waiting: number;
  /**
   * Sends a request, together with all others of this turn of the event loop. `waiter` is told exactly once, never
   * before this call has returned: the answer, or why there is none. While the connection is being made requests wait
   * for it; while it rests between two attempts they fail at once, so that another replica can be asked.
   */
  request(request: PeerRequest, waiter: PeerWaiter, timeoutMs: number): void;
  /**
   * Watches at the replica, over the same connection; when that is gone, or is not to be had, the watch ends as `failed`, and
   * whoever watches goes on elsewhere. `watcher` is never told before this call has returned.
   */
  watch(request: PeerWatchRequest, watcher: PeerWatcher): Watch;
  /** Ends the connection. Everything that waits is told `failed` with code `closed`. */
  close(): void;
}

/** A request without its number, which the client gives. */
export type PeerRequest = WithoutNumber<Exclude<ClientRequestFrame, WatchRequestFrame>>;
export type PeerWatchRequest = Omit<Extract<WatchRequestFrame, { kind: 'watch' }>, 'kind' | 'request'>;
type WithoutNumber<Frame> = Frame extends unknown ? Omit<Frame, 'request'> : never;

export interface PeerWatcher {
  onNews(news: WatchNews): void;
  /** Once, and nothing after it. */
  onEnded(ending: WatchEnding | PeerRequestFailed): void;
}

/** An object and no closure: whoever asks 50,000 times a second keeps an object for each request anyway. */
export interface PeerWaiter {
  /** Must not throw. An answer has the kind that belongs to the request. */
  onSettled(answer: PeerAnswer): void;
}

export type PeerAnswer = Exclude<ClientResponseFrame, WatchResponseFrame> | PeerRequestFailed;

export interface PeerRequestFailed {
  readonly kind: 'failed';
  /** False: the other side has certainly not seen the request. True: it may have, so a write may be or become applied. */
  readonly sent: boolean;
  readonly code:
    /** As many requests or bytes wait already as may. */
    | 'overloaded'
    /** No answer within the time; one that comes later is dropped. */
    | 'timeout'
    /** ECONNREFUSED: the machine is there, nobody listens. */
    | 'refused'
    /** The connection broke, could not be made, or rests between two attempts. */
    | 'lost'
    /** `close` was called here. */
    | 'closed'
    /** No frame can hold the request: a text or number in it is out of all bounds. To repeat it is of no use. */
    | 'unencodable';
  readonly detail: string;
}

/** `resting`: the last attempt failed, or the connection broke right away; the next attempt comes within the backoff. */
export type PeerClientState = 'connecting' | 'open' | 'resting' | 'closed';

export interface PeerClientListener {
  /** After every change of state that this side did not ask for. */
  onStateChange(client: PeerClient): void;
}

/** Opens a client and dials at once. `address` is `host:port`, an IPv6 host in brackets. */
export type OpenPeerClient = (address: string, listener: PeerClientListener | null) => PeerClient;
