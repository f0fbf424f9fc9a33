import type { Operation } from '../operation.ts';
import { earlierHeadersOut, earlierSchemas } from '../schemas/earlier/parts.ts';
import {
  consistency,
  consistencyOut,
  envelopeSchema,
  fence,
  idempotencyKey,
  ifMatch,
  ifNoneMatch,
  ifUnmodifiedSince,
  readHeadersOut,
  session,
  writeHeadersOut,
} from '../schemas/parts.ts';
import { problemExamples, problemResponses, problemSchema, retryAfter } from '../schemas/problem.ts';

/** Refusals of the connection, which comes before any route. */
export const CONNECTION_RESPONSES: Operation['responses'] = problemResponses(
  'bad-request',
  'request-timeout',
  'too-many-requests',
  'headers-too-large',
);

/** What many operations have, by the names that it has in the document. */
export const SHARED: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  schemas: { Problem: problemSchema, Value: envelopeSchema, ...earlierSchemas },
  parameters: Object.fromEntries(
    [consistency, fence, idempotencyKey, ifMatch, ifNoneMatch, ifUnmodifiedSince, session].map((parameter) => [
      parameter.name,
      parameter,
    ]),
  ),
  headers: { ...readHeadersOut, ...writeHeadersOut, ...consistencyOut, ...retryAfter, ...earlierHeadersOut },
  examples: problemExamples,
  responses: Object.fromEntries(
    Object.entries(CONNECTION_RESPONSES).map(([status, response]) => [`OfConnection${status}`, response]),
  ),
};

/** Where a part that is shared stands. */
export interface Place {
  readonly kind: string;
  readonly name: string;
}

/** By the very objects: whoever uses one of them in an operation refers to it in the document, without saying so. */
export const PLACES: ReadonlyMap<object, Place> = new Map(
  Object.entries(SHARED).flatMap(([kind, parts]) =>
    Object.entries(parts).map(([name, part]): [object, Place] => [part, { kind, name }]),
  ),
);
