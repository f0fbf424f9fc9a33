import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../../ports/peers.ts';
import type { Log } from '../../ports/telemetry.ts';
import { FRAME_BYTES_MAX } from '../../protocol/peer/frame-types.ts';
import { SUPPORTED_VERSIONS, type VersionRange } from '../../protocol/peer/preface.ts';
import { formatAddress, parseAddress } from './address.ts';
import { RateLimitedWarnings } from './rate-limited-warnings.ts';
import { TcpConnection, type ConnectionLimits, type ConnectionOwner } from './tcp-connection.ts';

export interface TcpTransportOptions {
  readonly log: Log;
  /** Until a dialled connection stands and the other side has spoken. @default 1000 */
  readonly dialTimeoutMs?: number;
  /** Until the other side of an accepted connection has spoken. @default 3000 */
  readonly prefaceTimeoutMs?: number;
  /** Accepted connections at once; further ones are closed as they come. @default 1024 */
  readonly connectionsMax?: number;
  /** A connection was closed as it came, for `connectionsMax` are open already. */
  readonly onConnectionRefused?: () => void;
  /** Bytes that one connection may leave unread; beyond it it is closed. @default 64 MiB */
  readonly outboundBytesMax?: number;
  /** @default 20 MiB */
  readonly frameBytesMax?: number;
  /** @default SUPPORTED_VERSIONS */
  readonly versions?: VersionRange;
}

export function createTcpTransport(options: TcpTransportOptions): PeerTransport {
  return new TcpTransport(options);
}

type OnConnection = (connection: PeerConnection) => PeerConnectionHandler;

/** The peer protocol over TCP. All that goes wrong on a connection ends that connection, with a reason, and no other. */
class TcpTransport implements PeerTransport {
  readonly #log: Log;
  readonly #warnings: RateLimitedWarnings;
  readonly #dialTimeoutMs: number;
  readonly #prefaceTimeoutMs: number;
  readonly #connectionsMax: number;
  readonly #onConnectionRefused: () => void;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Set<TcpConnection>();
  readonly #servers = new Set<Server>();

  constructor(options: TcpTransportOptions) {
    this.#log = options.log;
    this.#warnings = new RateLimitedWarnings(options.log);
    this.#dialTimeoutMs = options.dialTimeoutMs ?? 1000;
    this.#prefaceTimeoutMs = options.prefaceTimeoutMs ?? 3000;
    this.#connectionsMax = options.connectionsMax ?? 1024;
    this.#onConnectionRefused = options.onConnectionRefused ?? (() => {});
    this.#limits = {
      frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX,
      outboundBytesMax: options.outboundBytesMax ?? 64 * 2 ** 20,
      versions: options.versions ?? SUPPORTED_VERSIONS,
    };
  }

  dial(address: string, handler: PeerConnectionHandler): PeerConnection {
    const target = parseAddress(address);
    if (target === null || target.port === 0) return unreachable(address, handler);
    const socket = connect({ ...target, noDelay: true });
    const owner = { ...this.#owner, onAccepted: () => handler };
    return this.#hold(socket, owner, { remoteAddress: address, handler, openWithinMs: this.#dialTimeoutMs });
  }

  async listen(at: { readonly host: string; readonly port: number }, onConnection: OnConnection): Promise<string> {
    const owner = { ...this.#owner, onAccepted: onConnection };
    const server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
      const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket;
      const remoteAddress = formatAddress({ host, port });
      this.#hold(socket, owner, { remoteAddress, handler: null, openWithinMs: this.#prefaceTimeoutMs });
    });
    server.maxConnections = this.#connectionsMax;
    server.on('drop', (dropped) => {
      this.#onConnectionRefused();
      const remote = formatAddress({ host: dropped?.remoteAddress ?? 'unknown', port: dropped?.remotePort ?? 0 });
      this.#warnings.warn('peer connection refused', { remote, reason: `${this.#connectionsMax} are open already` });
    });
    server.listen(at.port, at.host);
    await once(server, 'listening');
    // Only now: while it begins to listen, an error rejects. Later ones are failed accepts (no file descriptors left).
    server.on('error', (error) => {
      this.#warnings.warn('peer connection not accepted', { reason: error.message });
    });
    this.#servers.add(server);
    const { address, port } = server.address() as AddressInfo;
    return formatAddress({ host: address, port });
  }

  async close(): Promise<void> {
    const closing = Array.from(this.#servers, async (server) => {
      server.close();
      await once(server, 'close');
    });
    this.#servers.clear();
    for (const connection of this.#connections) connection.close('the transport closes');
    await Promise.all(closing);
  }

  #hold(
    socket: Socket,
    owner: ConnectionOwner,
    options: {
      readonly remoteAddress: string;
      readonly handler: PeerConnectionHandler | null;
      readonly openWithinMs: number;
    },
  ): TcpConnection {
    const connection = new TcpConnection(socket, owner, { ...options, limits: this.#limits });
    this.#connections.add(connection);
    return connection;
  }

  readonly #owner: Omit<ConnectionOwner, 'onAccepted'> = {
    onClosing: (connection, reason) => {
      this.#log.debug('peer connection closed', { remote: connection.remoteAddress, reason });
    },
    onFault: (connection, reason, cause) => {
      const fields = { remote: connection.remoteAddress, reason };
      if (cause === null) this.#warnings.warn('peer connection closed', fields);
      else this.#log.error('peer connection closed', { ...fields, cause });
    },
    onGone: (connection) => {
      this.#connections.delete(connection);
    },
  };
}

/** What `dial` gives for an address that is none. */
function unreachable(address: string, handler: PeerConnectionHandler): PeerConnection {
  let state: 'dialled' | 'closed' = 'dialled';
  setImmediate(() => {
    if (state === 'dialled') handler.onClose('lost', `not an address: ${address}`);
  });
  return {
    remoteAddress: address,
    bufferedBytes: 0,
    send: () => 0,
    close: () => {
      state = 'closed';
    },
  };
}
