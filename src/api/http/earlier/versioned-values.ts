import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Version } from '../../../core/base/numbers.ts';
import { jsonMember } from '../../../protocol/http/json-source.ts';
import { textOf } from '../../../protocol/http/key-path.ts';
import { versionedPutBody } from '../../../protocol/http/schemas/earlier/versioned-values.ts';
import { notUnicode } from '../../../protocol/http/validation-detail.ts';
import type { ApiContext } from '../context.ts';
import { sendDetail, sendJson } from '../respond.ts';
import type { Route } from '../routes.ts';
import { sendInvalid } from './answers.ts';
import { boundedValue, keyAfter, modelOf, readModel } from './input.ts';
import { JSON_TYPE, putOf, TEXT, writeOne } from './values.ts';

/** The writes of the service with versions; its reads are `GET /get/{key}`. */
export const versionedValueRoutes: readonly Route[] = [
  { pattern: '/put/{key}', match: /^\/put\/[^/]+$/, methods: { POST: put, PUT: put } },
];

const putModel = modelOf(versionedPutBody);

async function put(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = keyAfter('/put/', request, response);
  if (key === null) return;
  const body = await readModel(context, request, response, putModel);
  if (body === null) return;
  const { value } = body.value as { readonly value: unknown };
  if (typeof value === 'string' && !value.isWellFormed()) {
    sendInvalid(response, [notUnicode(['body', 'value'], value)]);
    return;
  }
  const text = typeof value === 'string' ? value : (jsonMember(body.json, 'value') ?? '');
  const bytes = boundedValue(context, response, text);
  if (bytes === null) return;
  const written = await writeOne(context, request, putOf(key, bytes, typeof value === 'string' ? TEXT : JSON_TYPE));
  if (written.kind === 'failed') sendDetail(response, written.fault, written.headers);
  else if (written.outcome.kind !== 'written') throw new TypeError(`a put was answered with ${written.outcome.kind}`);
  else sendJson(response, 200, { ...operationOf(textOf(key) ?? '', written.outcome) }, written.headers);
}

function operationOf(
  key: string,
  { created, version }: { readonly created: boolean; readonly version: Version },
): object {
  return {
    operation: created ? 'create' : 'update',
    key,
    version,
    new_version: created ? null : version,
    previous_version: created ? null : version - 1,
    // Each write of a key, and each delete, is a version.
    total_versions: version,
  };
}
