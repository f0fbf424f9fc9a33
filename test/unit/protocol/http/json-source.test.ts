import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonMember } from '../../../../src/protocol/http/json-source.ts';

describe('the text of a member', () => {
  test.each([
    ['{"value":1}', '1'],
    ['{ "value" : 1.50 , "x": 2 }', '1.50'],
    ['{"x":{"value":1},"value":"a"}', '"a"'],
    ['{"x":["value",{"value":1}],"value":[1, 2]}', '[1, 2]'],
    ['{"value":1,"value":2,"valu":3}', '2'],
    [String.raw`{"v\u0061lue":"\\","x":"\"value\":1"}`, String.raw`"\\"`],
    [String.raw`{"value":"}\",\"value\":2,"}`, String.raw`"}\",\"value\":2,"`],
    ['{"value":{"2":1,"1":2,"__proto__":{}}}', '{"2":1,"1":2,"__proto__":{}}'],
    ['{"values":1}', null],
    ['{"x":{"value":1}}', null],
    ['{}', null],
    ['{"":1}', null],
  ])('%s', (json, source) => {
    expect(() => JSON.parse(json) as unknown).not.toThrow();
    expect(jsonMember(json, 'value').source).toBe(source);
  });

  test('means what JSON.parse makes of the member, however it is written', () => {
    const blank = fc.constantFrom('', ' ', '\n\t', '  ');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('value', 'x', 'val"ue', '\\', '__proto__', ''), fc.jsonValue(), blank)),
        (members) => {
          const pairs = members.map(
            ([name, value, gap]) => `${JSON.stringify(name)}${gap}:${gap}${JSON.stringify(value)}${gap}`,
          );
          const json = `{${pairs.join(',')}}`;
          const expected = new Map(members.map(([name, value]) => [name, JSON.stringify(value)]));
          expect(jsonMember(json, 'value').source).toBe(expected.get('value') ?? null);
        },
      ),
    );
  });
});

test('how deep the whole nests', () => {
  const depths = ['{}', '{"value":[]}', '{"a":{"b":[{}]},"c":1}', '{"value":"[[[["}'].map(
    (json) => jsonMember(json, 'value').depth,
  );
  expect(depths).toEqual([1, 2, 4, 1]);
  const deep = 1_000_000;
  expect(jsonMember(`{"value":${'['.repeat(deep)}${']'.repeat(deep)}}`, 'value').depth).toBe(deep + 1);
});

test('a long string of backslashes and quotation marks takes no longer than it is', () => {
  const json = JSON.stringify({ value: '\\"'.repeat(500_000) });
  const begun = performance.now();
  expect(jsonMember(json, 'value').source?.length).toBe(json.length - '{"value":}'.length);
  expect(performance.now() - begun).toBeLessThan(2000);
});
