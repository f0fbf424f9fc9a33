import { registerHooks } from 'node:module';
import ts from 'typescript';
import { applyPatches, type Mutant } from '../simulation/mutants/mutant.ts';

const CORE = new URL('../../src/core/', import.meta.url).href;

/** What private names begin with in this build: nothing in the core does. */
export const VISIBLE = '__';

/** What the runner of an errand is told at each of its steps: where the errand stands, and how to read its locals. */
export const AT = `${VISIBLE}at`;

/**
 * From here on this thread loads the core so that a state can be compared as a whole: its private fields are open (`#log`
 * becomes `__log`), an errand tells at each `yield` where it stands, and the patches of a mutant, if there is one, are
 * applied. Nothing else changes, and nothing of it is known to the sources. It has to be called before the first import of the core, so
 * whatever uses it imports the rest afterwards.
 */
export function openCore(mutant: Mutant | null): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.startsWith(CORE)) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      const patched = mutant === null ? source : applyPatches(mutant, url.slice(CORE.length), source);
      return { ...loaded, source: openErrands(openPrivates(patched)) };
    },
  });
}

/** The core writes `#` for private names only; a text that it says to people has none. */
export const openPrivates = (source: string): string => source.replace(/#(?=[a-zA-Z])/g, VISIBLE);

/**
 * What a suspended generator holds cannot be seen from outside. So each `yield` in a method that is an errand also hands over the locals
 * that are in scope there, each as a function that reads it.
 */
export function openErrands(source: string): string {
  const file = ts.createSourceFile('core.ts', source, ts.ScriptTarget.Latest, true);
  const inserts: { readonly at: number; readonly text: string }[] = [];
  const visit = (node: ts.Node, method: string | null, scopes: readonly ts.Node[]): void => {
    if (ts.isMethodDeclaration(node)) {
      // Other generators are run to their end within a turn.
      const isErrand = node.asteriskToken !== undefined && node.type?.getText().startsWith('Errand<') === true;
      const name = isErrand ? node.name.getText() : null;
      ts.forEachChild(node, (child) => visit(child, name, [node]));
      return;
    }
    if (ts.isFunctionLike(node)) {
      ts.forEachChild(node, (child) => visit(child, null, []));
      return;
    }
    if (ts.isYieldExpression(node) && method !== null && node.expression !== undefined) {
      const names = [...new Set(scopes.flatMap(declaredIn))];
      const locals = names.map((local) => `${local}: () => ${local}`).join(', ');
      const place = `'${method} ${node.getStart()}'`;
      inserts.push({ at: node.expression.getStart(), text: `this.${VISIBLE}runner.${AT}(${place}, { ${locals} }, ` });
      inserts.push({ at: node.expression.getEnd(), text: ')' });
    }
    const inner = ts.isBlock(node) || ts.isForOfStatement(node) || ts.isForStatement(node) ? [...scopes, node] : scopes;
    ts.forEachChild(node, (child) => visit(child, method, inner));
  };
  visit(file, null, []);
  let opened = source;
  for (const { at, text } of inserts.sort((a, b) => b.at - a.at))
    opened = opened.slice(0, at) + text + opened.slice(at);
  return opened;
}

/** The names that a method's parameters, or the statements of just this block, declare. */
function declaredIn(scope: ts.Node): string[] {
  const names: string[] = [];
  const collect = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) collect(element.name);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) || ts.isParameter(node)) collect(node.name);
    else if (!ts.isBlock(node) && !ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(scope, visit);
  return names;
}
