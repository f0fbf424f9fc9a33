import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from 'eslint';

interface Row {
  /** Folders below src; `*`: any. A folder may always import from itself. */
  readonly may: readonly string[];
  readonly packages: 'none' | 'builtin' | 'any';
  readonly why: string;
}

const sources = resolve(import.meta.dirname, '../src');
const table = JSON.parse(readFileSync(resolve(sources, 'import-table.json'), 'utf8')) as Record<string, Row>;

/** Holds the sources to `src/import-table.json`, which gives the reason for each row. */
export const importTable: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      folder: '{{from}} may import only {{may}}, not {{to}}. {{why}}',
      package: '{{from}} may not import the package {{to}}. {{why}}',
      unlisted: '{{from}} is not in src/import-table.json: say there what it may import, and why.',
    },
  },
  create(context) {
    const from = belowSources(context.filename);
    // Files directly in src (the table's own folder) hold no code of the product.
    if (from === null || !from.includes('/')) return {};
    const entry = rowOf(from);

    const check = (source: { readonly value?: unknown } | null | undefined, node: Rule.Node) => {
      const specifier = source?.value;
      if (typeof specifier !== 'string') return;
      if (entry === null) {
        context.report({ node, messageId: 'unlisted', data: { from: dirname(from) } });
        return;
      }
      const { folder, row } = entry;
      if (!specifier.startsWith('.')) {
        const allowed = row.packages === 'any' || (row.packages === 'builtin' && isBuiltin(specifier));
        if (!allowed)
          context.report({ node, messageId: 'package', data: { from: folder, to: specifier, why: row.why } });
        return;
      }
      const to = belowSources(resolve(dirname(context.filename), specifier));
      if (row.may.includes('*') || (to !== null && [folder, ...row.may].some((allowed) => isBelow(to, allowed))))
        return;
      const may = row.may.join(', ');
      context.report({ node, messageId: 'folder', data: { from: folder, may, to: to ?? specifier, why: row.why } });
    };

    return {
      ImportDeclaration: (node) => check(node.source, node),
      ExportNamedDeclaration: (node) => check(node.source, node),
      ExportAllDeclaration: (node) => check(node.source, node),
      ImportExpression: (node) => check(node.source as { value?: unknown }, node),
    };
  },
};

/** The row for a file: that of its longest listed folder. `adapters/*` is one row for many folders, each its own. */
function rowOf(path: string): { folder: string; row: Row } | null {
  const segments = path.split('/').slice(0, -1);
  for (let length = segments.length; length > 0; length -= 1) {
    const folder = segments.slice(0, length).join('/');
    const row = table[folder] ?? table[[...segments.slice(0, length - 1), '*'].join('/')];
    if (row !== undefined) return { folder, row };
  }
  return null;
}

function belowSources(file: string): string | null {
  const path = relative(sources, file).split(sep).join('/');
  return path.startsWith('..') ? null : path;
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
