import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv, type KvOptions } from '../../unit/cli/kv.ts';

jest.setTimeout(60_000);

const program = resolve(import.meta.dirname, '../../../src/main/cli.ts');
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

const at = (argv: readonly string[], options: KvOptions = {}) =>
  kv(argv, { ...options, env: { KV_URL: stage.proxy, ...options.env } });

describe('looking at a cluster', () => {
  test('kv status tells who leads and how the replicas are', async () => {
    const run = await at(['status', '--once', '-o', 'text']);
    expect([run.exitCode, run.notes]).toEqual([0, '']);
    expect(run.out).toMatch(
      /^leader {3}\S+, epoch \d+\nin sync {2}3\nlineage {2}1\.\S+\nkeys {5}0 in \S+ \S+\n\nPOD +STANDING/,
    );
    expect(run.out.match(/ (?:leader|member) +ready /g) ?? run.out).toHaveLength(3);
    expect(JSON.parse((await at(['status', '-o', 'json'])).out)).toMatchObject({
      frozen: false,
      members: { length: 3 },
    });
  });

  test('kv members and kv map name the replicas', async () => {
    const names = (await at(['members'])).out.trimEnd().split('\n');
    expect(names).toHaveLength(3);
    const map = JSON.parse((await at(['map', 'k', '-o', 'json'])).out) as {
      reads: { podName: string }[];
      writes: unknown;
    };
    expect(map.reads.map(({ podName }) => podName).toSorted()).toEqual(names.toSorted());
    expect(map.writes).not.toBeNull();
  });

  test('kv top counts what the replicas do', async () => {
    const run = at(['top', '--once', '--every', '500ms', '-o', 'json']);
    await wait(100);
    for (let n = 0; n < 20; n += 1) await fetch(`${stage.proxy}/v1/keys/top`, { method: 'PUT', body: 'v' });
    const rows = JSON.parse((await run).out) as { requestsPerSecond: number; standing: string }[];
    expect(rows).toHaveLength(3);
    expect(rows.find(({ standing }) => standing === 'leader')?.requestsPerSecond).toBeGreaterThan(0);
  });

  test('kv latency tells percentiles', async () => {
    const run = await at(['latency', '-n', '5', '--interval', '1ms', '-o', 'json']);
    expect(JSON.parse(run.out)).toMatchObject({ write: { count: 5 }, read: { count: 5 } });
    expect(JSON.parse((await at(['latency', '-n', '2', '--read-only', '-o', 'json'])).out)).toMatchObject({
      write: null,
    });
  });

  test('kv bench tells what was done, and leaves nothing behind', async () => {
    const run = await at(['bench', '--duration', '300ms', '--clients', '4', '--reads', '25', '-o', 'json']);
    const result = JSON.parse(run.out) as { requestsPerSecond: number };
    expect([run.exitCode, run.notes, result]).toMatchObject([0, '', { failures: 0 }]);
    expect(result.requestsPerSecond).toBeGreaterThan(10);
    expect((await at(['ls', 'kv-bench/'])).out).toBe('');
  });

  test('kv bench leaves nothing behind after Ctrl-C either', async () => {
    const controller = new AbortController();
    const run = at(['bench', '--duration', '1h'], { signal: controller.signal });
    await wait(500);
    controller.abort(130);
    expect(await run).toMatchObject({ exitCode: 130, out: '' });
    expect((await at(['ls', 'kv-bench/'])).out).toBe('');
  });

  test('kv doctor finds a healthy cluster healthy', async () => {
    const run = await at(['doctor']);
    expect(run.exitCode).toBe(0);
    expect(run.out).toMatch(/^(ok {7}.*\n){7}$/);
    expect(run.out).toContain('All replicas answer, and are ready.');
  });

  test('kv doctor says what to do where nobody answers: 6', async () => {
    const run = await at(['doctor', '-o', 'json'], { env: { KV_URL: 'http://127.0.0.1:1' } });
    expect([run.exitCode, JSON.parse(run.out)]).toMatchObject([
      6,
      [{ level: 'failure', todo: expect.stringContaining('kv context ls') }],
    ]);
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;
// `script` of util-linux opens the pseudo-terminal; other systems have none of it.
const inTerminal = hasScript ? test : test.skip;

describe('in a terminal', () => {
  /** What the screen was sent, and the exit code: Ctrl-C, or what is given, is typed once that is to be seen, or never. */
  async function typed(
    command: string,
    isSeen: (screen: string) => boolean,
    env: Readonly<Record<string, string>> = {},
    keys = '\u0003',
  ): Promise<{ readonly screen: string; readonly code: number | null }> {
    const line = `${process.execPath} --disable-warning=ExperimentalWarning ${program} ${command}`;
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', KV_URL: stage.proxy, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let screen = '';
    let isTyped = false;
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      if (isTyped || !isSeen(screen)) return;
      isTyped = true;
      child.stdin.write(keys);
    });
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { screen, code };
  }

  inTerminal.each(['status', 'top'])(
    'kv %s is drawn again and again until Ctrl-C, and the screen is given back',
    async (command) => {
      const { screen, code } = await typed(`${command} --every 100ms`, (shown) => shown.split('\u001b[H').length > 4);
      expect(code).toBe(130);
      expect(screen.split('\u001b[H').length).toBeGreaterThan(3);
      expect(screen).toContain('Ctrl-C ends');
      expect(screen).toContain('STANDING');
      expect(screen.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    },
  );

  inTerminal('kv status goes on while nobody answers, and says so', async () => {
    const { screen, code } = await typed(
      'status --every 100ms --timeout 300ms',
      (shown) => shown.includes('no answer'),
      {
        KV_URL: 'http://127.0.0.1:1',
      },
    );
    expect([code, screen]).toEqual([130, expect.stringContaining('no answer')]);
  });

  inTerminal('colours are for those who want them', async () => {
    expect((await typed('doctor', () => false)).screen).toContain('\u001b[32mok');
    expect((await typed('doctor', () => false, { NO_COLOR: '1' })).screen).not.toContain('\u001b[3');
    // An empty one is as good as none: https://no-color.org.
    expect((await typed('doctor', () => false, { NO_COLOR: '' })).screen).toContain('\u001b[32mok');
  });

  inTerminal('a question that is answered by Ctrl-D or by Ctrl-C is one with no', async () => {
    await at(['put', 'asked/1', 'v']);
    const asked = (screen: string) => screen.includes('Type yes: ');
    const { screen, code } = await typed('del --prefix asked/', asked, {}, '\u0004');
    expect([code, screen]).toEqual([1, expect.stringContaining('kv: Nothing was deleted.')]);
    expect((await typed('del --prefix asked/', asked)).code).toBe(130);
    expect((await at(['get', 'asked/1'])).out).toBe('v');
  });

  inTerminal('a value is shown to people', async () => {
    await at(['put', 'shown', 'a\u001b]0;title\u0007']);
    expect((await typed('get shown', () => false)).screen).toBe('a\\x1b]0;title\\x07\r\n');
  });
});
