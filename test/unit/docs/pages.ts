import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** A file of the repository, as text. */
export const page = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Every page that is written for people. */
export function allPages(): readonly string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
}

/** The cells of a table's rows, without its head; the table is known by its first heading cells. */
export function tableOf(text: string, heads: readonly string[]): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const rows: string[][] = [];
  lines.forEach((line, at) => {
    if (!heads.every((head, place) => cellsOf(line)[place] === head)) return;
    for (let row = at + 2; lines[row]?.startsWith('|') === true; row += 1) rows.push(cellsOf(lines[row] ?? ''));
  });
  return rows;
}

/** What stands in backticks. */
export const codesIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
