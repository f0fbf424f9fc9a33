/** What the command line of S3 takes, as Python's argparse reads it (S3: reforg/cli.py:61-88). */
export interface ReforgFlags {
  readonly url: string;
  readonly get: string | null;
  readonly put: readonly [string, string] | null;
  readonly watch: string | null;
  readonly intervalMs: number;
}

export type ReforgCall =
  | { readonly kind: 'run'; readonly flags: ReforgFlags }
  | { readonly kind: 'help' }
  | { readonly kind: 'misused'; readonly reason: string };

const OPTIONS = [
  { name: '-h', values: 0 },
  { name: '--help', values: 0 },
  { name: '-url', values: 1 },
  { name: '-get', values: 1 },
  { name: '-put', values: 2 },
  { name: '-watch', values: 1 },
  { name: '-interval', values: 1 },
] as const;

const DEFAULT_URL = 'http://127.0.0.1/api/v1/keys';
const INTERVAL_S_MAX = 2_000_000;

export const REFORG_USAGE = `usage: http client [-h] [-url http_api_url] [-get Key] [-put Key Value]
                   [-watch Key] [-interval seconds]`;

export const REFORG_HELP = `${REFORG_USAGE}

Call HTTP endpoints for a key value store service

options:
  -h, --help         show this help message and exit
  -url http_api_url  Api server url
  -get Key           Retreive key from server, eg: -get a
  -put Key Value     Add key:value to server, eg: -put a b
  -watch Key         Watch key for changes, eg: -watch a
  -interval seconds  Set watch/poll interval for watch option`;

export function reforgCallOf(argv: readonly string[]): ReforgCall {
  const given = new Map<string, readonly string[]>();
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', joined] = isOption(word) ? partsOf(word) : [];
    const option = OPTIONS.find((known) => known.name === name);
    if (option === undefined) return misused(`unrecognized arguments: ${word}`);
    if (option.values === 0) return { kind: 'help' };
    const values = joined === undefined ? rest.splice(0, countOf(rest, option.values)) : [joined];
    if (values.length < option.values) {
      return misused(`argument ${name}: expected ${option.values === 1 ? 'one argument' : '2 arguments'}`);
    }
    given.set(name, values);
  }
  return flagsOf(given);
}

function flagsOf(given: ReadonlyMap<string, readonly string[]>): ReforgCall {
  const one = (name: string): string | null => given.get(name)?.[0] ?? null;
  const interval = one('-interval') ?? '1';
  // Python would find that out after the first request.
  const isWhole = /^\s*\+?\d{1,9}\s*$/.test(interval) && Number(interval) <= INTERVAL_S_MAX;
  if (!isWhole) return misused(`argument -interval: ${interval} is no whole number of seconds up to ${INTERVAL_S_MAX}`);
  const [key, value] = given.get('-put') ?? [];
  const put = key === undefined || value === undefined ? null : ([key, value] as const);
  const [url, intervalMs] = [one('-url') ?? DEFAULT_URL, Number(interval) * 1000];
  // An empty key is as good as none.
  return { kind: 'run', flags: { url, get: one('-get') || null, put, watch: one('-watch') || null, intervalMs } };
}

/** `-g` is enough for `-get`, and `-get=a` says what `-get a` does. */
function partsOf(word: string): readonly [string, string?] {
  const equals = word.indexOf('=');
  const [start, joined] = equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
  const name = OPTIONS.find((known) => known.name === start) ?? OPTIONS.find((known) => known.name.startsWith(start));
  return joined === undefined ? [name?.name ?? start] : [name?.name ?? start, joined];
}

/** A dash alone, a negative number and what has a space in it are values. */
const isOption = (word: string): boolean => /^-[^ ]+$/.test(word) && !/^-\d+$|^-\d*\.\d+$/.test(word);

function countOf(rest: readonly string[], wanted: number): number {
  const at = rest.findIndex(isOption);
  return Math.min(wanted, at < 0 ? rest.length : at);
}

const misused = (reason: string): ReforgCall => ({ kind: 'misused', reason });
