import { parentPort } from 'node:worker_threads';
import type { Configuration } from './configurations.ts';
import type { Identity } from './replicas.ts';
import { openCore } from './visible-core.ts';

/** What two searches of one small configuration have reached, by what the states hold. */
export interface Comparison {
  /** States of the search that takes two replicas for one if all that they hold is the same. */
  readonly byContent: number;
  /** States of the search that takes them for one only if they were fed the same. */
  readonly byHistory: number;
  /** Contents that only one of the two has reached. */
  readonly onlyByContent: number;
  readonly onlyByHistory: number;
}

openCore(null);
const { Space } = await import('./space.ts');
const { configuration } = await import('./configurations.ts');

const crash = configuration('crash');
const small: Configuration = {
  ...crash,
  symmetry: 'off',
  budget: { ...crash.budget, writes: 1, repeats: 0 },
};

const byContent = reach('content');
const byHistory = reach('history');
parentPort?.postMessage({
  byContent: byContent.states,
  byHistory: byHistory.states,
  onlyByContent: missing(byContent.contents, byHistory.contents),
  onlyByHistory: missing(byHistory.contents, byContent.contents),
} satisfies Comparison);

function reach(identity: Identity): { readonly states: number; readonly contents: Set<string> } {
  const space = new Space(small, identity);
  const root = space.root();
  const states = new Set([String(space.hash(root))]);
  const contents = new Set([String(space.contentHash(root))]);
  for (let due = [root]; due.length > 0;) {
    const next = [];
    for (const state of due) {
      for (const choice of space.choices(state)) {
        const reached = space.apply(state, choice).state;
        const name = String(space.hash(reached));
        if (states.has(name)) continue;
        states.add(name);
        contents.add(String(space.contentHash(reached)));
        next.push(reached);
      }
    }
    due = next;
  }
  return { states: states.size, contents };
}

function missing(of: ReadonlySet<string>, from: ReadonlySet<string>): number {
  let count = 0;
  for (const content of of) if (!from.has(content)) count += 1;
  return count;
}
