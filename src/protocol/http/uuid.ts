/**
 * UUIDs as pydantic reads them: with hyphens, without any, as a URN or in braces, in either case. What is wrong with
 * others it says in the words of Rust's `uuid` crate, which clients may show, oddities of counting included.
 */
export type UuidText =
  /** `canonical`: lower case, with hyphens. `version` null: of another family than RFC 9562's, which alone has versions. */
  | { readonly kind: 'uuid'; readonly canonical: string; readonly version: number | null }
  | { readonly kind: 'malformed'; readonly reason: string };

/** As nearly all are: 0.5 µs instead of 5, of the 60 that a lookup takes. */
const PLAIN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const WRAPPED = /^(?:\{(?<braced>.*)\}|urn:uuid:(?<urn>.*))$/su;
/** A text of this length is taken for one with hyphens and nothing around it, whatever it holds. */
const HYPHENATED_BYTES = 36;
/** In texts of these, in braces and as a URN, places are counted from behind what stands before the digits. */
const WRAPPED_LENGTHS: readonly number[] = [38, 45];
/** Of a URN; what is longer is not looked at. */
const BYTES_MAX = 45;
const GROUP_LENGTHS = [8, 4, 4, 4, 12] as const;
const LAST_GROUP_BEGIN = 24;

export function readUuid(text: string): UuidText {
  if (PLAIN.test(text)) return uuidOf(text.toLowerCase());
  const bytes = Buffer.byteLength(text);
  if (bytes > BYTES_MAX) return { kind: 'malformed', reason: `invalid length: found ${bytes}` };
  const { braced, urn } = (bytes === HYPHENATED_BYTES ? undefined : WRAPPED.exec(text)?.groups) ?? {};
  const inner = braced ?? urn ?? text;
  const prefix = braced === undefined ? text.length - inner.length : 1;
  const reason = strangerIn(inner, WRAPPED_LENGTHS.includes(bytes) ? 0 : prefix) ?? lengthFault(text, inner);
  if (reason !== null) return { kind: 'malformed', reason };
  const digits = inner.replaceAll('-', '').toLowerCase();
  return uuidOf(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
}

/** The first character that no UUID has, and where it stands. */
function strangerIn(inner: string, offset: number): string | null {
  const characters = Array.from(inner);
  const at = characters.findIndex((character) => !/^[-0-9A-Fa-f]$/.test(character));
  return at === -1 ? null : `invalid character: found \`${characters[at] ?? ''}\` at ${offset + at}`;
}

function lengthFault(text: string, inner: string): string | null {
  const groups = inner.split('-');
  if (groups.length === 1 && inner === text && text.length !== HYPHENATED_BYTES)
    return text.length === 32 ? null : `invalid length: found ${text.length}`;
  if (groups.length !== GROUP_LENGTHS.length) return `invalid group count: expected 5, found ${groups.length}`;
  const wrong = GROUP_LENGTHS.findIndex((expected, at) => groups[at]?.length !== expected);
  if (wrong === -1) return null;
  const isLast = wrong === GROUP_LENGTHS.length - 1;
  const found = isLast ? text.length - LAST_GROUP_BEGIN : groups[wrong]?.length;
  return `invalid group length in group ${wrong}: expected ${String(GROUP_LENGTHS[wrong])}, found ${String(found)}`;
}

function uuidOf(canonical: string): UuidText {
  const version = '89ab'.includes(canonical.charAt(19)) ? Number.parseInt(canonical.charAt(14), 16) : null;
  return { kind: 'uuid', canonical, version };
}
