import { expect, jest, test } from '@jest/globals';
import { measure, type Measurement } from '../measure/measure.ts';
import { rows } from '../measure/rows.ts';

/**
 * The promises that `npm run measure` measures at full load, each held for a round or two with as many writes as any
 * machine carries. What is asserted does not depend on how fast it is: no request fails, nothing is lost, nothing is done
 * twice, every replica holds the same. How long the pauses were is said, not judged.
 */
jest.setTimeout(180_000);

const RATE_PER_S = 500;
const OUTAGE_MS = 5000;

async function see(name: string, rounds = 1, env: Readonly<Record<string, string>> = {}): Promise<Measurement> {
  const row = rows[name];
  if (row === undefined) throw new Error(`there is no row ${name}`);
  const log: string[] = [];
  try {
    const installation = { ...row.installation, env };
    const options = { rounds, ratePerS: RATE_PER_S, outageMs: OUTAGE_MS, say: (line: string) => log.push(line) };
    return await measure({ ...row, installation }, options);
  } catch (error) {
    throw new Error([(error as Error).message, ...log].join('\n'), { cause: error });
  }
}

const KEPT = { failed: 0, unknown: 0, lost: 0, doubled: 0, broken: [] };

test('an acknowledged write is on every replica after the leader is killed under load', async () => {
  expect(await see('leader-kill', 2)).toMatchObject(KEPT);
});

test('a leader that is frozen under load costs no write, and once it goes on it disturbs nobody', async () => {
  expect(await see('leader-pause')).toMatchObject(KEPT);
});

test('no request fails while leader, follower and proxy are stopped in turn', async () => {
  expect(await see('terminate')).toMatchObject(KEPT);
});

test('a follower that is killed costs no write, and its next process gets in sync under load', async () => {
  expect(await see('follower-kill')).toMatchObject(KEPT);
});

test('writes go on while the Kubernetes API is away, and afterwards leader and set are the same', async () => {
  expect(await see('api-kill')).toMatchObject(KEPT);
});

test('with the API away a leader that dies is missed by writes only, which wait for the next', async () => {
  expect(await see('api-away-leader-killed')).toMatchObject(KEPT);
});

test('one replica that is left of three acknowledges nothing alone, and loses nothing', async () => {
  expect(await see('two-of-three')).toMatchObject({ lost: 0, doubled: 0, broken: [] });
});

test('a history that ended with its last replica is not mistaken for the next one', async () => {
  expect(await see('all-killed')).toMatchObject(KEPT);
});

test('bad input gets a clear error, and nobody else notices', async () => {
  expect(await see('bad-input', 1, { KV_REQUEST_TIMEOUT: '2s' })).toMatchObject(KEPT);
});
