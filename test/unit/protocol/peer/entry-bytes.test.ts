import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EntryBytes } from '../../../../src/protocol/peer/entry-bytes.ts';
import { entry, putBody } from '../../core/kit/builders.ts';
import { anyEntry } from './arbitrary-frames.ts';

test('an entry comes back from its bytes as it was', () => {
  const codec = new EntryBytes();
  fc.assert(
    fc.property(anyEntry, (one) => {
      const bytes = Buffer.concat(codec.encode(one) ?? []);
      const back = codec.decode(bytes);
      // It shares nothing with them.
      bytes.fill(0xff);
      expect(back).toEqual(one);
    }),
  );
});

test('one that no bytes can say is said to be that, and the next is itself again', () => {
  const codec = new EntryBytes();
  const writing = (contentType: string) => entry(1, 1, putBody('k', { version: 1, created: 1, contentType }));
  expect(codec.encode(writing('x'.repeat(1000)))).toBeNull();
  const one = writing('text/plain');
  expect(codec.decode(Buffer.concat(codec.encode(one) ?? []))).toEqual(one);
});
