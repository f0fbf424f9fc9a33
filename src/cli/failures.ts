import { isKvError, type KvError } from '../client/index.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit-code.ts';

/** How a command ends that the store has refused, or that did not reach it. */
export function failureOf(error: KvError): CommandFailure {
  const unknown = error.outcome === 'unknown' ? ' Whether it was done is unknown: look before you do it again.' : '';
  return new CommandFailure(exitCodeOf(error), `${error.detail}${unknown}${adviceOn(error)}`);
}

const CODES: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  409: EXIT.precondition,
  412: EXIT.precondition,
  429: EXIT.unavailable,
  502: EXIT.unavailable,
  503: EXIT.unavailable,
  504: EXIT.unavailable,
  507: EXIT.unavailable,
};

/** `compacted`: of a version that was asked for, for watches say more. */
const NOT_THERE: readonly string[] = ['no-key', 'no-lock', 'no-version', 'compacted'];

export function exitCodeOf({ code, status }: Pick<KvError, 'code' | 'status'>): ExitCode {
  if (NOT_THERE.includes(code)) return EXIT.noSuchKey;
  if (code === 'unreachable' || code === 'timeout') return EXIT.unavailable;
  // Found before it was sent: the store would have said 400.
  if (code === 'bad-key') return EXIT.usage;
  return CODES[status ?? 0] ?? EXIT.error;
}

/** The store's own errors end with advice; those of this side know nothing of a command line. */
function adviceOn({ code, status }: KvError): string {
  if (code === 'unreachable' || code === 'timeout') {
    return ' Is the store running, and is this its address? --url, KV_URL or a context says where it is; kv doctor looks closer.';
  }
  if (status === 401 || status === 403) return ' KV_TOKEN, or a context, holds the token that is sent.';
  return '';
}

/** In words: Node's own are of calls and codes. */
export function reasonOf(error: unknown): string {
  if (isKvError(error)) return error.detail;
  const { code = '', message = String(error) } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return FILE_REASONS[code] ?? message;
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it is not allowed',
  EPERM: 'it is not allowed',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'no space is left',
};
