import type { Socket } from 'node:net';
import type { PeerFrame } from '../../core/routing/frames.ts';
import type { PeerConnection, PeerConnectionHandler } from '../../ports/peers.ts';
import { FrameDecoder } from '../../protocol/peer/frame-decoder.ts';
import { FrameEncoder } from '../../protocol/peer/frame-encoder.ts';
import { encodePreface, type VersionRange } from '../../protocol/peer/preface.ts';

export interface ConnectionLimits {
  readonly frameBytesMax: number;
  /** Encoded and not yet taken by the kernel; a connection beyond it is closed. */
  readonly outboundBytesMax: number;
  readonly versions: VersionRange;
}

/** What happens to a connection that its transport wants to know. */
export interface ConnectionOwner {
  /** The other side of an accepted connection has shown that it speaks the protocol. Returns who listens from now on. */
  onAccepted(connection: TcpConnection): PeerConnectionHandler;
  /** This side has closed it, as it is free to. */
  onClosing(connection: TcpConnection, reason: string): void;
  /** This side ended it, because the other side broke a rule or the one that listens has failed. */
  onFault(connection: TcpConnection, reason: string, cause: unknown): void;
  /** Once, at the very end, whoever ended it. */
  onGone(connection: TcpConnection): void;
}

export interface ConnectionOptions {
  readonly remoteAddress: string;
  /** Of a dialled connection. */
  readonly handler: PeerConnectionHandler | null;
  /** For connecting, where that is still to be done, and for the other side's preface. */
  readonly openWithinMs: number;
  readonly limits: ConnectionLimits;
}

export type Ending = { readonly reason: 'refused' | 'lost'; readonly detail: string };

/** How long frames that were sent before `close` may take to leave. */
const FAREWELL_MS = 1000;

/**
 * One TCP connection that speaks the peer protocol.
 *
 * Frames that arrive are handed on as they come out of the socket, one batch for each chunk that the kernel gave, because
 * whoever listens gathers what all of its connections bring in a turn anyway (`runtime/turns.ts`).
 *
 * Frames that are sent are encoded at once and written when the callback that sent them is over: `process.nextTick`. A
 * turn of the core is one callback, so all that it sends leaves in one write. `setImmediate` would gather no more there,
 * and make each hop wait for a turn of the event loop: 0.53 ms for a replicated write instead of 0.35
 * (`test/bench/peer-transport.ts`, median at 64 in flight). Whoever sends from the callbacks of many sockets, as a proxy
 * does, gathers first (`peer-client.ts`).
 */
export class TcpConnection implements PeerConnection {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #outboundBytesMax: number;
  readonly #encoder: FrameEncoder;
  readonly #decoder: FrameDecoder;
  /** `ending`: the socket goes, and nobody listens or may send. */
  #state: 'opening' | 'open' | 'ending' = 'opening';
  /** null before the other side of an accepted connection has spoken, and once this side has closed the connection. */
  #handler: PeerConnectionHandler | null;
  #flushIsDue = false;
  #ending: Ending | null = null;
  #timer: NodeJS.Timeout | null;

  constructor(socket: Socket, owner: ConnectionOwner, options: ConnectionOptions) {
    const { frameBytesMax, outboundBytesMax, versions } = options.limits;
    this.remoteAddress = options.remoteAddress;
    this.#socket = socket;
    this.#owner = owner;
    this.#handler = options.handler;
    this.#outboundBytesMax = outboundBytesMax;
    this.#encoder = new FrameEncoder({ frameBytesMax });
    this.#decoder = new FrameDecoder({ frameBytesMax, versions });
    this.#timer = setTimeout(silent, options.openWithinMs, this);
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    // An end that waits for the rest of our data is of no use: nobody reads it.
    socket.on('end', () => {
      this.end({ reason: 'lost', detail: 'the other side closed the connection' });
    });
    socket.on('error', (error) => {
      this.#ending ??= { reason: isRefused(error) ? 'refused' : 'lost', detail: error.message || String(error) };
    });
    socket.on('close', () => {
      this.#onClosed();
    });
    socket.write(encodePreface(versions));
  }

