import fc from 'fast-check';
import { OPERATION_NAMES, reasonAgainst, type HistoryOperation } from '../../history/operation.ts';
import { effectOf, EMPTY, type Register } from './brute-force.ts';

/** One step of a sequential execution, and what its client learns of it. */
interface Step {
  readonly op: HistoryOperation['op'];
  readonly client: number;
  /** How long before and after the moment at which it takes effect it begins and ends. */
  readonly lead: number;
  readonly lag: number;
  /** Which revision a condition names: of the value that is there, or another. */
  readonly expects: 'current' | 'wrong' | 'nothing';
  readonly learns: 'all' | 'noRevision' | 'nothing' | 'nothingAndLost' | 'failure';
  readonly revisionsBetween: number;
  readonly isNumber: boolean;
}

const stepOf = (
  spanMax: number,
  ops: readonly HistoryOperation['op'][],
  revisions: ExecutionOptions['revisions'],
): fc.Arbitrary<Step> =>
  fc.record({
    op: fc.constantFrom(...ops),
    client: fc.nat(4),
    lead: fc.nat(spanMax),
    lag: fc.nat(spanMax),
    expects: fc.constantFrom<Step['expects'][]>('current', 'current', 'wrong', 'nothing'),
    learns: fc.oneof(
      { weight: revisions === 'most' ? 3 : 1, arbitrary: fc.constant('all' as const) },
      { weight: revisions === 'most' ? 1 : 3, arbitrary: fc.constant('noRevision' as const) },
      { weight: 3, arbitrary: fc.constantFrom('nothing' as const, 'nothingAndLost' as const, 'failure' as const) },
    ),
    revisionsBetween: fc.constantFrom(0, 0, 1, 3),
    isNumber: fc.boolean(),
  });

export interface ExecutionOptions {
  readonly lengthMax: number;
  /** Up to how many others an operation overlaps on each side. */
  readonly overlapMax: number;
  /** Counters repeat their values, so that less can be concluded from a value. */
  readonly counters: 'some' | 'none';
  /** How many of the revisions clients are told. */
  readonly revisions: 'most' | 'few';
}

/** What clients of a correct store tell: a sequential execution of one key, stretched so that operations overlap. */
export function executions({
  lengthMax,
  overlapMax,
  counters,
  revisions,
}: ExecutionOptions): fc.Arbitrary<HistoryOperation[]> {
  const ops = OPERATION_NAMES.filter((op) => counters === 'some' || op !== 'incr');
  return fc.array(stepOf(overlapMax * SPACING, ops, revisions), { minLength: 1, maxLength: lengthMax }).map(execute);
}

/** Time between two operations that take effect one after the other. */
const SPACING = 10;

function execute(steps: readonly Step[]): HistoryOperation[] {
  let register = EMPTY;
  return steps.map((step, place) => {
    const asked = askedBy(step, place, register);
    const isApplied = step.learns !== 'nothingAndLost' && step.learns !== 'failure';
    const effect = effectOf(register, asked);
    const before = register;
    if (isApplied && effect.kind === 'written') {
      register = { value: effect.value, revision: before.revision + 1 + step.revisionsBetween };
    }
    return told(asked, step, { before, after: register, effect: effect.kind });
  });
}

function askedBy(
  { op, client, lead, lag, expects, isNumber }: Step,
  place: number,
  register: Register,
): HistoryOperation {
  const moment = SPACING * (place + 10);
  const current = register.value === null ? null : register.revision;
  const expected = expects === 'wrong' || current === null ? register.revision + 7 : current;
  return {
    client,
    op,
    key: 'k',
    value: op === 'get' || op === 'delete' || op === 'incr' ? null : isNumber ? String(100 * place) : `v${place}`,
    expect: op === 'cas' || (op === 'delete' && expects !== 'nothing') ? expected : null,
    mode: op === 'get' ? 'linearizable' : null,
    start: moment - lead,
    end: moment + lag,
    outcome: 'ok',
    revision: null,
  };
}

function told(
  asked: HistoryOperation,
  { learns }: Step,
  happened: { readonly before: Register; readonly after: Register; readonly effect: 'written' | 'refused' | 'absent' },
): HistoryOperation {
  const { before, after, effect } = happened;
  if (learns === 'failure') return { ...asked, outcome: 'failed' };
  if (learns !== 'all' && learns !== 'noRevision') return { ...asked, end: null, outcome: 'unknown' };
  const tells = learns === 'all';
  if (asked.op === 'get')
    return { ...asked, value: before.value, revision: tells && before.value !== null ? before.revision : null };
  switch (effect) {
    case 'refused':
      return { ...asked, outcome: 'refused', revision: tells && before.value !== null ? before.revision : null };
    case 'absent':
      return asked;
    case 'written': {
      // Of a delete without a revision it is said that there was nothing to delete.
      const revision = tells || asked.op === 'delete' ? after.revision : null;
      return { ...asked, value: asked.op === 'incr' ? after.value : asked.value, revision };
    }
  }
}

