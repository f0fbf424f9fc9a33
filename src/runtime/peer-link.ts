import type { GroupId } from '../core/base/numbers.ts';
import type { Input, LinkId } from '../core/group/io.ts';
import type { PeerMessage } from '../core/replication/messages.ts';
import type { PeerFrame } from '../core/routing/frames.ts';
import type { PeerConnection, PeerConnectionHandler } from '../ports/peers.ts';

/** Whoever a link belongs to. */
export interface LinkOwner {
  readonly id: GroupId;
  enter(input: Input): void;
  /** The connection is gone: nothing can be sent on the link any more. */
  onLinkClosed(link: LinkId, reason: 'refused' | 'lost', detail: string): void;
}

/** A link of one group: the whole of one connection, dialled by the group or accepted for it. */
export class PeerLink implements PeerConnectionHandler {
  readonly link: LinkId;
  readonly #owner: LinkOwner;
  #connection: PeerConnection | null;

  /** `connection` is null until a dialled one is made. */
  constructor(link: LinkId, owner: LinkOwner, connection: PeerConnection | null) {
    this.link = link;
    this.#owner = owner;
    this.#connection = connection;
  }

  attach(connection: PeerConnection): void {
    this.#connection = connection;
  }

  /** What no frame can hold costs the link, not the process: the others go on without who is at its end. */
  send(message: PeerMessage): void {
    try {
      this.#connection?.send({ kind: 'peer', group: this.#owner.id, message });
    } catch (error) {
      const reason = `a message of kind ${message.kind} that cannot be sent: ${String(error)}`;
      this.disconnect(reason);
      this.#owner.onLinkClosed(this.link, 'lost', reason);
    }
  }

  /** The group has given the link up: it hears no more of it. */
  disconnect(reason: string): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.close(reason);
  }

  onOpen(): void {
    this.#owner.enter({ kind: 'connected', link: this.link });
  }

  onFrames(frames: readonly PeerFrame[]): void {
    for (const frame of frames) {
      if (this.#connection === null) return;
      if (frame.kind !== 'peer' || frame.group !== this.#owner.id) {
        const reason = `a ${frame.kind} frame of group ${frame.group} on a link of group ${this.#owner.id}`;
        this.disconnect(reason);
        this.#owner.onLinkClosed(this.link, 'lost', reason);
        return;
      }
      this.#owner.enter({ kind: 'received', link: this.link, message: frame.message });
    }
  }

  onClose(reason: 'refused' | 'lost', detail: string): void {
    if (this.#connection === null) return;
    this.#connection = null;
    this.#owner.onLinkClosed(this.link, reason, detail);
  }
}
