import type { IncomingMessage } from 'node:http';

/**
 * `Expect: 100-continue`: the client waits for a word before it sends its body. The server leaves that word to whoever
 * wants the body, so that a refusal comes before the upload and not after it.
 */
const pending = Symbol('continuePending');

type Marked = IncomingMessage & { [pending]?: true };

export function markContinuePending(request: IncomingMessage): void {
  (request as Marked)[pending] = true;
}

export function hasContinuePending(request: IncomingMessage): boolean {
  return (request as Marked)[pending] === true;
}
