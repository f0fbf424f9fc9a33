import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTooDeep, jsonMember, repeatedMember } from '../../../../src/protocol/http/json-source.ts';

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
    expect(jsonMember(json, 'value')).toBe(source);
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
          expect(jsonMember(json, 'value')).toBe(expected.get('value') ?? null);
        },
      ),
    );
  });
});

describe('a member that is there twice', () => {
  test.each([
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', null],
    ['{"a":"a","b":["a","a"]}', null],
    [String.raw`{"a":"\",\"a\":1,"}`, null],
    ['[]', null],
    ['{"a":1,"b":2,"a":1}', 'a'],
    [String.raw`{"a":1,"\u0061":2}`, 'a'],
    ['{"x":[{"b":{}},{"c":1,"c":2}]}', 'c'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"":1,"":2}', ''],
    ['{"a":[{"b":1}],"c":2,"a":3}', 'a'],
  ])('%s', (json, name) => {
    expect(() => JSON.parse(json) as unknown).not.toThrow();
    expect(repeatedMember(json)).toBe(name);
  });

  test('no JSON that is made of a value has one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(repeatedMember(JSON.stringify(value))).toBeNull();
      }),
    );
  });
});

test('nests deeper than 900 levels, or not', () => {
  const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
  expect([900, 902].map((depth) => isTooDeep(nested(depth)))).toEqual([false, true]);
  expect(isTooDeep(`[${'[],'.repeat(2000)}"${'['.repeat(2000)}"]`)).toBe(false);
  const deep = 1_000_000;
  expect(isTooDeep(`{"value":${'['.repeat(deep)}${']'.repeat(deep)}}`)).toBe(true);
});

test('a long string of backslashes and quotation marks takes no longer than it is', () => {
  const json = JSON.stringify({ value: '\\"'.repeat(500_000) });
  const begun = performance.now();
  expect(jsonMember(json, 'value')?.length).toBe(json.length - '{"value":}'.length);
  expect(performance.now() - begun).toBeLessThan(2000);
});
