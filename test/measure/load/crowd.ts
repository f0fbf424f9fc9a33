import { connect, type Socket } from 'node:net';
import type { Address } from './http-connection.ts';

/** So that not the backlog of the listening socket is what is tried. */
const BATCH = 250;

/** Many connections that are held open and say nothing, or a byte now and then. */
export class Crowd {
  readonly #address: Address;
  readonly #sockets = new Set<Socket>();
  #turnedAway = 0;
  #firstAnswer = '';
  #drip: NodeJS.Timeout | null = null;

  constructor(address: Address) {
    this.#address = address;
  }

  /** Connected now. */
  get standing(): number {
    return this.#sockets.size;
  }

  /** Closed by the other side, or never taken. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** What the first was told that was told anything. */
  get firstAnswer(): string {
    return this.#firstAnswer;
  }

  /** Resolves when each of them has been connected or turned away. */
  async gather(size: number): Promise<void> {
    for (let done = 0; done < size; done += BATCH) {
      await Promise.all(Array.from({ length: Math.min(BATCH, size - done) }, () => this.#add()));
    }
  }

  /** Each says `head`, and from then on a byte, again and again, and never comes to an end. */
  drip(head: string, everyMs: number): void {
    for (const socket of this.#sockets) socket.write(head);
    this.#drip = setInterval(() => {
      for (const socket of this.#sockets) socket.write('x');
    }, everyMs);
  }

  leave(): void {
    if (this.#drip !== null) clearInterval(this.#drip);
    for (const socket of this.#sockets) socket.destroy();
  }

  #add(): Promise<void> {
    return new Promise((decided) => {
      const socket = connect(this.#address);
      socket.once('connect', () => {
        this.#sockets.add(socket);
        decided();
      });
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => (this.#firstAnswer ||= chunk.toString('latin1')));
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#turnedAway += 1;
        decided();
      });
    });
  }
}
