import { HttpConnection, type Address, type Answer, type ConnectionOwner } from './http-connection.ts';

interface Question {
  readonly request: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Asks one thing after the other, on one connection. */
export class Asker implements ConnectionOwner {
  readonly #host: string;
  readonly #connection: HttpConnection;
  readonly #questions: Question[] = [];
  #isFree = false;

  constructor(address: Address) {
    this.#host = `${address.host}:${address.port}`;
    this.#connection = new HttpConnection(address, this);
  }

  get(path: string): Promise<Answer> {
    return this.#ask(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`);
  }

  /** Text in ASCII. */
  put(path: string, text: string): Promise<Answer> {
    const headers = `Host: ${this.#host}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}`;
    return this.#ask(`PUT ${path} HTTP/1.1\r\n${headers}\r\n\r\n${text}`);
  }

  close(): void {
    this.#connection.close();
  }

  onOpen(): void {
    this.#isFree = true;
    this.#next();
  }

  onAnswer(_connection: HttpConnection, answer: Answer): void {
    this.#questions.shift()?.resolve(answer);
    this.#isFree = true;
    this.#next();
  }

  onEnd(_connection: HttpConnection, ending: string): void {
    for (const { reject } of this.#questions.splice(0)) reject(new Error(`the connection has ended: ${ending}`));
  }

  #ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ request, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const [first] = this.#questions;
    if (!this.#isFree || first === undefined) return;
    this.#isFree = false;
    this.#connection.send(first.request);
  }
}
