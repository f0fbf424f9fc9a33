import { expect, test } from '@jest/globals';
import { ANNOTATIONS } from '../../../src/adapters/kubernetes/lease-record.ts';
import { defaultTextOf, options, type Option } from '../../../src/config/table.ts';
import { MESSAGE_TYPES, REQUEST_TYPES } from '../../../src/protocol/peer/frame-types.ts';
import { codesIn, page, tableOf } from './pages.ts';

const protocol = page('docs/protocol.md');

test('the protocol page names every annotation of the record', () => {
  const rows = tableOf(protocol, ['field', 'holds']);
  const annotations = rows.flatMap(([field = '']) => codesIn(field)).filter((name) => name.startsWith('kvstore.dev/'));
  expect(annotations.toSorted()).toEqual(Object.values(ANNOTATIONS).toSorted());
});

test('the protocol page lists every message, and every request with its answer', () => {
  const messages = tableOf(protocol, ['message', 'from → to', 'says', 'rule']).flatMap(([name = '']) => codesIn(name));
  expect(messages).toEqual(Object.keys(MESSAGE_TYPES));
  const requests = tableOf(protocol, ['request', 'answer', 'says']).flatMap(([request = '', answer = '']) => [
    ...codesIn(request),
    ...codesIn(answer),
  ]);
  expect(requests.toSorted()).toEqual(Object.keys(REQUEST_TYPES).toSorted());
});

test('the protocol page has the rules R1 to R22, in order', () => {
  const rules = [...protocol.matchAll(/^### (R\d+) /gm)].map((match) => match[1]);
  expect(rules).toEqual(Array.from({ length: 22 }, (_, place) => `R${place + 1}`));
});

test('the protocol page gives the times that the options have', () => {
  const byVariable = new Map(
    Object.values(options).map((option) => [option.variable as string, option as Option<unknown>]),
  );
  for (const [, variable = '', value] of tableOf(protocol, ['what', 'option', 'default'])) {
    const option = byVariable.get(codesIn(variable)[0] ?? '');
    expect(option === undefined ? null : defaultTextOf(option)).toBe(value);
  }
});
