import type { OpenPeerClient, PeerClient } from '../ports/peer-client.ts';

/** This replica's clients of other replicas, by address: for passing writes on, and for asking how they stand. */
export class PeerClients {
  readonly #open: OpenPeerClient;
  readonly #clients = new Map<string, PeerClient>();

  constructor(open: OpenPeerClient) {
    this.#open = open;
  }

  get size(): number {
    return this.#clients.size;
  }

  get(address: string): PeerClient {
    let client = this.#clients.get(address);
    if (client === undefined) {
      client = this.#open(address, null);
      this.#clients.set(address, client);
    }
    return client;
  }

  /** Closes those that nobody needs: their replica is not among the given, and nothing waits for its answer. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, client] of this.#clients) {
      if (addresses.has(address) || client.waiting > 0) continue;
      this.#clients.delete(address);
      client.close();
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
