import { expect, test } from '@jest/globals';
import { formatHistory, HistoryFormatError, parseHistory } from '../../history/history-file.ts';
import { type HistoryOperation, reasonAgainst } from '../../history/operation.ts';

const put: HistoryOperation = {
  client: 3,
  op: 'put',
  key: 'k',
  value: 'v',
  expect: null,
  mode: null,
  start: 10,
  end: 20,
  outcome: 'ok',
  revision: 812,
};
const get: HistoryOperation = { ...put, op: 'get', mode: 'linearizable' };
const cas: HistoryOperation = { ...put, op: 'cas', expect: 57 };
const remove: HistoryOperation = { ...put, op: 'delete', value: null };

test('what is written is read again, in its order, with every field', () => {
  const history: HistoryOperation[] = [
    put,
    { ...get, value: null, revision: null, seen: { lineage: { number: 1, id: 'a' }, revision: 900 } },
    { ...get, mode: null, consistency: 'session', token: null, lineage: 'a', version: 3, servedBy: 'kvstore-0' },
    { ...cas, outcome: 'unknown', end: null, revision: null },
    { ...put, op: 'incr', value: '-12', by: -2 },
    { ...remove, revision: null },
  ];
  expect(parseHistory(formatHistory(history))).toEqual(history);
});

test('the line is the agreed one', () => {
  expect(formatHistory([put])).toBe(
    '{"client":3,"op":"put","key":"k","value":"v","expect":null,"mode":null,"start":10,"end":20,"outcome":"ok","revision":812}\n',
  );
});

test('a line that is no operation is named with its number and the reason', () => {
  const good = formatHistory([put]);
  expect(() => parseHistory(`${good}\n{"client":`)).toThrow(HistoryFormatError);
  expect(() => parseHistory(`${good}\n{"client":`)).toThrow('line 3: not JSON');
  expect(() => parseHistory(`${good}[]\n`)).toThrow('line 2: not an object');
  expect(() => parseHistory(`${good}{}\n`)).toThrow('line 2: client must be a whole number from 0');
});

test.each<[string, HistoryOperation | object]>([
  ['op must be one of put, get, delete, create, cas, incr', { ...put, op: 'read' }],
  ['value must be text or null', { ...put, value: 7 }],
  ['start must be microseconds', { ...put, start: '10' }],
  ['revision must be a revision or null', { ...put, revision: 0 }],
  ['lineage must be {number, id}, text or null', { ...put, lineage: { number: 1 } }],
  ['token must be {lineage, revision} or null', { ...get, token: { lineage: 'a' } }],
  ['end must not be before start', { ...put, end: 9 }],
  ['an operation that is ok has an end', { ...put, end: null }],
  ['an operation that is unknown was told no revision', { ...put, outcome: 'unknown' }],
  ['a put expects no revision', { ...put, expect: 57 }],
  ['a put writes a value', { ...put, value: null }],
  ['a put has no condition to be refused by', { ...put, outcome: 'refused' }],
  ['a cas expects a revision', { ...cas, expect: null }],
  ['a delete has no value', { ...remove, value: 'v' }],
  ['only a delete that expects a revision is refused', { ...remove, outcome: 'refused' }],
  [
    'a delete that expected a revision has deleted something, and says at which revision',
    { ...remove, expect: 57, revision: null },
  ],
  ['an incr that is ok has a decimal value', { ...put, op: 'incr', value: '007' }],
  ['a get has no condition to be refused by', { ...get, outcome: 'refused' }],
  ['a linearizable get has no other consistency', { ...get, consistency: 'eventual' }],
  ['a get without a value has no revision', { ...get, value: null }],
])('refused: %s', (reason, operation) => {
  expect(reasonAgainst(operation)).toBe(reason);
});
