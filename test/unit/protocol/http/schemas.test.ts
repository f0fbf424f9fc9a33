import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { operationsOf } from '../../../../src/protocol/http/openapi/operations.ts';
import type { JsonSchema, Operation } from '../../../../src/protocol/http/operation.ts';

const operations: readonly Operation[] = [...new Set([...operationsOf('kvstore'), ...operationsOf('proxy')])];

const schemasOf = (operation: Operation): JsonSchema[] => [
  ...operation.parameters.map((parameter) => parameter.schema),
  ...Object.values(operation.requestBody?.content ?? {}).map((content) => content.schema),
  ...Object.values(operation.responses).flatMap((response) => [
    ...Object.values(response.headers ?? {}).map((header) => header.schema),
    ...Object.values(response.content ?? {}).map((content) => content.schema),
  ]),
];

test.each(operations)('$operationId: each schema is strict JSON Schema 2020-12', (operation) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  for (const schema of schemasOf(operation)) expect(() => ajv.compile(schema)).not.toThrow();
});

test('every operation has a name of its own and a route of its own', () => {
  expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
  expect(new Set(operations.map((operation) => `${operation.method} ${operation.path}`)).size).toBe(operations.length);
});

test.each(operations)(
  '$operationId: path parameters stand in the path and are required, names are not repeated',
  (operation) => {
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map((parameter) => `{${parameter.name}}`)).toEqual(operation.path.match(/\{\w+\}/g) ?? []);
    expect(inPath.every((parameter) => parameter.required)).toBe(true);
    const names = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(names).size).toBe(names.length);
  },
);
