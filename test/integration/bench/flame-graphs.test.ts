import { expect, jest, test } from '@jest/globals';
import { framesOf, type Frame } from '../../bench/flame/frames.ts';
import { record } from '../../bench/flame/recording.ts';
import { Sources } from '../../bench/flame/sources.ts';

jest.setTimeout(60_000);

function namesIn({ name, where, children }: Frame): readonly string[] {
  return [`${name} ${where}`, ...children.flatMap(namesIn)];
}

test("a server's profile under load has the functions of its sources by their names", async () => {
  const recording = await record({ at: 'replica', getShare: 1 }, 0.5, new AbortController().signal);
  const sources = new Sources();
  const names = namesIn(framesOf(recording, (url, line) => sources.at(url, line)));
  expect(names).toEqual(expect.arrayContaining(['#onData api/http/fast-path/connection.ts', 'emit node:events']));
  expect(names.filter((name) => /\bchunk-|kvstore\.js/.test(name))).toEqual([]);
});
