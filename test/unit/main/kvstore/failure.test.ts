import { expect, test } from '@jest/globals';
import { InvariantError } from '../../../../src/core/base/assert.ts';
import { reportFailure } from '../../../../src/main/kvstore/failure.ts';
import type { LogFields } from '../../../../src/ports/telemetry.ts';
import { following, GROUP, quietLog } from '../../runtime/fakes.ts';

function reported(error: unknown, status = following as typeof following | null) {
  const lines: { event: string; fields: LogFields | undefined }[] = [];
  const log = { ...quietLog, error: (event: string, fields?: LogFields) => void lines.push({ event, fields }) };
  const exitCode = reportFailure(log, { group: GROUP, error, status });
  return { exitCode, lines };
}

test('a broken invariant is reported by its rule, with how the replica stood, and has an exit code of its own', () => {
  const error = new InvariantError('R10: a committed entry is never dropped');
  const { exitCode, lines } = reported(error);
  expect(exitCode).toBe(70);
  const { replica, role, epoch, lineage, lastIndex, commitIndex, appliedIndex } = following;
  const standing = { replica, role, epoch, lineage, lastIndex, commitIndex, appliedIndex };
  expect(lines).toMatchObject([
    {
      event: 'invariant-violated',
      fields: { rule: 'R10', invariant: error.message, group: GROUP, ...standing, error },
    },
  ]);
});

test('it is reported also where nothing else is known', () => {
  const { exitCode, lines } = reported(new InvariantError('unreachable: {}'), null);
  expect([exitCode, lines.map(({ event, fields }) => [event, fields?.['rule']])]).toEqual([
    70,
    [['invariant-violated', null]],
  ]);
});

test('any other error is not called a broken invariant', () => {
  const error = new RangeError('too long');
  const { exitCode, lines } = reported(error);
  expect([exitCode, lines]).toMatchObject([
    1,
    [{ event: 'process failed', fields: { replica: following.replica, error } }],
  ]);
});
