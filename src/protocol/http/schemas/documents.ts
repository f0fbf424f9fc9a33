import { headOf, type HeadersOut, type MediaType, type Operation } from '../operation.ts';
import { detail } from './earlier/parts.ts';
import { ifNoneMatch } from './parts.ts';

/** The documents of the interface, told by itself. */

export const OPENAPI_PATH = '/openapi.json';
export const DOCS_PATH = '/docs';

/** What the page at /docs is made of, with the type of each. */
export const DOCS_FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'initializer.js': 'text/javascript; charset=utf-8',
} as const;
export type DocsFile = keyof typeof DOCS_FILES;

const headersOut = {
  ETag: { description: 'Names this release of it.', schema: { type: 'string' } },
} as const satisfies HeadersOut;

const document = (
  operationId: string,
  path: string,
  summary: string,
  content: Readonly<Record<string, MediaType>>,
): Operation => ({
  method: 'get',
  path,
  operationId,
  tags: ['documents'],
  summary,
  parameters: [ifNoneMatch],
  responses: {
    '200': { description: 'As it is in this release.', headers: headersOut, content },
    '304': { description: 'It is still the same.', headers: headersOut },
  },
});

const text = { type: 'string' } as const;

const routes: readonly Operation[] = [
  document('openapi', OPENAPI_PATH, 'This document', {
    'application/json': { schema: { type: 'object' }, example: { openapi: '3.1.1' } },
  }),
  document('docs', DOCS_PATH, 'This document as a page, in which requests can be tried', {
    'text/html': { schema: text, example: '<!doctype html>' },
  }),
];

const filesRoute = document('docsFile', `${DOCS_PATH}/{file}`, 'What the page is made of', {
  'text/css': { schema: text, example: '.swagger-ui{}' },
  'text/javascript': { schema: text, example: 'SwaggerUIBundle()' },
});

const fileRoute: Operation = {
  ...filesRoute,
  parameters: [
    {
      name: 'file',
      in: 'path',
      required: true,
      description: 'the name of a file',
      schema: { type: 'string', enum: Object.keys(DOCS_FILES) },
      example: 'initializer.js',
    },
    ...filesRoute.parameters,
  ],
  responses: {
    ...filesRoute.responses,
    '404': { description: 'There is no such file.', content: { 'application/json': detail('Not Found') } },
  },
};

export const documentOperations: readonly Operation[] = [...routes, fileRoute].flatMap((route) => [
  route,
  headOf(route, `${route.operationId}Head`),
]);
