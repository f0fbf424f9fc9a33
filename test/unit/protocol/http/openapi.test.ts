import { describe, expect, test } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { ERRORS } from '../../../../src/core/base/errors.ts';
import { openApiDocument } from '../../../../src/protocol/http/openapi/document.ts';
import { operationsOf } from '../../../../src/protocol/http/openapi/operations.ts';
import type { MediaType } from '../../../../src/protocol/http/operation.ts';
import { txnBody, txnOperation } from '../../../../src/protocol/http/schemas/composite.ts';
import { PROBLEM_MEDIA_TYPE } from '../../../../src/protocol/http/problem.ts';

const PROCESSES = ['proxy', 'kvstore'] as const;

interface Shown {
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly schema?: unknown }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly examples?: Record<string, unknown> }>> }>
  >;
}

const documentOf = (process: (typeof PROCESSES)[number]) => openApiDocument({ process, release: '1.2.3' });
const shown = (process: (typeof PROCESSES)[number], path: string, method: string): Shown =>
  documentOf(process).paths[path]?.[method] as Shown;

describe.each(PROCESSES)('the document of a %s', (process) => {
  test('lints clean: no error, and no warning', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const source = JSON.stringify(documentOf(process));
    const problems = await lintFromString({ source, config, absoluteRef: 'openapi.json' });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  test('refers only to what it has, and has nothing that it does not refer to', () => {
    const document = documentOf(process);
    const referred = new Set([...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, place]) => place));
    const there = Object.entries(document.components).flatMap(([kind, parts]) =>
      Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
    );
    expect([...referred].toSorted()).toEqual(there.toSorted());
  });
});

test('a linter that passes everything would be noticed', async () => {
  const { info: _, ...rest } = documentOf('proxy');
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: JSON.stringify(rest), config, absoluteRef: 'openapi.json' });
  expect(problems.map(({ ruleId }) => ruleId)).toContain('struct');
});

test('a process shows what it serves, and nothing else', () => {
  expect(Object.keys(documentOf('proxy').paths)).not.toContain('/v1/admin/recovery');
  expect(Object.keys(documentOf('kvstore').paths)).toContain('/v1/admin/recovery');
  expect(Object.keys(documentOf('kvstore').paths)).not.toContain('/servers');
  expect(Object.keys(documentOf('proxy').paths)).toContain('/servers');
});

test('a schema that ajv enforces is shown as it is', () => {
  const { content } = shown('proxy', '/v1/txn', 'post').requestBody ?? { content: {} };
  // Nothing of it is shared, so that no reference stands in it.
  expect(content['application/json']?.schema).toEqual(JSON.parse(JSON.stringify(txnBody)));
  expect(txnOperation.requestBody?.content['application/json']?.schema).toBe(txnBody);
});

test('every route tells of each of its errors, by an example under its code', () => {
  const { responses } = shown('proxy', '/v1/keys', 'delete');
  const codes = Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.[PROBLEM_MEDIA_TYPE]?.examples ?? {}),
  );
  expect(codes.toSorted()).toEqual([
    'bad-request',
    'count-mismatch',
    'deposed',
    'fence-stale',
    'idempotency-full',
    'idempotency-mismatch',
    'internal',
    'no-leader',
    'not-enough-in-sync',
    'not-leader',
    'overloaded',
    'session-full',
    'session-lost',
    'stopping',
    'too-many-keys',
    'unknown-session',
  ]);
});

test('every error is told of, by one route at least', () => {
  const shown = new Set(PROCESSES.flatMap((process) => Object.keys(documentOf(process).components['examples'] ?? {})));
  const others = Object.keys(ERRORS).filter((code) => !shown.has(code));
  // Of no route; and those that only the routes of the earlier services have, which tell no codes.
  expect(others).toEqual(['no-route', 'method-not-allowed', 'not-text', 'data-file-loading']);
});

test('what the connection refuses is told with each route, beside what the route itself does', () => {
  const { responses } = shown('proxy', '/put', 'put');
  expect(Object.keys(responses['400']?.content ?? {})).toEqual(['application/json', PROBLEM_MEDIA_TYPE]);
  expect(responses['431']).toEqual({ $ref: '#/components/responses/OfConnection431' });
});

const operations = [...new Set(PROCESSES.flatMap(operationsOf))];
const ajv = new Ajv2020({ strict: false });

const examplesOf = ({ example, examples }: MediaType): unknown[] =>
  examples === undefined ? [example] : Object.values(examples).map(({ value }) => value);

test.each(operations)(
  '$operationId: all that it takes and gives has an example, which its schema takes',
  (operation) => {
    const media = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
      Object.values(part?.content ?? {}),
    );
    for (const one of media)
      for (const example of examplesOf(one)) {
        expect(example).toBeDefined();
        expect([ajv.validate(one.schema, example), example, ajv.errorsText()]).toEqual([true, example, 'No errors']);
      }
    for (const { name, schema, example } of operation.parameters) {
      if ('not' in schema) expect(example).toBeUndefined();
      else expect([name, ajv.validate(schema, example), typeof example]).toEqual([name, true, 'string']);
    }
  },
);
