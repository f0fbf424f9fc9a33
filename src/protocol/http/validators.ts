import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

import type { JsonSchema, Operation, Parameter } from './operation.ts';
import { NO_QUERY, type QueryValues } from './query.ts';

/** The compiled schemas of one operation. Each returns null if its input is as the schema says, else what is wrong. */
export interface Validator {
  /** Unknown names are refused. */
  query(values: QueryValues): string | null;
  /** Headers as Node gives them, names in lower case; unknown ones are none of our business. */
  headers(headers: Readonly<Record<string, string | string[] | undefined>>): string | null;
}

/**
 * `allErrors`, for answers that list everything; schemas are ours, so that nobody can make the list long. That they are
 * schemas is held by a test: to check it here would compile the meta-schemas, a quarter of the time that a process needs
 * to start, while others wait for it.
 */
const createAjv = (errors: 'first' | 'all'): Ajv2020 =>
  new Ajv2020({
    strict: true,
    meta: false,
    validateSchema: false,
    allErrors: errors === 'all',
    verbose: true,
  });

const ajvs = { first: lazily(() => createAjv('first')), all: lazily(() => createAjv('all')) } as const;

/** Compiled when it is first asked: all operations together took a third of a process's start, and most wait for their first request for long. */
export function compileOperation(operation: Operation): Validator {
  const compiled = lazily((): Validator => {
    const query = compileParameters(operation, 'query', (name) => name, { additionalProperties: false });
    const headers = compileParameters(operation, 'header', (name) => name.toLowerCase(), {});
    const wrongQuery = (values: QueryValues): string | null =>
      query.validate(values) ? null : query.explain(query.validate.errors);
    // Found out once: most requests have none.
    const withoutQuery = wrongQuery(NO_QUERY);
    return {
      query: (values) => (values === NO_QUERY ? withoutQuery : wrongQuery(values)),
      headers: (values) => (headers.validate(values) ? null : headers.explain(headers.validate.errors)),
    };
  });
  return { query: (values) => compiled().query(values), headers: (values) => compiled().headers(values) };
}

/**
 * A JSON body; compiled when it is first asked. `all`: with every error that it has, which is for schemas without lists only: a client
 * could make that list long.
 */
export function compileBody(schema: JsonSchema, errors: 'first' | 'all'): (body: unknown) => readonly ErrorObject[] {
  const compiled = lazily(() => ajvs[errors]().compile(schema));
  return (body) => {
    const validate = compiled();
    return validate(body) ? [] : (validate.errors ?? []);
  };
}

/** What `make` gives, made when it is first asked for. */
function lazily<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

function compileParameters(
  operation: Operation,
  place: 'query' | 'header',
  nameOf: (name: string) => string,
  rest: JsonSchema,
): { validate: ValidateFunction; explain: (errors: ValidateFunction['errors']) => string } {
  const parameters = new Map<string, Parameter>();
  for (const parameter of operation.parameters)
    if (parameter.in === place) parameters.set(nameOf(parameter.name), parameter);
  const validate = ajvs.first().compile({
    type: 'object',
    properties: Object.fromEntries([...parameters].map(([name, parameter]) => [name, parameter.schema])),
    required: [...parameters].filter(([, parameter]) => parameter.required).map(([name]) => name),
    ...rest,
  });
  const kind = place === 'query' ? 'query parameter' : 'header';
  const explain = (errors: ValidateFunction['errors']): string => {
    const error = errors?.[0];
    if (error?.keyword === 'additionalProperties') {
      const known = [...parameters.values()].map((parameter) => parameter.name).join(', ');
      const takes = known === '' ? 'none' : `only ${known}`;
      return `The ${kind} ${JSON.stringify(error.params['additionalProperty'])} is not known here; this route takes ${takes}.`;
    }
    const name =
      error?.keyword === 'required' ? String(error.params['missingProperty']) : (error?.instancePath.slice(1) ?? '');
    const parameter = parameters.get(name);
    if (parameter === undefined) return `The ${kind}s are not what the route takes.`;
    return `The ${kind} ${parameter.name} must be ${parameter.description}.`;
  };
  return { validate, explain };
}
