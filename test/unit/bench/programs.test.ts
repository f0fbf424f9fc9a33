import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ETCD, fileOf, missingProgram } from '../../bench/contestants/programs.ts';

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-programs-'));
  file = join(folder, 'etcd');
  writeFileSync(file, '');
  chmodSync(file, 0o755);
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a program is found by its variable, in PATH, or in the folder of the assets', () => {
  expect(fileOf(ETCD, { ETCD: file })).toBe(file);
  expect(fileOf(ETCD, { PATH: `/nowhere:${folder}` })).toBe(file);
  expect(fileOf(ETCD, { PATH: '/nowhere', KUBEBUILDER_ASSETS: folder })).toBe(file);
  expect(fileOf(ETCD, { ETCD: 'etcd', PATH: folder })).toBe('etcd');
});

test('a variable that names nothing is not passed over', () => {
  expect(missingProgram(ETCD, { ETCD: '/nowhere/etcd', PATH: folder })).toBe(
    'ETCD names /nowhere/etcd, which is not there',
  );
});

test('what is missing is said with how to install it', () => {
  expect(missingProgram(ETCD, {})).toMatch(/^etcd is not installed: take 3\.6 .* set ETCD to its file$/);
  expect(missingProgram(ETCD, { PATH: folder })).toBeNull();
});
