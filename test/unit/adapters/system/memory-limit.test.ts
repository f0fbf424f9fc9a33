import { expect, test } from '@jest/globals';
import { memoryLimitBytes } from '../../../../src/adapters/system/memory-limit.ts';

test('a limit beyond the memory of the machine, and none, are no limit', () => {
  expect(memoryLimitBytes(512, 1024)).toBe(512);
  expect(memoryLimitBytes(0, 1024)).toBeNull();
  expect(memoryLimitBytes(2 ** 64, 1024)).toBeNull();
});
