/** The program of a load's pod: takes orders (test/chaos/load/orders.ts) or reads batches, and tells how it goes, by HTTP. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { nowUs } from '../../chaos/load/clock.ts';
import { OrderTaker } from '../../chaos/load/order-taker.ts';
import type { Order } from '../../chaos/load/orders.ts';
import { BatchReader, type BatchReads } from './batch-reader.ts';
import { HISTORY_FOLDER, LOAD_PORT, type LoadProgress } from './place.ts';

const LOOK_EVERY_MS = 10;

const taker = new OrderTaker();
let batches: BatchReader | null = null;
let stallMsMax = 0;
let lookedMs = performance.now();

setInterval(() => {
  const nowMs = performance.now();
  stallMsMax = Math.max(stallMsMax, nowMs - lookedMs - LOOK_EVERY_MS);
  lookedMs = nowMs;
}, LOOK_EVERY_MS);

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error));
  });
}).listen(LOAD_PORT);

// The first process of a container gets no signal that it does not ask for.
process.on('SIGTERM', () => process.exit(0));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'POST' && path === '/orders') {
    const order = JSON.parse(await textOf(request)) as Order;
    if (order.kind === 'begin') stallMsMax = 0;
    response.end(JSON.stringify(await taker.obey(order)));
  } else if (request.method === 'POST' && path === '/batch-reads') {
    batches?.end();
    batches = new BatchReader(JSON.parse(await textOf(request)) as BatchReads);
    batches.begin();
    response.end();
  } else if (path === '/batch-reads') {
    response.end(JSON.stringify(batches?.done ?? null));
  } else if (path === '/progress') {
    response.end(JSON.stringify({ ...taker.progress, nowUs: nowUs(), stallMsMax } satisfies LoadProgress));
  } else if (path.startsWith('/histories/')) {
    const file = join(HISTORY_FOLDER, basename(path));
    if (existsSync(file)) createReadStream(file).pipe(response);
    else response.writeHead(404).end();
  } else response.writeHead(404).end();
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}
