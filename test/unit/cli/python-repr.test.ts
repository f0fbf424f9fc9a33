import { expect, test } from '@jest/globals';
import { isTruthy, pythonRepr } from '../../../src/cli/python-repr.ts';

// What CPython 3.11 prints of `json.loads` of each.
test.each([
  ['{"v": null, "t": true, "f": false, "n": [1, 2.5, -3]}', "{'v': None, 't': True, 'f': False, 'n': [1, 2.5, -3]}"],
  ['{"a": {}, "b": [], "c": ""}', "{'a': {}, 'b': [], 'c': ''}"],
  [String.raw`"\u0000\u001f\u00ad\ud800\ufeff\u3000"`, String.raw`'\x00\x1f\xad\ud800\ufeff\u3000'`],
  [String.raw`"it's \"both\" \\"`, String.raw`'it\'s "both" \\'`],
])('%s is printed as %s', (json, printed) => {
  expect(pythonRepr(JSON.parse(json))).toBe(printed);
});

test.each([null, false, 0, '', [], {}])('%j is nothing to print', (value) => {
  expect(isTruthy(value)).toBe(false);
});

test.each([true, 1, ' ', [null], { a: null }])('%j is something', (value) => {
  expect(isTruthy(value)).toBe(true);
});
