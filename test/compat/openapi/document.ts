/** The document as it is served: what is looked at here is read from the JSON, not from our sources. */

export type Json = Readonly<Record<string, unknown>>;

export interface ShownMedia {
  readonly schema: Json;
  readonly example?: unknown;
}

export interface ShownParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Json;
  readonly example?: string;
}

export interface ShownResponse {
  readonly headers?: Readonly<Record<string, { readonly schema: Json }>>;
  readonly content?: Readonly<Record<string, ShownMedia>>;
}

export interface ShownOperation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly ShownParameter[];
  readonly body: { readonly type: string; readonly media: ShownMedia } | null;
  readonly responses: Readonly<Record<string, ShownResponse>>;
}

export function operationsIn(document: Json): ShownOperation[] {
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(document, path, method, operation)),
  );
}

function operationOf(document: Json, path: string, method: string, operation: Json): ShownOperation {
  const { operationId, tags, parameters = [], requestBody, responses } = operation;
  const body = requestBody as { content: Readonly<Record<string, ShownMedia>> } | undefined;
  const [[type, media] = []] = Object.entries(body?.content ?? {});
  return {
    method: method.toUpperCase(),
    path,
    operationId: operationId as string,
    tags: tags as string[],
    parameters: (parameters as Json[]).map((parameter) => resolved(document, parameter) as unknown as ShownParameter),
    body: type === undefined || media === undefined ? null : { type, media },
    responses: Object.fromEntries(
      Object.entries(responses as Readonly<Record<string, Json>>).map(([status, response]) => {
        const { headers = {}, ...rest } = resolved(document, response) as ShownResponse;
        const shown = Object.entries(headers).map(([name, header]) => [
          name.toLowerCase(),
          resolved(document, header as unknown as Json),
        ]);
        return [status, { ...rest, headers: Object.fromEntries(shown) as NonNullable<ShownResponse['headers']> }];
      }),
    ),
  };
}

/** The part itself, or what it refers to. */
function resolved(document: Json, part: Json): Json {
  const reference = part['$ref'];
  if (typeof reference !== 'string') return part;
  const names = reference.split('/').slice(1);
  return names.reduce<unknown>((whole, name) => (whole as Json)[name], document) as Json;
}
