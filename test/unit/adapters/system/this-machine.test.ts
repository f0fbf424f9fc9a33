import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { thisMachine } from '../../../../src/adapters/system/this-machine.ts';

test('what is no file to look at has no bytes: whoever opens it says why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-machine-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, 'x'.repeat(1234));
    const paths = [file, join(folder, 'none'), join(file, 'below a file'), `${folder}\u0000`];
    expect(paths.map((path) => thisMachine().fileBytes(path))).toEqual([1234, 0, 0, 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
