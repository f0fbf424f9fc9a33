import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { kv } from '../../unit/cli/kv.ts';

/** Each script is run by the shell that it is for; where that is not installed the test says so. */
jest.setTimeout(60_000);

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const nameOf = (shell: string, isThere: boolean): string =>
  isThere ? `completion works in ${shell}` : `completion works in ${shell}: not installed here, not tried`;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kv-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { exitCode, out } = await kv(['completion', shell]);
    expect(exitCode).toBe(0);
    writeFileSync(join(folder, shell), out);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is typed, and what can follow. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['kv con', ['context']],
  ['kv context u', ['use']],
  ['kv put k --if', ['--if-match', '--if-absent']],
  ['kv history k --val', ['--values']],
  ['kv admin recover --rep', ['--replica']],
  ['kv get k -o js', ['json', 'jsonl']],
  ['kv import --format u', ['uuid-lines']],
  ['kv completion f', ['fish']],
];

test(nameOf('bash', true), () => {
  const lines = CASES.map(
    ([typed]) => `COMP_WORDS=(${typed}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _kv; echo "\${COMPREPLY[*]-}"`,
  );
  const script = `set -u; source ${join(folder, 'bash')}; ${lines.join('; ')}`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: folder });
  expect([stdout.trimEnd().split('\n'), stderr]).toEqual([CASES.map(([, words]) => words.join(' ')), '']);
});

const hasFish = has('fish');
(hasFish ? test : test.skip)(nameOf('fish', hasFish), () => {
  const lines = CASES.map(([typed]) => `echo (complete -C '${typed}' | string split -f 1 \\t | string join ' ')`);
  const script = `source ${join(folder, 'fish')}\n${lines.join('\n')}`;
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const { stdout, stderr } = spawnSync('fish', ['-N', '-c', script], { encoding: 'utf8', cwd: folder, env });
  const sorted = (words: readonly string[]): string => words.toSorted().join(' ');
  expect([
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => sorted(line.split(' '))),
    stderr,
  ]).toEqual([CASES.map(([, words]) => sorted(words)), '']);
});

// A terminal, in which a person presses the tabulator: zsh completes nowhere else.
const hasZsh = has('zsh') && has('script');
(hasZsh ? test : test.skip)(nameOf('zsh', hasZsh), async () => {
  const shell = spawn('script', ['-qefc', 'zsh -f -i', '/dev/null'], {
    cwd: folder,
    env: { ...process.env, TERM: 'dumb', HOME: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  shell.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const typing = [
    `autoload -Uz compinit; compinit -D -u; source ${join(folder, 'zsh')}`,
    'kv() { print -r -- "<$*>" }',
    // Of several the tabulator completes what they have in common.
    ...CASES.map(([typed]) => `${typed}\t`),
    'exit',
  ];
  shell.stdin.write(typing.map((line) => `${line}\n`).join(''));
  await new Promise((done) => shell.on('close', done));
  const ran = [...screen.matchAll(/^<(.*)>\r?$/gm)].map(([, words]) => words);
  expect(ran).toEqual(CASES.map(([typed, words]) => [...typed.split(' ').slice(1, -1), commonOf(words)].join(' ')));
});

function commonOf([first = '', ...others]: readonly string[]): string {
  let common = first;
  while (!others.every((word) => word.startsWith(common))) common = common.slice(0, -1);
  return common;
}
