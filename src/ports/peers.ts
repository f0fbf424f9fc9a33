import type { PeerFrame } from '../core/routing/frames.ts';

/**
 * Connections of the peer protocol, in turns: all frames that arrived in one turn of the event loop come as one batch,
 * and everything sent in a turn leaves in one write.
 */
export interface PeerTransport {
  /** Dials `host:port`. The connection reports through `handler`, never before this call has returned. */
  dial(address: string, handler: PeerConnectionHandler): PeerConnection;
  /** Listens until `close`. Resolves with the bound address. `onConnection` returns the handler of the new connection. */
  listen(options: { readonly host: string; readonly port: number }, onConnection: (connection: PeerConnection) => PeerConnectionHandler): Promise<string>;
  /** Ends every connection and the listener. */
  close(): Promise<void>;
}

export interface PeerConnectionHandler {
  onOpen(): void;
  /** Frames in order. A malformed frame is never delivered: it closes the connection. */
  onFrames(frames: readonly PeerFrame[]): void;
  /** Once, at the end; not after `close` was called on this side. */
  onClose(reason: 'refused' | 'lost', detail: string): void;
}

export interface PeerConnection {
  /** Queued until the end of the turn. Returns the bytes that wait to be written after it. */
  send(frame: PeerFrame): number;
  close(reason: string): void;
  /** Bytes queued but not yet taken by the kernel. */
  readonly bufferedBytes: number;
  readonly remoteAddress: string;
}

