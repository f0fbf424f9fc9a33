import { isUtf8 } from 'node:buffer';

import { repeatedMember } from '../../protocol/http/json-source.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { compileBody } from '../../protocol/http/validators.ts';
import { contentTypeOf } from './content-type.ts';
import type { ApiContext } from './context.ts';
import { readBody, tooLarge } from './request-body.ts';
import { sendProblem } from './respond.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';

export interface JsonBody {
  readonly bytesMax: number;
  readonly check: ReturnType<typeof compileBody>;
}

/** The JSON of the body, once it is as its schema says; null: the answer is on its way, or there is nobody to answer. */
export async function readJson(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  { bytesMax, check }: JsonBody,
): Promise<{ readonly value: unknown } | null> {
  const wrongType = wrongTypeOf(request);
  if (wrongType !== null) {
    sendProblem(response, wrongType);
    return null;
  }
  const body = await readBody(context, response, bytesMax);
  switch (body.kind) {
    case 'aborted':
      return null;
    case 'tooLarge':
      context.metrics.limitHit('too-large');
      sendProblem(response, tooLarge(body.size, bytesMax));
      return null;
    case 'noRoom':
      context.metrics.limitHit('overloaded');
      sendProblem(response, fault('overloaded', 'The bodies of all requests together are as large as memory allows.'));
      return null;
    case 'body': {
      const parsed = parse(body.bytes, check);
      if (typeof parsed !== 'string') return parsed;
      sendProblem(response, fault('bad-request', parsed));
      return null;
    }
  }
}

function wrongTypeOf(request: ApiRequest): Fault | null {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return fault('unsupported-encoding', `The body has Content-Encoding ${encoding}.`);
  const type = contentTypeOf(request) ?? '';
  if (typeof type !== 'string') return type;
  // No web page can send this type without asking first (CORS), and nobody here answers that.
  if (/^application\/json\s*(?:;|$)/i.test(type)) return null;
  return fault('bad-request', 'The Content-Type must be application/json.');
}

/** The value, or what is wrong with it. */
function parse(bytes: Buffer, check: JsonBody['check']): { readonly value: unknown } | string {
  if (!isUtf8(bytes)) return 'The body is not UTF-8.';
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The body is not JSON.';
  }
  const errors = check(value);
  const [error] = errors;
  if (error === undefined) {
    // Looked for here: what a schema has passed has few names, however long it is.
    const repeated = repeatedMember(text);
    return repeated === null ? { value } : `The body has the member ${JSON.stringify(repeated)} twice in one object.`;
  }
  // What fits no form at all is told what may be there, not what the first of the forms wants.
  const forms = errors.at(-1);
  if (forms?.keyword === 'anyOf' && forms.parentSchema?.['description'] !== undefined)
    return `The body is not as it should be: ${forms.instancePath} must be one of its forms. ${String(forms.parentSchema['description'])}`;
  const place = error.instancePath === '' ? 'the whole' : error.instancePath;
  const name = String(error.params['additionalProperty'] ?? '');
  return `The body is not as it should be: ${place} ${error.message ?? 'is wrong'}${name === '' ? '' : ` (${name})`}.`;
}
