import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { httpDate } from '../../../../src/protocol/http/http-date.ts';

test('a date is as RFC 9110 wants it', () => {
  expect(httpDate(Date.UTC(1994, 10, 6, 8, 49, 37, 999))).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
});

test('whatever was written before, a date is as Date writes it', () => {
  const ms = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
  fc.assert(
    fc.property(fc.array(ms), (dates) => {
      expect(dates.map(httpDate)).toEqual(dates.map((each) => new Date(each).toUTCString()));
    }),
  );
});
