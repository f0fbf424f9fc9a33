import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  /** `stream`, behind the language: a request that goes on while the page does, or what it has told by now. */
  readonly isStream: boolean;
  readonly code: string;
  readonly line: number;
}

/** What a page has its readers do, and what it tells them they will see. */
export interface Step extends Block {
  /** The block of text or JSON right beneath it; null: it is not told. */
  readonly answer: Block | null;
}

export const readPage = (path: string): string => readFileSync(join(root, path), 'utf8');

export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)( stream)?\n([^]*?)^```$/gm)].map((found) => ({
    language: found[1] ?? '',
    isStream: found[2] !== undefined,
    code: found[3] ?? '',
    line: page.slice(0, found.index).split('\n').length,
  }));
}

const ACTIONS = new Set(['sh', 'ts']);
const ANSWERS = new Set(['text', 'json']);

/** The blocks that are run, in their order, each with the answer beneath it; and those that are not. */
export function stepsOf(page: string): { readonly steps: readonly Step[]; readonly others: readonly Block[] } {
  const steps: Step[] = [];
  const others: Block[] = [];
  const blocks = blocksOf(page);
  const ends = (block: Block): number => block.line + block.code.split('\n').length;
  blocks.forEach((block, at) => {
    const before = blocks[at - 1];
    const next = blocks[at + 1];
    const isAnswer = (one: Block, other: Block): boolean =>
      ANSWERS.has(other.language) && !other.isStream && ACTIONS.has(one.language) && other.line - ends(one) <= 2;
    if (block.isStream) steps.push({ ...block, answer: null });
    else if (ACTIONS.has(block.language))
      steps.push({ ...block, answer: next !== undefined && isAnswer(block, next) ? next : null });
    else if (before === undefined || !isAnswer(before, block)) others.push(block);
  });
  return { steps, others };
}

/** Whether what was printed is what the page shows, where … stands for what is another each time; as a line, for any lines, or none. */
export function isShown(block: Block, printed: string): boolean {
  const pattern = spaced(block, block.code)
    .replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\n…(?=\n|$)/g, '(?:\\n[^]*?)?')
    .replaceAll('…', '[^]*?');
  return new RegExp(`^${pattern}$`).test(spaced(block, printed));
}

/** Without empty lines; JSON may be broken into lines as is good to read. */
export function spaced({ language }: Block, text: string): string {
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return language === 'json' ? lines.map((line) => line.trimStart()).join('') : lines.join('\n');
}
