import { expect, test } from '@jest/globals';
import { Session } from '../../../src/client/session.ts';
import { tokenOf } from './fake-store.ts';

test('the newest token stays, whichever answer comes last', () => {
  const session = new Session();
  session.note(tokenOf(10));
  session.note(tokenOf(9));
  expect(session.token).toBe(tokenOf(10));
  session.note(tokenOf(11));
  expect(session.token).toBe(tokenOf(11));
});

test('a token of a later history is newer, whatever its revision', () => {
  const session = new Session(tokenOf(10, 1));
  session.note(tokenOf(2, 2));
  session.note(tokenOf(50, 1));
  expect(session.token).toBe(tokenOf(2, 2));
});

test('of tokens that a newer release wrote, the one that came last stays', () => {
  const session = new Session(tokenOf(10));
  session.note('AgAAAAAAAAAAAAAAAAAAAAAA');
  expect(session.token).toBe('AgAAAAAAAAAAAAAAAAAAAAAA');
  session.note(tokenOf(3));
  expect(session.token).toBe(tokenOf(3));
});

test('a token that was refused is dropped, unless another has taken its place', () => {
  const session = new Session(tokenOf(10, 1));
  session.note(tokenOf(1, 2));
  session.drop(tokenOf(10, 1));
  expect(session.token).toBe(tokenOf(1, 2));
  session.drop(tokenOf(1, 2));
  expect(session.token).toBeNull();
});
