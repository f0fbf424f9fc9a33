import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Installation } from '../../measure/installation.ts';
import { Consumer, promisedBy } from '../client/package.ts';
import { isShown, readPage, spaced, stepsOf, type Step } from './blocks.ts';
import { NOT_RUN } from './not-run.ts';
import { failuresIn, isFailure, Shell } from './shell.ts';

jest.setTimeout(60_000);

/**
 * The pages that tell what to do, done: each command and each program on them, in their order, against a store as
 * `./run.sh local` starts it. What a page shows beneath a block is what the block prints; a command that the page lets fail has the status
 * or the exit code in a comment, and no other fails.
 */
const GUIDES = readdirSync(resolve(import.meta.dirname, '../../../docs/guides')).map((name) =>
  join('docs/guides', name),
);
const PAGES = ['README.md', ...GUIDES];
const URL_ON_PAGES = 'http://127.0.0.1:8001';
const URL_OF_A_KVSTORE = 'http://127.0.0.1:8000';

let installation: Installation;
let consumer: Consumer;
let url: string;
/** The JavaScript of each program, by its page and line. */
const programs = new Map<string, string>();

beforeAll(async () => {
  consumer = new Consumer();
  installation = await Installation.start({});
  url = installation.cluster.proxies[0]?.url ?? '';
  for (const path of PAGES) {
    for (const { language, code, line } of stepsOf(readPage(path)).steps) {
      if (language !== 'ts') continue;
      const name = `${path.replaceAll(/\W/g, '-')}-${line}`;
      consumer.write(`${name}.ts`, code.replaceAll(URL_ON_PAGES, url));
      programs.set(`${path}:${line}`, name);
    }
  }
  consumer.compile([...programs.values()].map((name) => `${name}.ts`));
});

afterAll(async () => {
  consumer.end();
  await installation.end();
});

/** Each page begins with an empty store. */
beforeEach(async () => {
  const all = `${url}/v1/keys?all=true`;
  for (let count = 0; ;) {
    const response = await fetch(`${all}&expect=${count}`, { method: 'DELETE' });
    if (response.status === 200) return;
    // There are so many; or were, for some of them may go by themselves at this moment.
    ({ count } = (await response.json()) as { count: number });
  }
});

test.each(PAGES.filter((path) => stepsOf(readPage(path)).steps.length > 0))('%s', async (path) => {
  const shell = new Shell(url);
  try {
    for (const step of stepsOf(readPage(path)).steps) {
      const seen = step.language === 'ts' ? ranProgram(path, step) : await seenInShell(shell, step);
      expect({ line: step.line, ...seen }).toEqual({ line: step.line, ...NOTHING_ELSE });
    }
  } finally {
    shell.end();
  }
});

/** Made of examples, of which each is for itself: what is answered depends on what there is, but it is what the page tells of the route. */
test('docs/reference/http.md', async () => {
  const page = readPage('docs/reference/http.md');
  const shell = new Shell(url);
  try {
    for (const section of page.split(/^### /m).slice(1)) {
      const told = new Set([...section.matchAll(/^\| (\d{3})\b/gm)].map(([, status = '']) => status));
      for (const step of stepsOf(section).steps.filter(({ language }) => language === 'sh')) {
        const code = onThisStore(step.code);
        if (step.isStream) await shell.stream(code);
        else {
          const { outcomes } = await shell.run(`${code.trim()} -o /dev/null`);
          const untold = outcomes.filter((status) => status === '400' || !told.has(status));
          expect([code, outcomes.length, untold]).toEqual([code, 1, []]);
        }
      }
    }
  } finally {
    shell.end();
  }
});

describe('what is not run', () => {
  test.each(PAGES)('%s', (path) => {
    const counts: Record<string, number> = {};
    for (const { language } of stepsOf(readPage(path)).others) counts[language] = (counts[language] ?? 0) + 1;
    const known = NOT_RUN.filter(({ page }) => page === path).map(({ language, blocks }) => [language, blocks]);
    expect(counts).toEqual(Object.fromEntries(known));
  });
});

/** What was seen beside what the page shows. */
interface Seen {
  readonly otherOutput: string | null;
  readonly otherFailures: readonly string[] | null;
  readonly complaints: string;
}

const NOTHING_ELSE: Seen = { otherOutput: null, otherFailures: null, complaints: '' };

function ranProgram(path: string, { code, line }: Step): Seen {
  const printed = consumer.run(process.execPath, `${programs.get(`${path}:${line}`) ?? ''}.js`);
  return { ...NOTHING_ELSE, otherOutput: printed === promisedBy(code) ? null : printed };
}

const onThisStore = (code: string): string =>
  code
    .replaceAll(URL_ON_PAGES, url)
    .replaceAll(URL_OF_A_KVSTORE, `http://127.0.0.1:${installation.pods[0]?.httpPort ?? 0}`)
    .replaceAll('./run.sh kv ', 'kv ');

async function seenInShell(shell: Shell, step: Step): Promise<Seen> {
  const code = onThisStore(step.code);
  if (step.isStream && step.language === 'sh') {
    await shell.stream(code);
    return NOTHING_ELSE;
  }
  if (step.isStream) {
    const told = await shell.told((text) => isShown(step, text));
    return { ...NOTHING_ELSE, otherOutput: isShown(step, told) ? null : spaced(step, told) };
  }
  const { out, outcomes, complaints } = await shell.run(code);
  const failures = outcomes.filter(isFailure);
  const { answer } = step;
  return {
    otherOutput: answer === null || isShown(answer, out) ? null : spaced(answer, out),
    otherFailures: String(failures) === String(failuresIn(code)) ? null : failures,
    complaints,
  };
}
