import { ERRORS } from '../../../core/base/errors.ts';
import type { MediaType, Operation, ResponseDescription } from '../operation.ts';
import { detail, json } from '../schemas/earlier/parts.ts';
import { problemResponses } from '../schemas/problem.ts';
import { operationsOf, type ServingProcess } from './operations.ts';
import { OVERVIEW } from './overview.ts';
import { CONNECTION_RESPONSES, PLACES, type Place } from './shared-parts.ts';

export interface Documented {
  readonly process: ServingProcess;
  readonly release: string;
}

/** As JSON: for whoever shows it, checks it or sends it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [part: string]: unknown;
}

export const TAGS = {
  keys: 'Values under keys, one or several at once.',
  watch: 'What happens to keys, as it happens.',
  locks: 'Held by one at a time, under a fencing token.',
  process: 'What a process tells of itself.',
  documents: 'This document.',
  admin: 'For those who run a replica.',
  'earlier services': 'The routes of five services that this one replaces, as their clients know them.',
} as const;

/**
 * The OpenAPI document of a process: just the routes that it serves, made of the very objects whose schemas ajv enforces. So
 * the two cannot differ, but for what only the document has: names for what is shared, and the refusals that every route has.
 */
export function openApiDocument({ process, release }: Documented): OpenApiDocument {
  const operations = operationsOf(process);
  const writer = new Writer();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const methods = (paths[operation.path] ??= {});
    methods[operation.method] = writer.write(shownOf(operation));
  }
  const tags = new Set(operations.flatMap((operation) => operation.tags));
  return {
    openapi: '3.1.1',
    info: {
      title: `kvstore: ${process}`,
      version: release,
      description: OVERVIEW,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [],
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: writer.components(),
  };
}

function shownOf(operation: Operation): object {
  const { tags, operationId, summary, description, requestBody, responses } = operation;
  // OpenAPI gives this header no place among parameters: its types are those of the body.
  const parameters = operation.parameters.filter(({ name }) => name !== 'Content-Type');
  return {
    tags,
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: merged(responses, refusalsOf(operation)),
  };
}

/** A fault of ours, in the words of the route. */
const INTERNAL = problemResponses('internal');
const INTERNAL_AS_EARLIER = { '500': json(ERRORS.internal.meaning, detail(ERRORS.internal.meaning)) };

const refusalsOf = ({ path }: Operation): Operation['responses'] => ({
  ...CONNECTION_RESPONSES,
  ...(/^\/v1(?:\/|$)/.test(path) ? INTERNAL : INTERNAL_AS_EARLIER),
});

function merged(some: Operation['responses'], others: Operation['responses']): Operation['responses'] {
  const both = Object.entries(others).map(([status, other]): [string, ResponseDescription] => {
    const one = some[status];
    return [status, one === undefined ? other : mergedResponse(one, other)];
  });
  return { ...some, ...Object.fromEntries(both) };
}

function mergedResponse(one: ResponseDescription, other: ResponseDescription): ResponseDescription {
  const content: Record<string, MediaType> = { ...one.content };
  for (const [type, media] of Object.entries(other.content ?? {})) {
    const { examples } = content[type] ?? {};
    content[type] = examples === undefined ? media : { ...media, examples: { ...examples, ...media.examples } };
  }
  const paragraphs = [one, other].flatMap(({ description }) => description.split('\n\n'));
  return {
    description: [...new Set(paragraphs)].join('\n\n'),
    headers: { ...one.headers, ...other.headers },
    content,
  };
}

/** Copies parts, and puts references where what is shared stands. */
class Writer {
  /** Grows while it is read: what is shared may hold what is shared. */
  readonly #used = new Map<object, Place>();

  write(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) return part;
    const place = PLACES.get(part);
    if (place === undefined) return this.#copy(part);
    this.#used.set(part, place);
    return { $ref: `#/components/${place.kind}/${place.name}` };
  }

  components(): Record<string, Record<string, unknown>> {
    const components: Record<string, Record<string, unknown>> = {};
    for (const [part, { kind, name }] of this.#used) (components[kind] ??= {})[name] = this.#copy(part);
    return components;
  }

  #copy(part: object): unknown {
    if (Array.isArray(part)) return part.map((item) => this.write(item));
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, this.write(value)]));
  }
}
