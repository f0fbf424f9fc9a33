import { connect } from 'node:net';

import type { Answer } from '../openapi/exchange.ts';

/** A request as its bytes say it, for what no library of HTTP would send. */
export interface Request {
  readonly method: string;
  /** One character a byte, and so everything below. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
}

const WITHIN_MS = 10_000;

export function bytesOf({ method, target, headers, body }: Request): Buffer {
  const length = body === null ? [] : [['Content-Length', String(body.length)]];
  const lines = [['Host', 'x'], ...headers, ...length, ['Connection', 'close']].map((line) => line.join(': '));
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === null ? head : Buffer.concat([head, body]);
}

/** What the client does once it has said everything: waits, says that nothing more comes, or is gone. */
export type Then = 'wait' | 'end' | 'reset';

/** Everything that is answered until the other side closes, which it must; of a stream only what comes first. */
export function tell(
  base: string,
  bytes: Buffer,
  { then }: { readonly then: Then } = { then: 'wait' },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    const deadline = setTimeout(() => {
      socket.destroy(new Error(`no end within ${WITHIN_MS} ms: ${bytes.toString('latin1', 0, 200)}`));
    }, WITHIN_MS);
    let failure: NodeJS.ErrnoException | null = null;
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunk.includes('Content-Type: text/event-stream')) socket.destroy();
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      // It may close before it has read what is too long.
      const isCut = failure?.code === 'EPIPE' || failure?.code === 'ECONNRESET';
      if (failure === null || isCut) resolve(Buffer.concat(chunks));
      else reject(failure);
    });
    socket.write(bytes, () => {
      if (then === 'end') socket.end();
      else if (then === 'reset') socket.resetAndDestroy();
    });
  });
}

/** The first answer among what was received; null: there is none. */
export function answerIn(received: Buffer): Answer | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: received.subarray(end + 4),
  };
}

export async function answerTo(base: string, request: Request): Promise<Answer> {
  const answer = answerIn(await tell(base, bytesOf(request)));
  if (answer === null) throw new Error(`closed without an answer: ${request.method} ${request.target.slice(0, 200)}`);
  return answer;
}
