import { HttpConnection, type Address } from '../../measure/load/http-connection.ts';
import type { Reply } from './requests.ts';

/** A client's connections, at most one to each address, kept open between requests. */
export class Exchange {
  readonly #connections = new Map<Address, HttpConnection>();
  /** The request that waits for its reply, and where it was sent: another connection that ends has no say in it. */
  #waiting: { readonly connection: HttpConnection; readonly settle: (reply: Reply) => void } | null = null;

  /** One request at a time. */
  ask(address: Address, request: string, patienceMs: number): Promise<Reply> {
    if (this.#waiting !== null) throw new Error('a client asks one thing at a time');
    return new Promise((resolve) => {
      const kept = this.#connections.get(address);
      const connection = kept?.isOpen === true ? kept : this.#open(address, request);
      const timer = setTimeout(() => {
        connection.close();
        this.#connections.delete(address);
        settle({ kind: 'gaveUp' });
      }, patienceMs);
      const settle = (reply: Reply): void => {
        clearTimeout(timer);
        this.#waiting = null;
        resolve(reply);
      };
      this.#waiting = { connection, settle };
      if (connection === kept) connection.send(request);
    });
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #open(address: Address, request: string): HttpConnection {
    const connection = new HttpConnection(address, {
      onOpen: (opened) => opened.send(request),
      onAnswer: (from, answer) => this.#settle(from, { kind: 'answer', answer }),
      onEnd: (ended, ending) => {
        if (this.#connections.get(address) === ended) this.#connections.delete(address);
        this.#settle(ended, { kind: 'ended', ending });
      },
    });
    this.#connections.set(address, connection);
    return connection;
  }

  #settle(by: HttpConnection, reply: Reply): void {
    if (this.#waiting?.connection === by) this.#waiting.settle(reply);
  }
}
