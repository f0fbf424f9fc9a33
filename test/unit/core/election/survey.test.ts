import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex, monotonicMs, wallMs } from '../../../../src/core/base/numbers.ts';
import { podTestimonies, Survey } from '../../../../src/core/election/survey.ts';
import type { Effect } from '../../../../src/core/group/io.ts';
import type { Answer } from '../../../../src/core/replication/messages.ts';
import { effectsOf, idOf } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';

const at = (ms: number) => ({ monotonicMs: monotonicMs(ms), wallMs: wallMs(0) });

const answer = (name: string, changed: Partial<Answer> = {}): Answer => ({
  kind: 'answer',
  number: 5,
  from: idOf(name),
  epoch: epoch(0),
  obeys: null,
  lineage: null,
  lastIndex: logIndex(0),
  lastEpoch: epoch(0),
  leads: false,
  stopping: false,
  heardWorkingMs: null,
  ...changed,
});

function begin(...addresses: string[]) {
  const effects: Effect[] = [];
  let links = 0;
  const survey = new Survey(
    { addresses, number: 5, from: idOf('b'), waitMs: 100, nextLink: () => (links += 1) },
    at(0),
    effects,
  );
  return { survey, effects };
}

describe('R8, R13, R14: asking how things stand', () => {
  test('everybody is dialled once, and asked when the connection stands', () => {
    const { survey, effects } = begin('a:1', 'c:1', 'a:1');
    expect(effectsOf('connect', effects).map(({ address }) => address)).toEqual(['a:1', 'c:1']);
    survey.onConnected(2, effects);
    expect(effectsOf('send', effects)).toEqual([
      { kind: 'send', link: 2, message: { kind: 'question', number: 5, from: idOf('b') } },
    ]);
  });

  test('it is over when all have answered or refused, and whoever answered is let go', () => {
    const { survey, effects } = begin('a:1', 'c:1');
    survey.onAnswer(1, answer('a'), effects);
    expect([survey.done(at(10)), effectsOf('disconnect', effects).map(({ link }) => link)]).toEqual([false, [1]]);
    survey.onClosed(2, 'refused');
    expect(survey.done(at(10))).toBe(true);
    expect([survey.testimony('a:1').kind, survey.testimony('c:1').kind]).toEqual(['answered', 'refused']);
  });

  test('or when its time is up: who has not answered is silent', () => {
    const { survey, effects } = begin('a:1', 'c:1');
    survey.onClosed(1, 'lost');
    expect([survey.done(at(99)), survey.done(at(100))]).toEqual([false, true]);
    survey.close(effects);
    expect([survey.testimony('a:1').kind, survey.testimony('c:1').kind]).toEqual(['silent', 'silent']);
    expect(effectsOf('disconnect', effects).map(({ link }) => link)).toEqual([2]);
  });

  test('nobody to ask: it is over at once', () => {
    expect(begin().survey.done(at(0))).toBe(true);
  });

  test('an answer to another question is none', () => {
    const { survey, effects } = begin('a:1');
    survey.onAnswer(1, answer('a', { number: 4 }), effects);
    expect([survey.done(at(0)), survey.answers()]).toEqual([false, []]);
  });

  test('whoever says that it leads is found with its address', () => {
    const { survey, effects } = begin('a:1', 'c:1');
    survey.onAnswer(1, answer('a'), effects);
    survey.onAnswer(2, answer('c', { leads: true }), effects);
    expect(survey.leaders()).toEqual([{ address: 'c:1', answer: answer('c', { leads: true }) }]);
  });

  test('of its own pod a replica testifies itself, of one without an address nobody', () => {
    const { survey } = begin();
    const pods = [podOf('b'), podOf('c', { peerAddress: null })];
    expect(podTestimonies(pods, survey, answer('b')).map(({ testimony }) => testimony.kind)).toEqual([
      'answered',
      'silent',
    ]);
  });
});
