import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv, type KvOptions } from '../../unit/cli/kv.ts';

jest.setTimeout(60_000);

let stage: Stage;
let folder: string;

beforeAll(async () => {
  stage = await Stage.open();
  folder = mkdtempSync(join(tmpdir(), 'kv-cli-'));
});

afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (argv: readonly string[], options: KvOptions = {}) =>
  kv(argv, { ...options, env: { KV_URL: stage.proxy, ...options.env } });
const file = (name: string): string => join(folder, name);
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const numbered = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, n) => `{"key":"${prefix}${String(n).padStart(5, '0')}","value":"${n}"}\n`).join('');

describe('there and back', () => {
  test('what was exported is imported as it was: bytes, content types, lifetimes', async () => {
    const lines = [
      { key: 'from/a', value: 'ä\n', contentType: 'text/plain; charset=utf-8' },
      { key: 'from/b', valueB64: '/wA=' },
      { keyB64: Buffer.from('from/\xff', 'latin1').toString('base64'), value: '' },
      { key: 'from/t', value: 'soon over', ttl: '1h' },
    ];
    expect(await at(['import', '-'], { input: lines.map((line) => JSON.stringify(line)).join('\n') })).toMatchObject({
      exitCode: 0,
    });
    const exported = await at(['export', '--prefix', 'from/']);
    expect([exported.exitCode, exported.notes]).toEqual([
      0,
      expect.stringMatching(/^kv: exported 4 keys as of revision \d+\.\n$/),
    ]);
    expect(linesOf(exported.out)).toEqual([
      { ...lines[0], contentType: 'text/plain; charset=utf-8' },
      { key: 'from/b', valueB64: '/wA=' },
      { key: 'from/t', value: 'soon over', contentType: 'text/plain; charset=utf-8', expiresAt: expect.any(String) },
      { ...lines[2], contentType: 'text/plain; charset=utf-8' },
    ]);
    const back = await at(['import', '--prefix', 'copy/'], { input: exported.out, terminal: true });
    expect([back.exitCode, back.out]).toEqual([0, expect.stringMatching(/^imported 4 keys in /)]);
    const again = await at(['export', '--prefix', 'copy/from/']);
    const keyless = (text: string) =>
      linesOf(text).map(({ value, valueB64, contentType }) => ({ value, valueB64, contentType }));
    expect(keyless(again.out)).toEqual(keyless(exported.out));
  });

  test('the last line about a key counts, however many requests are under way', async () => {
    const rounds = Array.from(
      { length: 6 },
      (_, n) => `${numbered('last/', 700)}{"key":"last/00000","value":"round ${n}"}\n`,
    );
    const input = `${rounds.join('')}{"key":"last/00001","deleted":true}\n`;
    expect(await at(['import', '--parallel', '16'], { input })).toMatchObject({ exitCode: 0 });
    expect((await at(['get', 'last/00000'])).out).toBe('round 5');
    expect(await at(['get', 'last/00001'])).toMatchObject({ exitCode: 3 });
  });

  test('lines of UUIDs', async () => {
    const input = '3479D89432714935A8CFA06F3CBB80A6 two words\r\n72cf48f7-d604-4423-b012-4e2329f5117b x\n';
    expect(await at(['import', '--format', 'uuid-lines'], { input })).toMatchObject({ exitCode: 0 });
    expect((await at(['get', '3479d894-3271-4935-a8cf-a06f3cbb80a6'])).out).toBe('two words');
    const bad = await at(['import', '--format', 'uuid-lines'], { input: 'nonsense x\n' });
    expect([bad.exitCode, bad.notes]).toEqual([1, expect.stringContaining('kv: line 1: it begins with no UUID')]);
  });

  test('--if-absent leaves what is there', async () => {
    await at(['put', 'abs/1', 'mine']);
    const run = await at(['import', '--if-absent', '-o', 'json'], {
      input: numbered('abs/', 1) + '{"key":"abs/1","value":"theirs"}',
    });
    expect(JSON.parse(run.out)).toMatchObject({ imported: 1, skipped: 1, failed: 0 });
    expect((await at(['get', 'abs/1'])).out).toBe('mine');
  });
});

describe('what cannot be written', () => {
  test.each([
    ['no JSON', 'nonsense', 'it is no JSON'],
    ['no key', '{"value":"v"}', 'it has neither "key" nor "keyB64"'],
    ['no value', '{"key":"k"}', 'it has neither "value" nor "valueB64"'],
    ['a value that is too large', JSON.stringify({ key: 'k', value: 'x'.repeat(3000) }), '2000'],
    ['a key that is too long', JSON.stringify({ key: 'k'.repeat(2000), value: 'v' }), '1024'],
    ['a ttl that is none', '{"key":"k","value":"v","ttl":"soon"}', 'ttl'],
  ])('%s: the line is named, and it ends with 1', async (_what, line, words) => {
    const input = `${numbered('bad/', 3)}${line}\n${numbered('bad/after/', 3)}`;
    const run = await at(['import'], { input });
    expect([run.exitCode, run.notes]).toEqual([1, expect.stringContaining('kv: line 4: ')]);
    expect(run.notes).toContain(words);
    const more = await at(['import', '--errors-max', '1', '-o', 'json'], { input });
    expect([more.exitCode, JSON.parse(more.out)]).toMatchObject([1, { imported: 6, failed: 1 }]);
  });

  test('a file that is not there', async () => {
    expect(await at(['import', file('nothing')])).toMatchObject({
      exitCode: 1,
      notes: `kv: ${file('nothing')} cannot be read: there is no such file or folder.\n`,
    });
  });
});

