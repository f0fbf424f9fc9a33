import { request, type Agent } from 'node:http';

export interface Sent {
  readonly method: string;
  /** As it goes over the wire: `fetch` would tidy it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const WITHIN_MS = 15_000;

/** Of a stream only what comes first. */
export function exchange(base: string, agent: Agent, { method, path, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { hostname, port, agent, method, path, headers: { ...headers, ...length } };
    const sending = request({ ...options, timeout: WITHIN_MS }, (response) => {
      const chunks: Buffer[] = [];
      const settle = (): void => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks),
        });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (response.headers['content-type'] !== 'text/event-stream') return;
        settle();
        sending.destroy();
      });
      response.on('end', settle);
      response.on('error', reject);
    });
    sending.on('error', reject);
    sending.on('timeout', () => sending.destroy(new Error(`no answer within ${WITHIN_MS} ms: ${method} ${path}`)));
    sending.end(body ?? undefined);
  });
}
