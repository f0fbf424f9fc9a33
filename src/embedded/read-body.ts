import type { IncomingMessage } from 'node:http';
import { badRequest, tooLarge, unsupportedMediaType } from './status.ts';

const BODY_BYTES_MAX = 3 * 1024 * 1024;

/**
 * The request's JSON. `prefix` begins the message of a body that is none.
 *
 * @param when what an empty body stands for; without it, an empty body is an error.
 */
export async function readBody(
  request: IncomingMessage,
  prefix: string,
  when?: { readonly empty: null },
): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left open when it is too much: the answer goes over the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge(BODY_BYTES_MAX);
    chunks.push(chunk);
  }
  if (bytes === 0 && when !== undefined) return when.empty;
  if (type !== '' && type !== 'application/json') throw unsupportedMediaType();

  let body: unknown;
  const text = Buffer.concat(chunks).toString();
  try {
    body = JSON.parse(text);
  } catch (cause) {
    const why = text === '' ? 'unexpected end of JSON input (<empty>)' : (cause as Error).message;
    throw badRequest(`${prefix}couldn't get version/kind; json parse error: ${why}`);
  }
  if (typeof body !== 'object' || Array.isArray(body)) {
    const kind = Array.isArray(body) ? 'array' : typeof body;
    throw badRequest(
      `${prefix}couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct`,
    );
  }
  return body;
}
