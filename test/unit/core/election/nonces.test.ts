import { expect, test } from '@jest/globals';
import { Nonces } from '../../../../src/core/election/nonces.ts';

test('R1: no nonce is used twice, by whatever process', () => {
  const [one, other] = [new Nonces('a1'), new Nonces('a11')];
  const made = Array.from({ length: 100 }, () => [one.next(), other.next()]).flat();
  expect(new Set(made).size).toBe(200);
});

test('a process knows its own', () => {
  const nonces = new Nonces('a1');
  expect([nonces.isOwn(nonces.next()), nonces.isOwn(new Nonces('a11').next()), nonces.isOwn('')]).toEqual([
    true,
    false,
    false,
  ]);
});
