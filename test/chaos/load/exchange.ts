import { HttpConnection, type Address, type Answer, type Ending } from '../../measure/load/http-connection.ts';
import type { Reply } from './requests.ts';

/** A client's connections, at most one to each address, kept open between requests. */
export class Exchange {
  readonly #connections = new Map<Address, HttpConnection>();
  #onReply: ((reply: Reply) => void) | null = null;

  /** One request at a time. */
  ask(address: Address, request: string, patienceMs: number): Promise<Reply> {
    return new Promise((resolve) => {
      const settle = (reply: Reply): void => {
        clearTimeout(timer);
        this.#onReply = null;
        resolve(reply);
      };
      const timer = setTimeout(() => {
        this.#connections.get(address)?.close();
        this.#connections.delete(address);
        settle({ kind: 'gaveUp' });
      }, patienceMs);
      this.#onReply = settle;
      const kept = this.#connections.get(address);
      if (kept?.isOpen === true) kept.send(request);
      else this.#open(address, request);
    });
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #open(address: Address, request: string): void {
    const connection = new HttpConnection(address, {
      onOpen: (opened) => opened.send(request),
      onAnswer: (_from: HttpConnection, answer: Answer) => this.#onReply?.({ kind: 'answer', answer }),
      onEnd: (ended, ending: Ending) => {
        if (this.#connections.get(address) !== ended) return;
        this.#connections.delete(address);
        this.#onReply?.({ kind: 'ended', ending });
      },
    });
    this.#connections.set(address, connection);
  }
}
