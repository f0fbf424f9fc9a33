/**
 * Answers each piece of data with bytes that were made before, without a look at more than two of its own: what a run
 * against it costs is the load generator's, and the sockets'. Its one value is that of the first key. `null.ts PORT http|resp`
 */
import { createServer } from 'node:net';
import { valueOf } from '../../load/items.ts';
import { HOST } from '../contestant.ts';
import { GET_HEADERS, PUT_HEADERS } from './headers.ts';

const [port, protocol] = process.argv.slice(2);
const VALUE = valueOf(0, 64);

function answerOf(headers: readonly string[], body: string): Buffer {
  const lines = ['HTTP/1.1 200 OK'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`);
  lines.push(`Content-Length: ${body.length}`, 'Date: Sun, 29 Nov 2026 12:33:03 GMT');
  lines.push('Connection: keep-alive', 'Keep-Alive: timeout=75');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const isHttp = protocol === 'http';
const answers = isHttp
  ? { get: answerOf(GET_HEADERS, VALUE), put: answerOf(PUT_HEADERS, '') }
  : { get: Buffer.from(`$${VALUE.length}\r\n${VALUE}\r\n`), put: Buffer.from('+OK\r\n:2\r\n') };
/** A GET's: of `GET /…`, or of `*2`, for a SET has three words. */
const [place, mark] = isHttp ? [0, 'G'.charCodeAt(0)] : [1, '2'.charCodeAt(0)];

createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => socket.write(chunk[place] === mark ? answers.get : answers.put));
}).listen(Number(port), HOST);
