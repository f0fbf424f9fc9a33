import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

import { openApiDocument, type Documented } from '../../protocol/http/openapi/document.ts';
import { splitTarget } from '../../protocol/http/query.ts';
import { DOCS_FILES, DOCS_PATH, OPENAPI_PATH, type DocsFile } from '../../protocol/http/schemas/documents.ts';
import { send, sendJson, type RawHeaders } from './respond.ts';
import type { Handler, Route } from './routes.ts';

/**
 * The OpenAPI document, and Swagger UI that shows it. Nothing of the page comes from elsewhere, and nothing in it is inline, so
 * that the policy can forbid both. Made and read when somebody asks, once: no start waits for it.
 */
export function documentRoutes(documented: Documented): readonly Route[] {
  const document = kept(() => Promise.resolve(Buffer.from(JSON.stringify(openApiDocument(documented)))));
  const page = kept(() => Promise.resolve(Buffer.from(PAGE)));
  return [
    routeTo({ pattern: OPENAPI_PATH, match: OPENAPI_PATH }, () => ({ headers: JSON_HEADERS, content: document })),
    routeTo({ pattern: DOCS_PATH, match: DOCS_PATH }, () => ({ headers: PAGE_HEADERS, content: page })),
    routeTo({ pattern: `${DOCS_PATH}/{file}`, match: /^\/docs\/[^/]+$/ }, filesOfPage()),
  ];
}

/** `style-src` needs no more: what Swagger UI styles by script is no inline style to a browser. Its icons are `data:`. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const JSON_HEADERS: RawHeaders = ['Content-Type', 'application/json'];

const PAGE_HEADERS: RawHeaders = [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  CONTENT_SECURITY_POLICY,
  'Referrer-Policy',
  'no-referrer',
  'Cross-Origin-Opener-Policy',
  'same-origin',
];

/** Addresses are relative: the page may be served below a prefix. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>kvstore</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/initializer.js"></script>
  </body>
</html>
`;

/** No validator: it would send the document's address to somebody else. */
const INITIALIZER = `'use strict';
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

/** By their paths. */
function filesOfPage(): (path: string) => Shown | null {
  const files = new Map(
    Object.entries(DOCS_FILES).map(([name, type]): [string, Shown] => [
      `${DOCS_PATH}/${name}`,
      { headers: ['Content-Type', type], content: kept(() => bytesOf(name as DocsFile)) },
    ]),
  );
  return (path) => files.get(path) ?? null;
}

function bytesOf(name: DocsFile): Promise<Buffer> {
  if (name === 'initializer.js') return Promise.resolve(Buffer.from(INITIALIZER));
  // In an image, too, they stand where Node looks for the package.
  const manifest = findPackageJSON('swagger-ui-dist', import.meta.url);
  if (manifest === undefined) throw new Error('the package swagger-ui-dist is not installed');
  return readFile(join(dirname(manifest), name));
}

interface Kept {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Made when it is first asked for; one that could not be made is tried again. */
function kept(make: () => Promise<Buffer>): () => Promise<Kept> {
  let made: Kept | null = null;
  return async () => {
    if (made !== null) return made;
    const bytes = await make();
    const digest = createHash('sha256').update(bytes).digest('base64url');
    made = { bytes, etag: `"${digest}"` };
    return made;
  };
}

interface Shown {
  readonly headers: RawHeaders;
  readonly content: () => Promise<Kept>;
}

function routeTo(place: Pick<Route, 'pattern' | 'match'>, shownAt: (path: string) => Shown | null): Route {
  const handler: Handler = async (_context, request, response) => {
    const shown = shownAt(splitTarget(request.url ?? '').path);
    if (shown === null) sendJson(response, 404, { detail: 'Not Found' });
    else sendKept(request, response, shown.headers, await shown.content());
  };
  return { ...place, methods: { GET: handler, HEAD: handler } };
}

/** Caches ask before they answer: the next release has others under the same address. */
function sendKept(
  request: IncomingMessage,
  response: ServerResponse,
  headers: RawHeaders,
  { bytes, etag }: Kept,
): void {
  const always = ['ETag', etag, 'Cache-Control', 'no-cache', 'X-Content-Type-Options', 'nosniff'];
  const tags = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  if (tags.includes(etag) || tags.includes('*')) send(response, 304, always, null);
  else send(response, 200, [...always, ...headers], bytes);
}
