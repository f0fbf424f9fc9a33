import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PartFile } from '../../../src/cli/part-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kv-part-'));
  path = join(folder, 'file');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const anew = () => new PartFile(path, { bytes: 0, resumePath: null });

test('is there when it is whole, and not before', () => {
  const file = anew();
  file.write('ä');
  expect([existsSync(path), file.bytes]).toEqual([false, 2]);
  file.finish();
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['ä', ['file']]);
});

test('goes on where it was: what was written behind that is written again', () => {
  const first = anew();
  first.write('one two');
  first.close();
  const second = new PartFile(path, { bytes: 3, resumePath: 'place' });
  second.write(' more');
  second.finish();
  expect(readFileSync(path, 'utf8')).toBe('one more');
});

test.each([
  ['is gone', null],
  ['is shorter than it was', 'on'],
])('a part that %s is not gone on with: there would be a hole', (_how, text) => {
  if (text !== null) writeFileSync(`${path}.part`, text);
  expect(() => new PartFile(path, { bytes: 3, resumePath: 'place' })).toThrow(
    `${path}.part is not what place goes on with: delete place to begin anew.`,
  );
});

test('leaves nothing behind where nobody goes on with it', () => {
  const file = anew();
  file.write('x');
  file.discard();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder is no file, and that is said before anything is written', () => {
  expect(() => new PartFile(folder, { bytes: 0, resumePath: null })).toThrow('it is a folder');
});