  get bufferedBytes(): number {
    return this.#encoder.bytes + this.#socket.writableLength;
  }

  send(frame: PeerFrame): number {
    if (this.#state === 'ending') return 0;
    this.#encoder.encode(frame);
    const waiting = this.bufferedBytes;
    if (waiting > this.#outboundBytesMax) {
      this.#fault(`${waiting} bytes that the other side does not take`, null);
    } else if (!this.#flushIsDue && this.#state === 'open') {
      this.#flushIsDue = true;
      process.nextTick(flush, this);
    }
    return waiting;
  }

  /** Frames that were sent before still leave, if the other side takes them soon. */
  close(reason: string): void {
    if (this.#handler === null && this.#state === 'ending') return;
    this.#handler = null;
    this.#owner.onClosing(this, reason);
    if (this.#state === 'open') {
      this.flush();
      this.#state = 'ending';
      this.#startTimer(FAREWELL_MS);
      this.#socket.destroySoon();
    } else {
      this.end({ reason: 'lost', detail: reason });
    }
  }

  /** Ends the connection at once and tells the handler why. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    this.#state = 'ending';
    this.#socket.destroy();
  }

  flush(): void {
    this.#flushIsDue = false;
    if (this.#state !== 'open') return;
    const chunks = this.#encoder.take();
    const socket = this.#socket;
    const [first] = chunks;
    if (first === undefined) return;
    if (chunks.length === 1) {
      socket.write(first);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    // Node writes at once if it can. What is not waiting now is in the kernel, so that nobody reads our memory any more.
    if (socket.writableLength === 0) this.#encoder.reuse();
  }

  onTimer(): void {
    this.#timer = null;
    if (this.#state === 'opening') this.#fault('the other side has not begun to speak the peer protocol in time', null);
    else this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'ending') return;
    const outcome = this.#decoder.push(chunk);
    if (outcome.kind === 'malformed') {
      this.#fault(outcome.reason, null);
      return;
    }
    try {
      if (this.#state === 'opening' && this.#decoder.version !== null) this.#open();
      if (outcome.frames.length > 0) this.#handler?.onFrames(outcome.frames);
    } catch (error) {
      this.#fault('whoever listens has failed', error);
    }
  }

  #open(): void {
    this.#stopTimer();
    this.#state = 'open';
    this.#handler ??= this.#owner.onAccepted(this);
    this.#handler.onOpen();
    this.flush();
  }

  #fault(reason: string, cause: unknown): void {
    if (this.#state === 'ending') return;
    this.#owner.onFault(this, reason, cause);
    this.end({ reason: 'lost', detail: reason });
  }

  #onClosed(): void {
    this.#stopTimer();
    this.#state = 'ending';
    const handler = this.#handler;
    this.#handler = null;
    this.#owner.onGone(this);
    const { reason, detail } = this.#ending ?? { reason: 'lost', detail: 'the connection was closed' };
    try {
      handler?.onClose(reason, detail);
    } catch (error) {
      this.#owner.onFault(this, 'whoever listens has failed', error);
    }
  }

  #startTimer(ms: number): void {
    this.#stopTimer();
    this.#timer = setTimeout(silent, ms, this);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const flush = (connection: TcpConnection): void => {
  connection.flush();
};

const silent = (connection: TcpConnection): void => {
  connection.onTimer();
};

/** A name may stand for several addresses, each tried in turn: only if nobody listens at any of them is it refused. */
function isRefused(error: Error): boolean {
  if (error instanceof AggregateError)
    return error.errors.length > 0 && error.errors.every((each) => isRefused(each as Error));
  return 'code' in error && error.code === 'ECONNREFUSED';
}
