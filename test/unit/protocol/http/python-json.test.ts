import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { explainJsonError } from '../../../../src/protocol/http/python-json.ts';

test('whatever JSON.parse refuses is explained at a place within the text', () => {
  const part = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '1',
    '-',
    '.5',
    'e1',
    'true',
    'nul',
    ' ',
    '\n',
    '\\',
    '\\u12',
    'ü',
    '🚀',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      try {
        JSON.parse(text);
      } catch {
        const error = explainJsonError(text);
        expect(error).not.toBeNull();
        expect(error?.position).toBeLessThanOrEqual(Array.from(text).length);
        expect(error?.message).toMatch(/^(Expecting|Extra data|Invalid|Unterminated)/);
        return;
      }
    }),
    { numRuns: 1000 },
  );
});

test('a text that nests beyond reason is not explained, and does no harm', () => {
  expect(explainJsonError('['.repeat(1_000_000))).toBeNull();
  expect(explainJsonError('['.repeat(900))).toEqual({ message: 'Expecting value', position: 900 });
});