describe('interrupted', () => {
  test('an import goes on behind what was written', async () => {
    const [path, place] = [file('large'), file('large.place')];
    writeFileSync(path, numbered('large/', 3000) + 'nonsense\n' + numbered('large/more/', 10));
    const first = await at(['import', path, '--resume-file', place]);
    expect([first.exitCode, first.notes]).toEqual([1, expect.stringContaining('kv: line 3001: it is no JSON')]);
    expect(JSON.parse(readFileSync(place, 'utf8'))).toMatchObject({ place: { line: expect.any(Number) } });
    // What it does not read again may as well be something else.
    const { place: reached } = JSON.parse(readFileSync(place, 'utf8')) as { place: { line: number; bytes: number } };
    expect(reached.line).toBeGreaterThan(500);
    const text = readFileSync(path, 'utf8').replace('nonsense\n', '');
    writeFileSync(path, 'x'.repeat(reached.bytes) + text.slice(reached.bytes));
    const second = await at(['import', path, '--resume-file', place, '-o', 'json']);
    expect([second.exitCode, JSON.parse(second.out)]).toMatchObject([0, { imported: 3010 - reached.line }]);
    expect(existsSync(place)).toBe(false);
    expect((await at(['ls', 'large/', '--count'])).out).toBe('3010\n');
    await at(['import'], { input: numbered('larger/', 10_500) });
    // More than one request deletes.
    expect((await at(['ls', 'larger/', '--count'])).out).toBe('10500\n');
  });

  test('Ctrl-C ends an import with 130, and says where it was', async () => {
    const controller = new AbortController();
    const input = numbered('stop/', 50_000);
    const run = at(['import', '--resume-file', file('stop.place')], { input, signal: controller.signal });
    setTimeout(() => controller.abort(130), 150);
    const result = await run;
    expect([result.exitCode, result.notes]).toEqual([
      130,
      expect.stringMatching(/interrupted after line \d+; the same command/),
    ]);
  });

  test('an export to a file is there when it is whole, and goes on where it was', async () => {
    await at(['import'], { input: numbered('out/', 5000).replaceAll('"value":"', `"value":"${'v'.repeat(200)}`) });
    const [path, place] = [file('out'), file('out.place')];
    const controller = new AbortController();
    const seen = setInterval(() => existsSync(place) && controller.abort(130), 1);
    const first = await at(['export', path, '--prefix', 'out/', '--resume-file', place], { signal: controller.signal });
    clearInterval(seen);
    expect([first.exitCode, existsSync(path)]).toEqual([130, false]);
    await at(['put', 'out/00000', 'changed']);
    await at(['del', 'out/04999']);
    const second = await at(['export', path, '--prefix', 'out/', '--resume-file', place]);
    expect([second.exitCode, second.notes]).toEqual([
      0,
      expect.stringContaining('later lines for what changed meanwhile'),
    ]);
    const state = new Map<string, unknown>();
    for (const { key, value, deleted } of linesOf(readFileSync(path, 'utf8'))) {
      if (deleted === true) state.delete(String(key));
      else state.set(String(key), value);
    }
    expect([state.size, state.get('out/00000'), state.has('out/04999')]).toEqual([4999, 'changed', false]);
    expect([existsSync(`${path}.part`), existsSync(place)]).toEqual([false, false]);
  });

  test('an export that nobody goes on with leaves nothing behind', async () => {
    const path = file('left');
    const controller = new AbortController();
    const seen = setInterval(() => existsSync(`${path}.part`) && controller.abort(130), 1);
    const run = await at(['export', path, '--prefix', 'out/'], { signal: controller.signal });
    clearInterval(seen);
    expect([run.exitCode, existsSync(path), existsSync(`${path}.part`)]).toEqual([130, false, false]);
  });

  test('an import whose file has become shorter, or an export whose part is gone, is not gone on with', async () => {
    const [path, place] = [file('short'), file('short.place')];
    writeFileSync(path, `${numbered('short/', 3000)}nonsense\n`);
    expect(await at(['import', path, '--resume-file', place])).toMatchObject({ exitCode: 1 });
    writeFileSync(path, numbered('short/', 1));
    const short = await at(['import', path, '--resume-file', place]);
    expect([short.exitCode, short.notes]).toEqual([1, expect.stringContaining('is shorter than it was')]);

    const [target, mark] = [file('gone'), file('gone.place')];
    const controller = new AbortController();
    const seen = setInterval(() => existsSync(mark) && controller.abort(130), 1);
    await at(['export', target, '--prefix', 'out/', '--resume-file', mark], { signal: controller.signal });
    clearInterval(seen);
    rmSync(`${target}.part`);
    const gone = await at(['export', target, '--prefix', 'out/', '--resume-file', mark]);
    expect([gone.exitCode, gone.notes]).toEqual([1, expect.stringContaining(`delete ${mark} to begin anew`)]);
  });

  test('a progress bar is drawn where somebody looks, and leaves nothing', async () => {
    const run = await at(['import'], { input: numbered('bar/', 2000), terminal: true });
    expect(run.drawn).toMatch(/^\rimport {2}[\d,]+ keys {2}[\d,]+\/s/);
    expect(run.drawn.endsWith('\r\u001b[K')).toBe(true);
    expect((await at(['import'], { input: numbered('bar/', 2000) })).drawn).toBe('');
  });
});
