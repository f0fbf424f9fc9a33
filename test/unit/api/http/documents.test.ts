import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { routesOf } from '../../../../src/api/http/api.ts';
import type { ApiOptions } from '../../../../src/api/http/context.ts';
import type { Route } from '../../../../src/api/http/routes.ts';
import { openApiDocument } from '../../../../src/protocol/http/openapi/document.ts';
import { apiUnderTest, optionsUnderTest } from './api-under-test.ts';

const { api } = apiUnderTest();

/** What each of the two processes is composed of. */
const nobodyAsks = (): never => {
  throw new Error('only the routes are looked at');
};
const admin = { recoveryView: nobodyAsks, recover: nobodyAsks };
const self = { kind: 'self', summary: nobodyAsks } as const;
const processes = [
  ['proxy', optionsUnderTest()],
  ['kvstore', { ...optionsUnderTest(), process: 'kvstore', admin, knownReplicas: self }],
] as const satisfies readonly (readonly [string, ApiOptions])[];

/** A value for a parameter of a path. */
const named = (parameter: string): string => (parameter === '{file}' ? 'initializer.js' : 'x');

/** As Express finds one. */
const first = (routes: readonly Route[], url: string): Route | undefined =>
  routes.find(({ match }) => (typeof match === 'string' ? match === url : match.test(url)));

describe.each(processes)('the document of a %s', (process, options) => {
  const routes = routesOf(options);
  const documented = Object.entries(openApiDocument({ process, release: '1.2.3' }).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path,
      url: path.replaceAll(/\{\w+\}/g, named),
    })),
  );

  test('has every method of every route', () => {
    const missing = routes.flatMap((route) =>
      Object.keys(route.methods)
        .filter((method) => !documented.some((one) => one.method === method && first(routes, one.url) === route))
        .map((method) => `${method} ${route.pattern}`),
    );
    expect(missing).toEqual([]);
  });

  test('has nothing that no route answers', () => {
    const missing = documented.filter(({ method, url }) => first(routes, url)?.methods[method] === undefined);
    expect(missing).toEqual([]);
  });
});

test('the document is JSON, and is not sent again to whoever has it', async () => {
  const answer = await request(api).get('/openapi.json');
  expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
    200,
    'application/json',
    'no-cache',
  ]);
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(openApiDocument({ process: 'proxy', release: '1.2.3' }))));
  const etag = answer.headers['etag'] ?? '';
  expect(etag).toMatch(/^"[\w-]{43}"$/);
  await request(api).get('/openapi.json').set('If-None-Match', `"other", W/${etag}`).expect(304);
  await request(api).get('/openapi.json').set('If-None-Match', '"other"').expect(200);
  const head = await request(api).head('/openapi.json').expect(200);
  expect(head.headers['content-length']).toBe(answer.headers['content-length']);
});

test('the page may load nothing from elsewhere, and run nothing that stands in it', async () => {
  const { status, headers, text } = await request(api).get('/docs');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = headers['content-security-policy'] ?? '';
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(headers['x-content-type-options']).toBe('nosniff');
  // What the policy forbids is not there either: no inline script or style, no handler, no other origin.
  expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?:/);
});

test('all that the page names is served by this process', async () => {
  const { text } = await request(api).get('/docs');
  const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
  const local = named.filter((address) => !address.startsWith('data:'));
  expect(local).toEqual(['docs/swagger-ui.css', 'docs/swagger-ui-bundle.js', 'docs/initializer.js']);
  for (const address of local) {
    const answer = await request(api).get(`/${address}`).buffer(true);
    expect([address, answer.status, answer.headers['x-content-type-options']]).toEqual([address, 200, 'nosniff']);
    expect(answer.headers['content-type']).toBe(address.endsWith('.css') ? CSS : SCRIPT);
  }
});

const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

test('files are those of the package, whole', async () => {
  const answer = await request(api)
    .get('/docs/swagger-ui-bundle.js')
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks)));
    });
  expect(readFileSync('node_modules/swagger-ui-dist/swagger-ui-bundle.js').equals(answer.body as Buffer)).toBe(true);
});

test.each(['package.json', '..%2Fpackage.json', 'swagger-ui.js', ''])('no other file: /docs/%s', async (name) => {
  const answer = await request(api).get(`/docs/${name}`);
  expect(answer.status).toBe(name === '' ? 307 : 404);
});

test('a browser that asks for the root is led to the page, everybody else is greeted', async () => {
  const browser = await request(api).get('/').set('Accept', 'text/html,application/xhtml+xml,*/*;q=0.8');
  expect([browser.status, browser.headers['location'], browser.headers['vary']]).toEqual([307, '/docs', 'Accept']);
  const client = await request(api).get('/').set('Accept', '*/*');
  expect([client.status, client.text, client.headers['vary']]).toEqual([200, '{"message":"Hello!"}', 'Accept']);
});
