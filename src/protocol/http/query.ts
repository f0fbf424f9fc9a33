import { isUtf8 } from 'node:buffer';

/** The two halves of a request's target. `query` is without its question mark and empty if there is none. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

export function splitTarget(url: string): Target {
  const local = url.startsWith('/') ? url : withoutAuthority(url);
  const mark = local.indexOf('?');
  return mark === -1 ? { path: local, query: '' } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

/** Absolute form, as clients send it to a forward proxy: `http://host/path`. */
function withoutAuthority(url: string): string {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/.exec(url);
  const rest = authority === null ? url : url.slice(authority[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Names to values; without a prototype, so that `__proto__` is a name like any other. */
export type QueryValues = Readonly<Record<string, string>>;

export type Query =
  { readonly kind: 'query'; readonly values: QueryValues } | { readonly kind: 'bad'; readonly reason: string };

export const NO_QUERY: QueryValues = Object.freeze(Object.create(null) as Record<string, string>);

/** Strict: a name twice, or a broken escape, is an error rather than a guess. */
export function parseQuery(query: string): Query {
  const values = Object.create(null) as Record<string, string>;
  for (const pair of query.split('&')) {
    if (pair.length === 0) continue;
    const equals = pair.indexOf('=');
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decoded(pair.slice(equals + 1));
    if (name === null) return { kind: 'bad', reason: 'a name in its query is not percent-encoded UTF-8' };
    if (value === null) return { kind: 'bad', reason: `the query parameter ${name} is not percent-encoded UTF-8` };
    if (Object.hasOwn(values, name)) return { kind: 'bad', reason: `the query parameter ${name} is given twice` };
    values[name] = value;
  }
  return { kind: 'query', values };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** As Python reads a query, for the routes of the earlier services: the last of a name counts, broken escapes stay. */
export function lenientQuery(query: string): QueryValues {
  const values = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) values[name] = value;
  return values;
}

/** One parameter of a query, as {@link lenientQuery} reads it, but for bytes that are not UTF-8: those are not replaced. */
export type LenientParameter =
  | { readonly kind: 'missing' }
  | { readonly kind: 'text'; readonly text: string }
  /** `raw`: as it was sent. */
  | { readonly kind: 'bad'; readonly raw: string };

export function lenientParameter(query: string, name: string): LenientParameter {
  for (const pair of query.split('&').reverse()) {
    const equals = pair.indexOf('=');
    const raw = equals === -1 ? '' : pair.slice(equals + 1);
    if (pair === '' || lenientSegment((equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' ')) !== name)
      continue;
    const text = lenientSegment(raw.replaceAll('+', ' '));
    return text === null ? { kind: 'bad', raw } : { kind: 'text', text };
  }
  return { kind: 'missing' };
}

/** A segment of a path as Python reads it: what is no escape stays as it is. null: not UTF-8. */
export function lenientSegment(segment: string): string | null {
  const units = segment.replace(/%([0-9A-Fa-f]{2})/g, (_escape, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  const bytes = Buffer.from(units, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}
