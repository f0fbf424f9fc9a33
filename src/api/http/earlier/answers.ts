import type { ValidationDetail } from '../../../protocol/http/validation-detail.ts';
import { sendJson, type RawHeaders } from '../respond.ts';
import type { Handler, Route } from '../routes.ts';
import type { ApiResponse } from '../exchange.ts';

/** A route that only tells. */
export const getOnly = (path: string, handler: Handler): Route => ({
  pattern: path,
  match: path,
  methods: { GET: handler },
});

/** Of a proxied answer: the pod that gave it. */
export const usedServer = (servedBy: string | null): RawHeaders =>
  servedBy === null ? [] : ['X-Server-Used', servedBy];

/** FastAPI's words where a body is not UTF-8, or nested beyond reason. */
export function sendUnparsable(response: ApiResponse): void {
  sendJson(response, 400, { detail: 'There was an error parsing the body' });
}

export function sendInvalid(response: ApiResponse, details: readonly ValidationDetail[]): void {
  sendJson(response, 422, { detail: details.map(withShownInput) });
}

/** Beyond this, an input is not sent back: it would cost more than it explains. */
const INPUT_CHARACTERS_MAX = 10_000;

function withShownInput(detail: ValidationDetail): ValidationDetail {
  try {
    if (JSON.stringify(detail.input).length <= INPUT_CHARACTERS_MAX) return detail;
  } catch {
    // Nested too deeply to be written.
  }
  return { ...detail, input: null };
}
