/** The least that a server on `node:http` can do for GET and PUT: a Map, and the heads that a kvstore sends. `node-http.ts PORT` */
import { createServer } from 'node:http';
import { HOST } from '../contestant.ts';
import { GET_HEADERS, PUT_HEADERS, KEEP_ALIVE_MS } from './headers.ts';

const values = new Map<string, Buffer>();

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  const url = request.url ?? '';
  if (request.method === 'GET') {
    const value = values.get(url);
    if (value === undefined) response.writeHead(404, ['Content-Length', '0']).end();
    else
      response
        .writeHead(200, [...GET_HEADERS, 'Content-Length', String(value.length)])
        .end(value.toString('latin1'), 'latin1');
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const status = values.has(url) ? 200 : 201;
    values.set(url, Buffer.concat(chunks));
    response.writeHead(status, [...PUT_HEADERS, 'Content-Length', '0']).end();
  });
});
server.listen(Number(process.argv[2]), HOST);
