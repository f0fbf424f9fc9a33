import { createServer, connect, type Server, type Socket } from 'node:net';

/** One direction of a way between two parties. */
export interface Way {
  cut: boolean;
  /** null: as fast as it goes. */
  bytesPerS: number | null;
}

export interface RelayOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** From who dials to who listens, and back. */
  readonly there: Way;
  readonly back: Way;
}

const HOST = '127.0.0.1';
const PIECE_BYTES_MAX = 2048;
/** How soon a door that was closed because nobody answered behind it opens again. */
const PROBE_EVERY_MS = 25;

/**
 * A TCP fault proxy for one dialer and one target. It holds back what a cut way would lose (TCP would send it again
 * later: to the programs it is the same), lets bytes trickle on a slow one, and resets. Where nobody listens behind it,
 * it does not listen either, since a refused connection is evidence (R8).
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #connections = new Set<Connection>();
  #server: Server | null = null;
  #port = 0;
  #probe: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Resolves with the port to dial. */
  async listen(port = 0): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: HOST, port }, resolve);
    });
    if (this.#isClosed) {
      server.close();
      return this.#port;
    }
    this.#server = server;
    this.#port = (server.address() as { port: number }).port;
    return this.#port;
  }

  /** After a change of its ways. */
  waysChanged(): void {
    for (const connection of this.#connections) connection.waysChanged();
  }

  /** How many connections there were. */
  reset(): number {
    const count = this.#connections.size;
    for (const connection of this.#connections) connection.reset();
    return count;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    this.#server?.close();
    this.reset();
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this.#options, {
      onRefused: () => this.#shut(),
      onEnd: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.waysChanged();
  }

  #shut(): void {
    if (this.#server === null) return;
    this.#server.close();
    this.#server = null;
    this.#probeLater();
  }

  #probeLater(): void {
    this.#probe = setTimeout(() => {
      const socket = connect({ ...this.#options.target });
      socket.once('connect', () => {
        socket.destroy();
        if (!this.#isClosed) this.listen(this.#port).catch(() => this.#probeLater());
      });
      socket.once('error', () => {
        if (!this.#isClosed) this.#probeLater();
      });
    }, PROBE_EVERY_MS);
  }
}

interface ConnectionEvents {
  onRefused(): void;
  onEnd(): void;
}

class Connection {
  readonly #dialer: Socket;
  readonly #options: RelayOptions;
  readonly #events: ConnectionEvents;
  #target: Socket | null = null;
  #there: Flow | null = null;
  #back: Flow | null = null;

  constructor(dialer: Socket, options: RelayOptions, events: ConnectionEvents) {
    this.#dialer = dialer;
    this.#options = options;
    this.#events = events;
    dialer.pause();
    dialer.setNoDelay(true);
    dialer.on('error', () => undefined);
    dialer.once('close', () => {
      if (this.#target === null) events.onEnd();
    });
  }

  waysChanged(): void {
    const { there, back } = this.#options;
    // A handshake needs both ways.
    if (this.#target === null && !there.cut && !back.cut && !this.#dialer.destroyed) this.#dial();
    this.#there?.pump();
    this.#back?.pump();
  }

  reset(): void {
    this.#dialer.resetAndDestroy();
    this.#target?.resetAndDestroy();
    this.#there?.stop();
    this.#back?.stop();
    this.#events.onEnd();
  }

  #dial(): void {
    const target = connect({ ...this.#options.target, allowHalfOpen: true });
    this.#target = target;
    target.pause();
    target.setNoDelay(true);
    let isConnected = false;
    target.once('connect', () => {
      isConnected = true;
      this.#there = new Flow(this.#dialer, target, this.#options.there, () => this.#flowEnded());
      this.#back = new Flow(target, this.#dialer, this.#options.back, () => this.#flowEnded());
    });
    target.on('error', (error: NodeJS.ErrnoException) => {
      if (isConnected) return;
      if (error.code === 'ECONNREFUSED') this.#events.onRefused();
      this.reset();
    });
  }

  #flowEnded(): void {
    if (this.#there?.isEnded === true && this.#back?.isEnded === true) this.#events.onEnd();
  }
}

/** What one side of a connection sends, on its way to the other. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #way: Way;
  readonly #onEnd: () => void;
  readonly #pieces: Buffer[] = [];
  #ending: 'none' | 'end' | 'reset' = 'none';
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  isEnded = false;

  constructor(from: Socket, to: Socket, way: Way, onEnd: () => void) {
    this.#from = from;
    this.#to = to;
    this.#way = way;
    this.#onEnd = onEnd;
    from.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX)
        this.#pieces.push(bytes.subarray(at, at + PIECE_BYTES_MAX));
      this.pump();
    });
    from.once('end', () => this.#endWith('end'));
    from.once('error', () => this.#endWith('reset'));
    from.once('close', () => this.#endWith('end'));
    to.on('drain', () => this.pump());
    this.pump();
  }

  /** Sends what may be sent now, and sees to it that it is called again. */
  pump(): void {
    if (this.isEnded) return;
    if (this.#way.cut) {
      this.#from.pause();
      return;
    }
    while (this.#pieces.length > 0 && !this.#to.writableNeedDrain) {
      const waitMs = this.#freeAtMs - performance.now();
      if (this.#way.bytesPerS !== null && waitMs > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = null;
          this.pump();
        }, waitMs);
        break;
      }
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      this.#to.write(piece);
      if (this.#way.bytesPerS !== null) {
        this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + (1000 * piece.length) / this.#way.bytesPerS;
      }
    }
    if (this.#pieces.length > 0) this.#from.pause();
    else if (this.#ending === 'none') this.#from.resume();
    else {
      if (this.#ending === 'reset') this.#to.resetAndDestroy();
      else this.#to.end();
      this.stop();
      this.#onEnd();
    }
  }

  stop(): void {
    this.isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #endWith(ending: 'end' | 'reset'): void {
    if (this.#ending === 'none') this.#ending = ending;
    this.pump();
  }
}