/** One thing of a history made different: what a store that errs might tell, though perhaps it is no error at all. */
export function mutated(history: readonly HistoryOperation[]): fc.Arbitrary<HistoryOperation[]> {
  const place = fc.nat(Math.max(0, history.length - 1));
  const amount = fc.integer({ min: -40, max: 40 });
  return fc
    .record({
      kind: fc.constantFrom(
        'swapValues',
        'swapRevisions',
        'shift',
        'shorten',
        'revision',
        'expect',
        'outcome',
        'twice',
      ),
      one: place,
      other: place,
      amount,
    })
    .map(({ kind, one, other, amount: by }) => {
      const copy = [...history];
      const a = history[one];
      const b = history[other];
      if (a === undefined || b === undefined) return copy;
      switch (kind) {
        case 'swapValues':
          if (a.value === null || b.value === null) break;
          copy[one] = { ...a, value: b.value };
          copy[other] = { ...b, value: a.value };
          break;
        case 'swapRevisions':
          if (a.revision === null || b.revision === null) break;
          copy[one] = { ...a, revision: b.revision };
          copy[other] = { ...b, revision: a.revision };
          break;
        case 'shift':
          copy[one] = { ...a, start: a.start + by, end: a.end === null ? null : a.end + by };
          break;
        case 'shorten':
          copy[one] = { ...a, end: a.end === null ? null : Math.max(a.start, a.end - Math.abs(by)) };
          break;
        case 'revision':
          if (a.revision !== null) copy[one] = { ...a, revision: Math.max(1, a.revision + (by > 0 ? 1 : -1)) };
          break;
        case 'expect':
          if (a.expect !== null) copy[one] = { ...a, expect: Math.max(1, a.expect + (by > 0 ? 1 : -1)) };
          break;
        case 'outcome':
          if (a.op === 'cas' || a.op === 'create')
            copy[one] = { ...a, outcome: a.outcome === 'ok' ? 'refused' : 'ok', end: a.end ?? a.start + 50 };
          else if (a.outcome === 'ok') copy[one] = { ...a, outcome: 'failed' };
          break;
        case 'twice':
          copy.push({ ...a, start: b.start, end: a.end === null ? null : b.start + Math.abs(by) });
          break;
      }
      return copy;
    })
    .filter((changed) => changed.every((operation) => reasonAgainst(operation) === null));
}

/** Operations that nobody need ever have seen together; with `most` of the writes unknown there are many ways to err. */
export const scribbles = (unknown: 'some' | 'most'): fc.Arbitrary<HistoryOperation[]> =>
  fc.array(
    unknown === 'some'
      ? scribble(['ok', 'ok', 'refused', 'unknown'])
      : scribble(['ok', 'refused', 'refused', 'unknown', 'unknown', 'unknown']),
    {
      minLength: 1,
      maxLength: 6,
    },
  );

export const scribble = (outcomes: readonly HistoryOperation['outcome'][]): fc.Arbitrary<HistoryOperation> =>
  fc
    .record({
      client: fc.nat(3),
      op: fc.constantFrom(...OPERATION_NAMES),
      value: fc.constantFrom('1', '2', 'a'),
      isFound: fc.boolean(),
      expect: fc.integer({ min: 1, max: 4 }),
      isConditional: fc.boolean(),
      start: fc.nat(12),
      length: fc.nat(8),
      outcome: fc.constantFrom(...outcomes),
      revision: fc.option(fc.integer({ min: 1, max: 5 })),
    })
    .map(
      ({ client, op, value, isFound, expect, isConditional, start, length, outcome, revision }): HistoryOperation => {
        const expected = op === 'cas' || (op === 'delete' && isConditional) ? expect : null;
        const canBeRefused = op === 'create' || op === 'incr' || expected !== null;
        const real = outcome === 'refused' && !canBeRefused ? 'ok' : outcome;
        const read = op === 'get' && !isFound ? null : value;
        const written =
          op === 'delete' || (op === 'incr' && real !== 'ok') ? null : op === 'incr' ? String(expect) : read;
        const needsRevision = op === 'delete' && expected !== null && real === 'ok';
        return {
          client,
          op,
          key: 'k',
          value: written,
          expect: expected,
          mode: op === 'get' ? 'linearizable' : null,
          start,
          end: real === 'unknown' ? null : start + length,
          outcome: real,
          revision:
            real === 'unknown' || (op === 'get' && written === null)
              ? null
              : needsRevision
                ? (revision ?? 3)
                : revision,
          ...(op === 'incr' && isConditional ? { by: 2 } : {}),
        };
      },
    );
