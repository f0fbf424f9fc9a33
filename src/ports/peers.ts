import type { PeerFrame } from '../core/routing/frames.ts';

/**
 * Connections of the peer protocol. Frames come in batches, all that the kernel gave at once; everything that is sent in
 * one callback of the event loop, such as a turn of the core, leaves in one write.
 */
export interface PeerTransport {
  /** Dials `host:port`. The connection reports through `handler`, never before this call has returned. */
  dial(address: string, handler: PeerConnectionHandler): PeerConnection;
  /**
   * Listens until `close`. Resolves with the bound address. `onConnection` is called once the other side has shown that
   * it speaks the protocol, and returns the handler of the new connection.
   */
  listen(
    options: { readonly host: string; readonly port: number },
    onConnection: (connection: PeerConnection) => PeerConnectionHandler,
  ): Promise<string>;
  /** Ends every connection and the listener. */
  close(): Promise<void>;
}

export interface PeerConnectionHandler {
  /** Both sides have spoken: a process is there, and of a version that this one understands. */
  onOpen(): void;
  /** Frames in order. A malformed frame is never delivered: it closes the connection. */
  onFrames(frames: readonly PeerFrame[]): void;
  /** Once, at the end, also of a dial that failed; not after `close` was called on this side, the transport's own included. */
  onClose(reason: 'refused' | 'lost', detail: string): void;
}

export interface PeerConnection {
  /**
   * Queued until the current callback is over. Returns the bytes that wait to be written after it; 0 if the connection
   * has ended. @throws if no frame can hold it, which leaves the connection as it was.
   */
  send(frame: PeerFrame): number;
  /** What was sent before still leaves, if the other side takes it soon. */
  close(reason: string): void;
  /** Bytes queued but not yet taken by the kernel. */
  readonly bufferedBytes: number;
  readonly remoteAddress: string;
}
