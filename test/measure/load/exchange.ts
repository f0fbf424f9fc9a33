import { connect } from 'node:net';
import type { Address } from './http-connection.ts';

/** Sends bytes as they are, and resolves with all that came back by the time the other side closed. */
export function exchange(address: Address, bytes: Buffer | string, withinMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true });
    let received = '';
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`port ${address.port} did not close within ${withinMs} ms; so far: ${received.slice(0, 200)}`));
    }, withinMs);
    // A server may refuse what is still being sent: its answer is in what was received.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.once('close', () => {
      clearTimeout(deadline);
      resolve(received);
    });
    socket.write(bytes);
  });
}
