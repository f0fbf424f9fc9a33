import { describe, expect, test } from '@jest/globals';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import type { SessionId } from '../../../../src/core/store/commands.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import { deleteBody, entry, key, openSessionBody, putBody, SESSION } from '../kit/builders.ts';

const machineOf = (): StateMachine => new StateMachine({ tombstonesMax: 10, idempotencyKeptMs: 1000 });

describe('the state is a function of the log', () => {
  test('entries are applied in order, each once', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1));
    expect(() => machine.apply(entry(1, 1))).toThrow('entries are applied in order, each once');
    expect(() => machine.apply(entry(3, 1))).toThrow('entries are applied in order, each once');
  });

  test('a write changes its key and keeps its outcome, in one step', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1, openSessionBody()));
    machine.apply(entry(2, 1, putBody('k', { version: 1, created: 2, number: 1 })));
    expect(machine.store.get(key('k'))?.revision).toBe(2);
    expect(machine.sessions.get(SESSION)?.outcomes.get(1)).toMatchObject({ revision: 2, outcome: { kind: 'written' } });
  });

  test('R15: a write without an effect keeps its outcome all the same', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1, openSessionBody()));
    const failed = putBody('k', { version: 1, created: 2, number: 1 });
    machine.apply(
      entry(2, 1, { ...(failed as object), effects: [], outcome: { kind: 'mismatch', current: null } } as never),
    );
    expect([machine.store.size, machine.sessions.get(SESSION)?.outcomes.size]).toEqual([0, 1]);
  });

  test('sessions open and end by entries', () => {
    const machine = machineOf();
    const other = 'other' as SessionId;
    machine.apply(entry(1, 1, openSessionBody()));
    machine.apply(entry(2, 1, openSessionBody(other)));
    machine.apply(entry(3, 1, { kind: 'endSessions', sessions: [SESSION] }));
    expect([machine.sessions.get(SESSION), machine.sessions.size]).toEqual([undefined, 1]);
  });

  test('the time of the log, not of a clock, forgets the keys of clients', () => {
    const machine = machineOf();
    const body = {
      ...(putBody('k', { version: 1, created: 1 }) as object),
      idempotencyKey: { key: 'mine', digest: 'd' },
    };
    machine.apply(entry(1, 1, body as never, 5000));
    machine.apply(entry(2, 1, { kind: 'empty' }, 6000));
    expect(machine.idempotency.get('mine')?.revision).toBe(1);
    machine.apply(entry(3, 1, { kind: 'empty' }, 6001));
    expect([machine.idempotency.get('mine'), machine.timeMs]).toEqual([undefined, 6001]);
  });

  test('R11: restarting forgets everything and goes on after an index', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1, openSessionBody()));
    machine.apply(entry(2, 1, putBody('k', { version: 1, created: 2 })));
    machine.apply(entry(3, 1, deleteBody('k', 2)));
    machine.restart({ index: logIndex(10), timeMs: wallMs(9) });
    expect([machine.appliedIndex, machine.timeMs, machine.bytes, machine.store.lastVersion(key('k'))]).toEqual([
      10, 9, 0, 0,
    ]);
    machine.restore({ kind: 'tombstone', key: key('k'), version: version(4), revision: logIndex(8) });
    machine.apply(entry(11, 1, putBody('k', { version: 5, created: 11 })));
    expect(machine.store.get(key('k'))?.version).toBe(5);
  });
});
