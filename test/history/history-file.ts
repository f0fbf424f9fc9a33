import { readFileSync, writeFileSync } from 'node:fs';
import { type HistoryOperation, reasonAgainst } from './operation.ts';

/** A history that cannot be judged, because a line of it is no operation. */
export class HistoryFormatError extends Error {
  readonly line: number;

  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(`line ${line}: ${reason}`, options);
    this.name = 'HistoryFormatError';
    this.line = line;
  }
}

/** One operation a line, in any order; empty lines are skipped. */
export function parseHistory(text: string): HistoryOperation[] {
  const operations: HistoryOperation[] = [];
  for (const [place, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    operations.push(parseOperation(line, place + 1));
  }
  return operations;
}

function parseOperation(line: string, number: number): HistoryOperation {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new HistoryFormatError(number, 'not JSON', { cause });
  }
  const reason = reasonAgainst(parsed);
  if (reason !== null) throw new HistoryFormatError(number, reason);
  return parsed as HistoryOperation;
}

/** The line without its end. Throws for what could not be read again. */
export function formatOperation(operation: HistoryOperation): string {
  const reason = reasonAgainst(operation);
  if (reason !== null) throw new TypeError(`${reason}: ${JSON.stringify(operation)}`);
  return JSON.stringify(operation);
}

export const formatHistory = (operations: readonly HistoryOperation[]): string =>
  operations.map((operation) => `${formatOperation(operation)}\n`).join('');

export const readHistory = (path: string): HistoryOperation[] => parseHistory(readFileSync(path, 'utf8'));

export const writeHistory = (path: string, operations: readonly HistoryOperation[]): void =>
  writeFileSync(path, formatHistory(operations));
