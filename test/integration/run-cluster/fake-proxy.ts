import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The proxy as `up` and `test cluster` see it, for tests of those two; it can be made to break what a proxy promises. */
export class FakeProxy {
  /** What `/v1/cluster` says. */
  lineageId = 'lineage-of-this-group';
  /** The nth write is acknowledged and forgotten. */
  losesWrite = 0;
  ignoresConditions = false;
  /** Keys that were ever written. */
  readonly written = new Set<string>();
  readonly values = new Map<string, { readonly value: string; readonly tag: string }>();
  readonly #server: Server;
  #writes = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => this.#answer(request, response, body));
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await new Promise((closed) => this.#server.close(closed));
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const key = new URL(request.url ?? '', 'http://proxy').pathname.replace('/v1/keys/', '');
    if (key === '/v1/cluster') {
      response.end(JSON.stringify({ lineage: { number: 1, id: this.lineageId } }));
      return;
    }
    const current = this.values.get(key);
    switch (request.method) {
      case 'GET':
        if (current === undefined) return void response.writeHead(404).end();
        response.writeHead(200, { 'Content-Length': Buffer.byteLength(current.value) }).end(current.value);
        return;
      case 'DELETE':
        this.values.delete(key);
        response.writeHead(current === undefined ? 404 : 204).end();
        return;
      default:
        this.#write(request, response, key, body);
    }
  }

  #write(request: IncomingMessage, response: ServerResponse, key: string, value: string): void {
    const current = this.values.get(key);
    const { 'if-match': only, 'if-none-match': none } = request.headers;
    if (!this.ignoresConditions && current !== undefined) {
      if (request.method === 'POST') return void response.writeHead(409).end();
      if (none === '*' || (only !== undefined && only !== current.tag)) return void response.writeHead(412).end();
    }
    this.#writes += 1;
    this.written.add(key);
    const tag = `"${this.#writes}"`;
    if (this.#writes !== this.losesWrite) this.values.set(key, { value, tag });
    response.writeHead(current === undefined ? 201 : 200, { ETag: tag }).end();
  }
}
