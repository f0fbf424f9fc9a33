import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runReforg } from '../../../src/cli/reforg.ts';
import { Stage } from '../../compat/stage.ts';
import { around, type KvOptions } from '../../unit/cli/kv.ts';

/** S3's own command line; what is expected is what its code prints (reforg/cli.py, reforg/http_client.py). */
let stage: Stage;
let url: string;

beforeAll(async () => {
  stage = await Stage.open();
  url = `${stage.proxy}/api/v1/keys`;
});

afterAll(() => stage.close());

const reforg = (argv: readonly string[], options: KvOptions = {}) =>
  around((terminal) => runReforg(argv, terminal), options);

describe('S3: reads, writes and watches', () => {
  test('cli.py:32-34, a write prints nothing; cli.py:27-30, a read prints a dict', async () => {
    expect(await reforg(['-url', url, '-put', 'a', 'b'])).toMatchObject({ exitCode: 0, out: '', notes: '' });
    expect(await reforg(['-url', url, '-get', 'a'])).toMatchObject({
      exitCode: 0,
      out: "{'key': 'a', 'value': 'b'}\n",
      notes: '',
    });
  });

  test('cli.py:27-34, a read comes before a write of the same call, whatever the order of the flags', async () => {
    await reforg(['-url', url, '-put', 'order', 'old']);
    const run = await reforg(['-put', 'order', 'new', '-get', 'order', '-url', url]);
    expect(run.out).toBe("{'key': 'order', 'value': 'old'}\n");
    expect((await reforg(['-url', url, '-get', 'order'])).out).toBe("{'key': 'order', 'value': 'new'}\n");
  });

  test.each([
    ["it's", `{'key': 'q', 'value': "it's"}\n`],
    ['say "hi"', `{'key': 'q', 'value': 'say "hi"'}\n`],
    [`it's "both"`, `{'key': 'q', 'value': 'it\\'s "both"'}\n`],
    ['é 😀', `{'key': 'q', 'value': 'é 😀'}\n`],
    ['a\tb\nc\\d\r', `{'key': 'q', 'value': 'a\\tb\\nc\\\\d\\r'}\n`],
    ['\u0001\u007f\u00a0\u200b\u2028\u{e0001}', `{'key': 'q', 'value': '\\x01\\x7f\\xa0\\u200b\\u2028\\U000e0001'}\n`],
    ['a b&c=d%20+', `{'key': 'q', 'value': 'a b&c=d%20+'}\n`],
  ])('cli.py:30, %j is printed as Python prints it', async (value, printed) => {
    await reforg(['-url', url, '-put', 'q', value]);
    expect((await reforg(['-url', url, '-get', 'q'])).out).toBe(printed);
  });

  test('http_client.py:16-24, what cannot be had prints no result, and ends with 0', async () => {
    expect(await reforg(['-url', url, '-get', 'nobody'])).toMatchObject({
      exitCode: 0,
      out: '',
      notes: `Unable to process the request:404 Not Found for url: ${url}?key=nobody\n`,
    });
    const away = await reforg(['-url', 'http://127.0.0.1:2/api/v1/keys', '-get', 'a', '-put', 'a', 'b']);
    expect([away.exitCode, away.out]).toEqual([0, '']);
    expect(away.notes.match(/Unable to process the request:/g)).toHaveLength(2);
    expect(await reforg(['-url', 'nonsense', '-get', 'a'])).toMatchObject({ exitCode: 0, out: '' });
  });

  test('cli.py:36-52, a watch prints each change, None for none, until Ctrl-C, which is no failure', async () => {
    const controller = new AbortController();
    await reforg(['-url', url, '-put', 'w', '1']);
    const watching = reforg(['-url', url, '-watch', 'w', '-interval', '1'], { signal: controller.signal });
    await wait(500);
    await fetch(`${stage.proxy}/v1/keys/w`, { method: 'DELETE' });
    await wait(1000);
    await reforg(['-url', url, '-put', 'w', '2']);
    await wait(1200);
    controller.abort(130);
    expect(await watching).toMatchObject({
      exitCode: 0,
      out: "Press Ctrl+c to interrupt watch\n{'key': 'w', 'value': '1'}\nNone\n{'key': 'w', 'value': '2'}\nWatch Interrupted!\n",
    });
  });
});

describe('S3: its flags, as argparse reads them (cli.py:61-88)', () => {
  test('nothing to do is done; an empty key is none', async () => {
    expect(await reforg([])).toMatchObject({ exitCode: 0, out: '', notes: '' });
    expect(await reforg(['-url', url, '-get', ''])).toMatchObject({ exitCode: 0, out: '', notes: '' });
  });

  test('the beginning of a flag is enough, and = joins it with its value', async () => {
    await reforg(['-u', url, '-p', 'flag', '-5']);
    expect((await reforg([`-url=${url}`, '-g=flag'])).out).toBe("{'key': 'flag', 'value': '-5'}\n");
  });

  test.each([
    [['stray'], 'unrecognized arguments: stray'],
    [['-nonsense'], 'unrecognized arguments: -nonsense'],
    [['-get'], 'argument -get: expected one argument'],
    [['-put', 'k'], 'argument -put: expected 2 arguments'],
    [['-put', 'k', '-get', 'k'], 'argument -put: expected 2 arguments'],
    [['-watch', 'k', '-interval', '1.5'], 'argument -interval: 1.5 is no whole number of seconds up to 2000000'],
  ])('%j is refused with 2', async (argv, reason) => {
    const run = await reforg(argv);
    expect([run.exitCode, run.out]).toEqual([2, '']);
    expect(run.notes).toMatch(/^usage: http client \[-h\] \[-url http_api_url\]/);
    expect(run.notes.endsWith(`\nhttp client: error: ${reason}\n`)).toBe(true);
  });

  test('it is an executable', async () => {
    await reforg(['-url', url, '-put', 'run', 'v']);
    const program = resolve(import.meta.dirname, '../../../src/main/reforg.ts');
    const argv = ['--disable-warning=ExperimentalWarning', program, '-url', url, '-get', 'run'];
    expect(await promisify(execFile)(process.execPath, argv)).toEqual({
      stdout: "{'key': 'run', 'value': 'v'}\n",
      stderr: '',
    });
  });

  test('-h tells what there is', async () => {
    const run = await reforg(['-h']);
    expect([run.exitCode, run.out]).toEqual([0, expect.stringContaining('-put Key Value     Add key:value to server')]);
  });
});
