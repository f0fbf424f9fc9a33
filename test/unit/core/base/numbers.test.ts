import { expect, test } from '@jest/globals';
import { epoch, groupId, logIndex, version } from '../../../../src/core/base/numbers.ts';

test.each([
  ['log index', logIndex],
  ['epoch', epoch],
  ['version', version],
  ['group id', groupId],
])('a %s from the wire is a safe whole number from 0', (name, make) => {
  expect(make(0)).toBe(0);
  expect(make(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  for (const wrong of [-1, 0.5, NaN, Infinity, Number.MAX_SAFE_INTEGER + 1]) {
    expect(() => make(wrong)).toThrow(new RangeError(`${name}: ${wrong} is not a safe whole number`));
  }
});
