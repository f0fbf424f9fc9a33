/**
 * JSON as the API server sent it. Objects are kept whole, unknown fields included, because what is not sent back in a
 * replace is deleted; so they are read with these instead of through client-node's models, which drop what they do not
 * know. Whatever has not the shape that was asked for counts as absent.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

const EMPTY: JsonObject = Object.freeze({});

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectAt = (parent: JsonObject, name: string): JsonObject => {
  const value = parent[name];
  return isObject(value) ? value : EMPTY;
};

export const objectsAt = (parent: JsonObject, name: string): readonly JsonObject[] => {
  const value = parent[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
};

/** null if it is no text or empty: Go's encoders do not tell the two apart. */
export const textAt = (parent: JsonObject, name: string): string | null => {
  const value = parent[name];
  return typeof value === 'string' && value !== '' ? value : null;
};
