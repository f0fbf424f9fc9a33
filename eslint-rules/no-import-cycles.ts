import { readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Rule } from 'eslint';
import ts from 'typescript';

interface Imports {
  readonly changedMs: number;
  readonly files: readonly string[];
}

/**
 * Forbids import cycles, those of types included: two files that need each other to be understood are one concept.
 * Our own, because imports here are plain relative paths that end in `.ts`; general rules resolve and parse anew.
 */
export const noImportCycles: Rule.RuleModule = {
  meta: { type: 'problem', schema: [], messages: { cycle: 'Import cycle: {{path}}' } },
  create: (context) => ({
    ImportDeclaration(node) {
      const specifier = node.source.value;
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const path = pathBetween(resolve(dirname(context.filename), specifier), context.filename);
      if (path === null) return;
      const names = [context.filename, ...path].map((file) => relative(context.cwd, file));
      context.report({ node, messageId: 'cycle', data: { path: names.join(' → ') } });
    },
  }),
};

/** Kept between files of one run, and in an editor's long one: hence the check of the time of change. */
const known = new Map<string, Imports>();

/** The shortest way from one file to another along imports; null if there is none. */
function pathBetween(from: string, to: string): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const path: string[] = [];
      for (let at: string | null = file; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at);
      return path;
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return null;
}

function importsOf(file: string): readonly string[] {
  const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (changedMs === undefined || !file.endsWith('.ts')) return [];
  const before = known.get(file);
  if (before?.changedMs === changedMs) return before.files;
  const files = ts
    .preProcessFile(readFileSync(file, 'utf8'), true, false)
    .importedFiles.map((imported) => imported.fileName)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolve(dirname(file), specifier));
  known.set(file, { changedMs, files });
  return files;
}
