import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createTcpTransport, type TcpTransportOptions } from '../../../../src/adapters/transport/tcp-transport.ts';
import type { PeerFrame } from '../../../../src/core/routing/frames.ts';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../../../../src/ports/peers.ts';
import type { Log, LogFields } from '../../../../src/ports/telemetry.ts';

const DEADLINE_MS = 10_000;

/** Waits for a condition; says which if it does not come. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await delay(2);
  }
}

/** However it ends, by a reset too: `once` would reject. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.on('close', () => resolve());
  });

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

export function recordingLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Remembers all that it is told, in batches as they came. */
export class RecordingHandler implements PeerConnectionHandler {
  opened = 0;
  readonly batches: (readonly PeerFrame[])[] = [];
  readonly closes: { readonly reason: 'refused' | 'lost'; readonly detail: string }[] = [];
  connection: PeerConnection | null = null;

  get frames(): readonly PeerFrame[] {
    return this.batches.flat();
  }

  onOpen(): void {
    this.opened += 1;
  }

  onFrames(frames: readonly PeerFrame[]): void {
    this.batches.push(frames);
  }

  onClose(reason: 'refused' | 'lost', detail: string): void {
    this.closes.push({ reason, detail });
  }
}

/** Transports and sockets of one test, ended together. */
export class Bench {
  readonly log = recordingLog();
  readonly accepted: RecordingHandler[] = [];
  readonly #transports: PeerTransport[] = [];
  readonly #sockets: Socket[] = [];

  transport(options: Partial<TcpTransportOptions> = {}): PeerTransport {
    const transport = createTcpTransport({ log: this.log, ...options });
    this.#transports.push(transport);
    return transport;
  }

  /** Listens on a free port of the loopback, with handlers that remember. */
  listen(transport: PeerTransport, host = '127.0.0.1', port = 0): Promise<string> {
    return transport.listen({ host, port }, (connection) => {
      const handler = new RecordingHandler();
      handler.connection = connection;
      this.accepted.push(handler);
      return handler;
    });
  }

  /** A connection of the raw kind, as a stranger makes it. */
  async raw(address: string): Promise<Socket> {
    const socket = connect(Number(address.slice(address.lastIndexOf(':') + 1)), '127.0.0.1');
    socket.on('error', () => {});
    this.#sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }
}

export const question = (number: number): PeerFrame => ({
  kind: 'peer',
  group: 0 as never,
  message: { kind: 'question', number, from: 'pod/uid/data' as never },
});

export const numbersOf = (frames: readonly PeerFrame[]): readonly number[] =>
  frames.map((frame) => (frame.kind === 'peer' && frame.message.kind === 'question' ? frame.message.number : -1));
