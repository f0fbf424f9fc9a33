import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { HEADER_TEXT } from './arguments.ts';
import { CONSISTENCIES, isConsistency } from './consistency.ts';
import { CommandFailure, EXIT } from './exit-code.ts';
import { reasonOf } from './failures.ts';
import type { Terminal } from './terminal.ts';
import { bytesText } from './text.ts';
import { checkedUrl } from './urls.ts';

/** A store by a name: where it is, and how it is spoken to. */
export interface Context {
  readonly url: readonly string[];
  readonly token?: string;
  readonly consistency?: string;
}

export interface Contexts {
  /** null: none is in use. */
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, Context>>;
}

const NONE: Contexts = { current: null, contexts: {} };
/** Tokens are in it. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;
const FILE_BYTES_MAX = 1024 * 1024;
export const CONTEXT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function contextsFile(env: Terminal['env']): string {
  const named = env['KV_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const base = env['XDG_CONFIG_HOME'];
  return join(
    base !== undefined && base !== '' ? base : join(env['HOME'] ?? homedir(), '.config'),
    'kv',
    'contexts.json',
  );
}

/** What the file says; nothing where there is none. */
export function readContexts(terminal: Pick<Terminal, 'env' | 'note'>): Contexts {
  const path = contextsFile(terminal.env);
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${bytesText(FILE_BYTES_MAX)}`);
    text = readFileSync(path, 'utf8');
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0 && text.includes('"token"')) {
      terminal.note(`kv: others may read the tokens in ${path}: chmod 600 ${path}`);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return NONE;
    throw new CommandFailure(
      EXIT.error,
      `${path} cannot be read: ${reasonOf(error)}. KV_CONFIG may name another file.`,
    );
  }
  const contexts = parse(text);
  if (typeof contexts === 'object') return contexts;
  throw new CommandFailure(
    EXIT.error,
    `${path} is no file of contexts: ${contexts}. Correct it, or move it away and make them anew with kv context set.`,
  );
}

/** Whole or not at all, and for nobody else to read. */
export function writeContexts(env: Terminal['env'], contexts: Contexts): void {
  const path = contextsFile(env);
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    writeFileSync(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: FILE_MODE });
    chmodSync(draft, FILE_MODE);
    renameSync(draft, path);
  } catch (error) {
    discard(draft);
    throw new CommandFailure(
      EXIT.error,
      `${path} cannot be written: ${reasonOf(error)}. KV_CONFIG may name another file; KV_URL and KV_TOKEN do without one.`,
    );
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // It was never there.
  }
}

/** Or what is wrong with it. */
function parse(text: string): Contexts | string {
  let body: { readonly current?: unknown; readonly contexts?: unknown } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch (error) {
    return (error as Error).message;
  }
  const { current = null, contexts } = body ?? {};
  if (typeof contexts !== 'object' || contexts === null) return 'it has no "contexts"';
  if (current !== null && typeof current !== 'string') return '"current" is no name';
  for (const [name, context] of Object.entries(contexts as Record<string, Partial<Context> | null>)) {
    const fault = faultIn(context);
    if (fault !== null) return `in ${JSON.stringify(name)} ${fault}`;
  }
  return { current, contexts: contexts as Contexts['contexts'] };
}

function faultIn(context: Partial<Record<keyof Context, unknown>> | null): string | null {
  const { url, token, consistency } = context ?? {};
  const isList = Array.isArray(url) && url.length > 0;
  if (!isList || !url.every((one) => typeof one === 'string' && typeof checkedUrl(one) === 'object')) {
    return '"url" is no list of addresses such as "http://kv.example:8001"';
  }
  if (token !== undefined && (typeof token !== 'string' || !HEADER_TEXT.test(token))) return '"token" cannot be sent';
  if (consistency !== undefined && !isConsistency(consistency))
    return `"consistency" is none of ${CONSISTENCIES.join(', ')}`;
  return null;
}
