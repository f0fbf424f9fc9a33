/**
 * What a route takes and gives, in the words of OpenAPI 3.1: these objects are shown in the OpenAPI document as they
 * are, and ajv enforces their schemas as they are.
 */
export interface Operation {
  readonly method: 'get' | 'head' | 'put' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  /** Missing: a kvstore and the proxy. */
  readonly servedBy?: 'kvstore' | 'proxy';
  readonly parameters: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly responses: Readonly<Record<string, ResponseDescription>>;
  /** Requests that `docs/reference/http.md` shows. Missing: the plain one. */
  readonly samples?: readonly Sample[];
}

/** A request with all that is required, and some of what is not. */
export interface Sample {
  /** Names of parameters, each with its example. */
  readonly with?: readonly string[];
  readonly withoutBody?: true;
  /** Which answer is shown: of this type, asked for unless parameters lead to it. @default 'first' */
  readonly answer?: 'first' | 'none' | { readonly type: string; readonly isAskedFor: boolean };
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  /** What the value must be; ends the text of the error if it is not. */
  readonly description: string;
  readonly schema: JsonSchema;
  /** There unless nothing is what the schema takes. */
  readonly example?: string;
}

export interface RequestBody {
  readonly required: boolean;
  readonly description?: string;
  readonly content: Readonly<Record<string, MediaType>>;
}

export interface ResponseDescription {
  readonly description: string;
  readonly headers?: HeadersOut;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export type HeadersOut = Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;

/** One of the two kinds of examples. */
export interface MediaType {
  readonly schema: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** The same, told by HEAD: status and headers without the body. */
export const headOf = (operation: Operation, operationId: string): Operation => ({
  ...operation,
  method: 'head',
  operationId,
  summary: `${operation.summary}: the headers alone`,
});

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>;
