/** The same as `node-http.ts` on Express, with its router and nothing else. `express.ts PORT` */
import express from 'express';
import { HOST } from '../contestant.ts';
import { GET_HEADERS, KEEP_ALIVE_MS, PUT_HEADERS } from './headers.ts';

const values = new Map<string, Buffer>();
const app = express();
app.disable('x-powered-by');
app.disable('etag');

app.get('/v1/keys/:key', (request, response) => {
  const value = values.get(request.params.key);
  if (value === undefined) response.writeHead(404, ['Content-Length', '0']).end();
  else
    response
      .writeHead(200, [...GET_HEADERS, 'Content-Length', String(value.length)])
      .end(value.toString('latin1'), 'latin1');
});

app.put('/v1/keys/:key', (request, response) => {
  const { key } = request.params;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const status = values.has(key) ? 200 : 201;
    values.set(key, Buffer.concat(chunks));
    response.writeHead(status, [...PUT_HEADERS, 'Content-Length', '0']).end();
  });
});

const server = app.listen(Number(process.argv[2]), HOST);
server.keepAliveTimeout = KEEP_ALIVE_MS;
