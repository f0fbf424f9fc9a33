import { expect } from '@jest/globals';

/** One request, and what the earlier service answers to it. */
export interface Row {
  /**
   * Where that is said: `S0` … `S4` are the READMEs of the services, with the line; a file of one of them, with the
   * function, is that service's code; `FastAPI`: what FastAPI 0.165 with pydantic 2.14 answered for a route declared
   * like the service's.
   */
  readonly source: string;
  readonly request: string;
  /** A string goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly type?: string | null;
  readonly status: number;
  /** A string is the whole text of the answer, anything else what its JSON is like. */
  readonly answer: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** What was asked before it, for something to be there. */
  readonly after?: readonly (readonly [request: string, body?: unknown])[];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** `request` is a method and a path. */
export async function ask(base: string, request: string, body?: unknown, type?: string | null): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ');
  const headers = body === undefined || type === null ? {} : { 'content-type': type ?? 'application/json' };
  const init: RequestInit = { method, headers, redirect: 'manual', signal: AbortSignal.timeout(10_000) };
  if (body instanceof Uint8Array) init.body = Buffer.from(body);
  else if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(base + path, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export async function check(base: string, row: Row): Promise<void> {
  for (const [request, body] of row.after ?? []) expect((await ask(base, request, body)).status).toBeLessThan(300);
  const { status, text, headers } = await ask(base, row.request, row.body, row.type);
  const answer: unknown = typeof row.answer === 'string' ? text : JSON.parse(text);
  expect({ status, answer }).toEqual({ status: row.status, answer: row.answer });
  const named = Object.keys(row.headers ?? {}).map((name) => [name, headers.get(name)]);
  expect(Object.fromEntries(named)).toEqual(row.headers ?? {});
}

export const title = ({ request, body }: Row): string =>
  body === undefined ? request : `${request} ${(typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 60)}`;

/** The name of a pod. */
export const POD: unknown = expect.stringMatching(/^kv-[0-2]$/);
export const SERVED = { 'content-type': 'application/json', 'x-server-used': POD };
