import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { createLog, type LogOptions } from '../../../../src/adapters/observability/create-log.ts';
import { logReport } from '../../../../src/adapters/observability/log-report.ts';
import type { Report } from '../../../../src/core/group/io.ts';

function logOf(level: LogOptions['level']) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const log = createLog({ level, fields: { process: 'kvstore', pod: 'a' }, stream });
  const lines = () =>
    chunks
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines };
}

test('each line is one JSON object with its time, level, event and the fields of the process', () => {
  const { log, lines } = logOf('info');
  log.info('listening', { address: '[::1]:8000' });
  expect(lines()).toEqual([
    {
      time: expect.any(String),
      level: 'info',
      event: 'listening',
      process: 'kvstore',
      pod: 'a',
      address: '[::1]:8000',
    },
  ]);
});

test('what is less severe than the level is not written', () => {
  const { log, lines } = logOf('warn');
  log.debug('no');
  log.info('no');
  log.warn('yes');
  log.error('yes');
  expect(lines().map((line) => line['level'])).toEqual(['warn', 'error']);
});

test('an error keeps its message and its cause, and a field that cannot be printed loses only itself', () => {
  const { log, lines } = logOf('info');
  log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  log.error('cyclic', { cycle });
  expect(lines()[0]).toMatchObject({ error: { message: 'outer', cause: { message: 'inner' } } });
  expect(lines()[1]).toMatchObject({ event: 'cyclic', unprintable: ['process', 'pod', 'cycle'] });
});

test('every change of role, epoch, set and lineage is one line with its reason; notes only at debug', () => {
  const reports: readonly Report[] = [
    { kind: 'roleChanged', role: 'leading', epoch: 4, reason: 'the leader is dead' },
    { kind: 'setChanged', epoch: 4, members: ['a/1/x'], reason: 'silent' },
    { kind: 'lineageChanged', lineage: { number: 2, id: 'z' }, reason: 'nothing left' },
    { kind: 'alarm', code: 'frozen', message: 'the record is lost' },
    { kind: 'note', message: 'why' },
  ];
  const { log, lines } = logOf('info');
  for (const report of reports) logReport(log, report);
  expect(lines()).toMatchObject([
    { level: 'info', event: 'role changed', role: 'leading', epoch: 4, reason: 'the leader is dead' },
    { level: 'info', event: 'in-sync set changed', members: ['a/1/x'], reason: 'silent' },
    { level: 'info', event: 'lineage changed', lineage: { number: 2, id: 'z' }, reason: 'nothing left' },
    { level: 'error', event: 'alarm', code: 'frozen', message: 'the record is lost' },
  ]);
});
