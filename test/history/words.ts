import type { HistoryOperation } from './operation.ts';

/** An operation in one line, as in `client 3: cas k, expects 57, "v9" -> ok, revision 60 (812345..812990)`. */
export function wordsOf(operation: HistoryOperation): string {
  const { client, start, end } = operation;
  return `client ${client}: ${deedOf(operation)} (${start}..${end ?? ''})`;
}

/** The same without client and times. */
export function deedOf(operation: HistoryOperation): string {
  const { op, key, value, expect, outcome, by } = operation;
  const condition = expect === null ? '' : ` if at ${expect}`;
  const mode = op === 'get' ? ` ${operation.mode ?? operation.consistency ?? 'in another mode'}` : '';
  const asked =
    op === 'incr' ? ` by ${by ?? 1}` : op === 'get' || op === 'delete' || value === null ? '' : ` ${quoted(value)}`;
  return `${op} ${key}${asked}${condition}${mode} -> ${outcome === 'ok' ? resultOf(operation) : refusalOf(operation)}`;
}

function resultOf({ op, value, revision }: HistoryOperation): string {
  const at = revision === null ? '' : ` at ${revision}`;
  switch (op) {
    case 'get':
      return value === null ? 'no value' : `${quoted(value)}${at}`;
    case 'delete':
      return revision === null ? 'there was none' : `ok${at}`;
    case 'incr':
      return `${value ?? ''}${at}`;
    case 'put':
    case 'create':
    case 'cas':
      return `ok${at}`;
  }
}

const refusalOf = ({ outcome, revision }: HistoryOperation): string =>
  revision === null ? outcome : `${outcome}, there stands ${revision}`;

const LENGTH_MAX = 40;

/** Values can be long, and what they begin with tells them apart well enough. */
export const quoted = (value: string | null): string =>
  value === null
    ? 'no value'
    : JSON.stringify(value.length > LENGTH_MAX ? `${value.slice(0, LENGTH_MAX)}…(${value.length} characters)` : value);
