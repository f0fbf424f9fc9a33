import type { Key } from '../../../src/core/base/key.ts';
import type { Ticket } from '../../../src/core/group/io.ts';
import { describe, expect, test } from '@jest/globals';
import { InvariantError } from '../../../src/core/base/assert.ts';
import { groupId, logIndex } from '../../../src/core/base/numbers.ts';
import { GroupDriver, type Answered, type Asker } from '../../../src/runtime/group-driver.ts';
import { Turns } from '../../../src/runtime/turns.ts';
import {
  committed,
  FakeApi,
  FakeConnection,
  FakeTransport,
  following,
  GROUP,
  leading,
  peerFrame,
  quietLog,
  realClock,
  RecordingListener,
  ScriptedGroup,
  someMessage,
  someWrite,
  turn,
  until,
} from './fakes.ts';

function driven() {
  const group = new ScriptedGroup();
  const api = new FakeApi();
  const transport = new FakeTransport();
  const listener = new RecordingListener();
  const turns = new Turns(realClock);
  const driver = new GroupDriver({
    id: GROUP,
    group,
    podName: 'kv-1',
    httpAddress: 'kv-1:8000',
    memoryBytesMax: 1000,
    usage: () => ({ cpuPercent: 1.5, memoryPercent: 2.5 }),
    api,
    transport,
    clock: realClock,
    turns,
    log: quietLog,
    listener,
  });
  return { group, api, transport, listener, driver };
}

class RecordingAsker implements Asker {
  readonly answers: Answered[] = [];
  onAnswered(answer: Answered): void {
    this.answers.push(answer);
  }
}

test('everything that arrives in one turn of the event loop is stepped in order, then flushed once', async () => {
  const { group, driver } = driven();
  const link = driver.accept(new FakeConnection('kv-2'));
  link.onFrames([peerFrame(), peerFrame()]);
  driver.write(someWrite, new RecordingAsker());
  expect(group.inputs).toEqual([]);
  await turn();
  expect(group.turns[0]?.map((input) => input.kind)).toEqual(['accepted', 'received', 'received', 'write']);
  expect(group.turns).toHaveLength(2);
});

test('what an answer brings in waits for the next turn', async () => {
  const { group, driver } = driven();
  group.onStep = (input, effects) => {
    if (input.kind === 'write') effects.push({ kind: 'writeAnswered', ticket: input.ticket, outcome: committed });
  };
  driver.write(someWrite, {
    onAnswered() {
      driver.tick();
    },
  });
  await until('the tick', () => group.of('tick').length === 1);
  expect(group.turns.map((inputs) => inputs.map((input) => input.kind))).toEqual([['write'], ['tick'], []]);
});

const keyRead = { kind: 'key', key: 'k' as Key, mode: 'in-sync', token: null } as const;
const nothingFound = {
  kind: 'read',
  found: null,
  remainingMs: null,
  lineage: { number: 1, id: 'one' },
  revision: logIndex(7),
} as const;

test('a read is answered at once, and is not a turn of its own', async () => {
  const { group, driver } = driven();
  const asker = new RecordingAsker();
  group.onStep = (input, effects) => {
    if (input.kind === 'read') effects.push({ kind: 'readAnswered', ticket: input.ticket, outcome: nothingFound });
  };
  expect([driver.read(keyRead, asker), driver.read(keyRead, asker)]).toEqual([nothingFound, nothingFound]);
  await turn();
  expect(asker.answers).toEqual([]);
  expect(driver.waiting).toBe(0);
  expect(group.turns).toHaveLength(1);
});

test('a read is not behind what waits for the turn', async () => {
  const { group, driver } = driven();
  const asker = new RecordingAsker();
  group.onStep = (input, effects) => {
    if (input.kind === 'read') effects.push({ kind: 'readAnswered', ticket: input.ticket, outcome: nothingFound });
  };
  driver.tick();
  expect(driver.read(keyRead, asker)).toEqual(nothingFound);
  driver.tick();
  await turn();
  expect(group.turns.map((inputs) => inputs.map(({ kind }) => kind))).toEqual([['read', 'tick', 'tick'], []]);
  expect(asker.answers).toEqual([]);
});

test('a read that has to wait is flushed in its turn, since it may have something to ask', async () => {
  const { group, driver } = driven();
  const asker = new RecordingAsker();
  expect(driver.read(keyRead, asker)).toBe(1);
  expect(driver.waiting).toBe(1);
  group.onFlush = (effects) => {
    effects.push({ kind: 'readAnswered', ticket: 1, outcome: nothingFound });
  };
  await turn();
  expect(asker.answers).toEqual([{ kind: 'readAnswered', ticket: 1, outcome: nothingFound }]);
});

test('whoever is told by a read of another one, and reads then, waits for the next turn', async () => {
  const { group, driver } = driven();
  const answers: Answered[] = [];
  const later = new RecordingAsker();
  driver.read(keyRead, {
    onAnswered(answer) {
      answers.push(answer);
      expect(driver.read(keyRead, later)).toBe(3);
    },
  });
  await turn();
  group.onStep = (input, effects) => {
    if (input.kind !== 'read') return;
    if (input.ticket === 2) effects.push({ kind: 'readAnswered', ticket: 1, outcome: nothingFound });
    effects.push({ kind: 'readAnswered', ticket: input.ticket, outcome: nothingFound });
  };
  expect(driver.read(keyRead, new RecordingAsker())).toEqual(nothingFound);
  expect(answers).toEqual([{ kind: 'readAnswered', ticket: 1, outcome: nothingFound }]);
  await turn();
  expect(later.answers).toEqual([{ kind: 'readAnswered', ticket: 3, outcome: nothingFound }]);
});

test('effects are performed in their order, those of the flush last', async () => {
  const { group, transport, listener, driver } = driven();
  group.onStep = (input, effects) => {
    if (input.kind === 'tick') effects.push({ kind: 'connect', link: 1, address: 'kv-0:7000' });
  };
  group.onFlush = (effects) => {
    effects.push({ kind: 'send', link: 1, message: someMessage });
    effects.push({ kind: 'report', report: { kind: 'note', message: 'sent' } });
  };
  driver.tick();
  await turn();
  expect(transport.dialled.map((connection) => connection.remoteAddress)).toEqual(['kv-0:7000']);
  expect(transport.dialled[0]?.sent).toEqual([{ kind: 'peer', group: GROUP, message: someMessage }]);
  expect(listener.events).toEqual([{ kind: 'note', message: 'sent' }]);
});

test('a dialled connection is one link, from its opening to its end', async () => {
  const { group, transport, driver } = driven();
  group.onStep = (input, effects) => {
    if (input.kind === 'tick') effects.push({ kind: 'connect', link: 1, address: 'kv-0:7000' });
  };
  driver.tick();
  await turn();
  const handler = transport.dialled[0]?.handler;
  handler?.onOpen();
  handler?.onFrames([peerFrame()]);
  handler?.onClose('refused', 'ECONNREFUSED');
  handler?.onClose('lost', 'once more');
  await turn();
  expect(group.inputs.slice(1)).toEqual([
    { kind: 'connected', link: 1 },
    { kind: 'received', link: 1, message: someMessage },
    { kind: 'closed', link: 1, reason: 'refused' },
  ]);
});

test('accepted links are numbered -1, -2, …', async () => {
  const { group, driver } = driven();
  driver.accept(new FakeConnection('a'));
  driver.accept(new FakeConnection('b'));
  await turn();
  expect(group.of('accepted').map((input) => input.link)).toEqual([-1, -2]);
});

test('a group never hears of the end of a link that it disconnected, even where both fall into one turn', async () => {
  const { group, driver } = driven();
  const connection = new FakeConnection('kv-2');
  const link = driver.accept(connection);
  await turn();
  group.onStep = (input, effects) => {
    if (input.kind === 'received') effects.push({ kind: 'disconnect', link: input.link, reason: 'not of this group' });
  };
  link.onFrames([peerFrame()]);
  link.onClose('lost', 'reset');
  await turn();
  expect(group.of('closed')).toEqual([]);

  const another = new FakeConnection('kv-2');
  const second = driver.accept(another);
  second.onFrames([peerFrame()]);
  await turn();
  expect(another.closedWith).toBe('not of this group');
  second.onFrames([peerFrame()]);
  await turn();
  expect(group.of('received')).toHaveLength(2);
});

test('a message that no frame can hold ends its link, and the group goes on', async () => {
  const { group, driver, listener } = driven();
  const connection = new FakeConnection('kv-2');
  driver.accept(connection);
  await turn();
  connection.send = () => {
    throw new Error('a frame of 21 MiB');
  };
  group.onFlush = (effects) => {
    if (group.of('tick').length === 1) effects.push({ kind: 'send', link: -1, message: someMessage });
  };
  driver.tick();
  await turn();
  await turn();
  expect(connection.closedWith).toContain('a frame of 21 MiB');
  expect(group.of('closed')).toEqual([{ kind: 'closed', link: -1, reason: 'lost' }]);
  driver.tick();
  await turn();
  expect([group.of('tick').length, listener.failures]).toEqual([2, []]);
});

test('a frame of another group ends the link', async () => {
  const { group, driver } = driven();
  const connection = new FakeConnection('kv-2');
  const link = driver.accept(connection);
  link.onFrames([peerFrame(), peerFrame(groupId(9)), peerFrame()]);
  await turn();
  expect(connection.closedWith).toMatch(/group 9/);
  expect(group.inputs.map((input) => input.kind)).toEqual(['accepted', 'received', 'closed']);
});

test('each call of the API is answered with its number', async () => {
  const { group, api, driver } = driven();
  group.onStep = (input, effects) => {
    if (input.kind === 'tick') effects.push({ kind: 'callApi', call: 17, request: { kind: 'readLease' } });
  };
  driver.tick();
  await until('the answer', () => group.of('apiAnswered').length === 1);
  expect(api.calls).toEqual([{ kind: 'readLease' }]);
  expect(group.of('apiAnswered')).toEqual([{ kind: 'apiAnswered', call: 17, answer: { kind: 'absent' } }]);
});

test('what the watches say comes in as hints, the own pod left out', async () => {
  const { group, api, driver } = driven();
  driver.watch(new AbortController().signal);
  api.onRecord(null);
  const common = { ready: true, terminating: false };
  api.onEndpoints([
    { podName: 'kv-0', peerAddress: 'kv-0:7000', ...common },
    { podName: 'kv-1', peerAddress: 'kv-1:7000', ...common },
  ]);
  await turn();
  expect(group.inputs).toEqual([
    { kind: 'recordHinted', record: null },
    { kind: 'peersHinted', peerAddresses: ['kv-0:7000'] },
  ]);
});

test('an answer reaches the one who asked, and its latency is told if it was committed', async () => {
  const { group, listener, driver } = driven();
  group.onStep = (input, effects) => {
    if (input.kind === 'write') effects.push({ kind: 'writeAnswered', ticket: input.ticket, outcome: committed });
    if (input.kind === 'openSession') {
      const outcome = { kind: 'refused', code: 'sessions-full', leaderHint: null } as const;
      effects.push({ kind: 'sessionAnswered', ticket: input.ticket, outcome });
    }
  };
  const [writer, opener] = [new RecordingAsker(), new RecordingAsker()];
  driver.write(someWrite, writer);
  driver.openSession(opener);
  expect(driver.waiting).toBe(2);
  await turn();
  expect(writer.answers.map((answer) => answer.outcome)).toEqual([committed]);
  expect(opener.answers.map((answer) => answer.outcome.kind)).toEqual(['refused']);
  expect(listener.commitLatencies).toHaveLength(1);
  expect(driver.waiting).toBe(0);
});

test('what a limit refuses is counted once, when it is answered; other refusals are not', async () => {
  const { group, listener, driver } = driven();
  const refuseWrites = [
    'memory-full',
    'session-full',
    'idempotency-full',
    'overloaded',
    'not-leader',
    'unknown-session',
    'idempotency-mismatch',
  ] as const;
  const refuseSessions = ['sessions-full', 'overloaded', 'not-leader'] as const;
  group.onFlush = (effects) => {
    const [writes, sessions] = [group.of('write'), group.of('openSession')];
    for (const [at, code] of refuseWrites.entries()) {
      const ticket = writes[at]?.ticket ?? 0;
      effects.push({ kind: 'writeAnswered', ticket, outcome: { kind: 'refused', code, leaderHint: null } });
    }
    for (const [at, code] of refuseSessions.entries()) {
      const ticket = sessions[at]?.ticket ?? 0;
      effects.push({ kind: 'sessionAnswered', ticket, outcome: { kind: 'refused', code, leaderHint: null } });
    }
  };
  const asker = new RecordingAsker();
  for (const _ of refuseWrites) driver.write(someWrite, asker);
  for (const _ of refuseSessions) driver.openSession(asker);
  const gone = driver.write(someWrite, asker);
  driver.cancel(gone);
  await turn();
  // Nobody waits for these answers any more.
  driver.tick();
  await turn();
  expect(asker.answers).toHaveLength(refuseWrites.length + refuseSessions.length);
  expect(listener.limitsHit).toEqual([
    'memory-full',
    'session-full',
    'idempotency-full',
    'overloaded',
    'sessions-full',
    'overloaded',
  ]);
});

test('one who is gone is told nothing, and the group hears of it', async () => {
  const { group, driver } = driven();
  const asker = new RecordingAsker();
  const ticket = driver.write(someWrite, asker);
  group.onStep = (input, effects) => {
    if (input.kind === 'cancel') effects.push({ kind: 'writeAnswered', ticket, outcome: committed });
  };
  driver.cancel(ticket);
  driver.cancel(ticket);
  await turn();
  expect(group.of('cancel')).toEqual([{ kind: 'cancel', ticket }]);
  expect(asker.answers).toEqual([]);
});

test('a broken invariant that a read meets at once is told to the listener, and answers nobody', () => {
  const { group, driver, listener } = driven();
  const asker = new RecordingAsker();
  const broken = new InvariantError('R4: entries are applied in order, each once');
  group.onStep = () => {
    throw broken;
  };
  expect(driver.read(keyRead, asker)).toBe(1);
  expect(listener.failures).toEqual([{ error: broken, status: following }]);
  expect(asker.answers).toEqual([]);
});

describe.each(['step', 'flush'] as const)('a broken invariant, met in a %s', (where) => {
  /** A replica that has a link, a read that waits, and then the turn in which it fails. */
  async function failing() {
    const all = driven();
    const { group, driver } = all;
    const connection = new FakeConnection('kv-2');
    const link = driver.accept(connection);
    const [waiting, answered] = [new RecordingAsker(), new RecordingAsker()];
    const read = { kind: 'key', key: 'k' as Key, mode: 'eventual', token: null } as const;
    driver.read(read, waiting);
    await turn();
    const broken = new InvariantError('R4: entries are applied in order, each once');
    group.onStep = (input, effects) => {
      if (input.kind !== 'write') return;
      effects.push({ kind: 'connect', link: 1, address: 'kv-0:7000' });
      effects.push({ kind: 'send', link: -1, message: someMessage });
      effects.push({ kind: 'writeAnswered', ticket: input.ticket, outcome: committed });
      effects.push({ kind: 'callApi', call: 1, request: { kind: 'readLease' } });
      if (where === 'step') throw broken;
    };
    group.onFlush = () => {
      if (where === 'flush') throw broken;
    };
    driver.write(someWrite, answered);
    await turn();
    return { ...all, broken, connection, link, read, waiting, answered };
  }

  test('is told to the listener with how the group stood, and nothing of its turn leaves the process', async () => {
    const { listener, broken, transport, api, connection, waiting, answered } = await failing();
    expect(listener.failures).toEqual([{ error: broken, status: following }]);
    expect([transport.dialled, api.calls, connection.sent, connection.closedWith]).toEqual([[], [], [], null]);
    expect([waiting.answers, answered.answers, listener.commitLatencies]).toEqual([[], [], []]);
  });

  test('is the last of the group: nothing is stepped, and nobody is told anything', async () => {
    const { group, driver, link, read, listener, connection } = await failing();
    const before = group.inputs.length;
    const late = new RecordingAsker();
    driver.tick();
    link.onFrames([peerFrame()]);
    driver.openSession(late);
    driver.cancel(driver.read(read, late) as Ticket);
    await turn();
    expect([group.inputs.length, connection.sent, late.answers]).toEqual([before, [], []]);
    expect(listener.failures).toHaveLength(1);
  });

  test('is reported even where the group can no longer say how it stands', async () => {
    const { group, driver, listener } = driven();
    group.status = () => {
      throw new Error('nothing fits together');
    };
    group.onFlush = () => {
      throw new InvariantError('R4: entries are applied in order, each once');
    };
    driver.tick();
    await turn();
    expect(listener.failures).toMatchObject([{ status: null }]);
  });
});

test('a driver that is closed leaves nobody waiting, and steps no more', async () => {
  const { group, driver } = driven();
  const [waiting, late] = [new RecordingAsker(), new RecordingAsker()];
  driver.write(someWrite, waiting);
  await turn();
  driver.close();
  expect(waiting.answers.map((answer) => answer.outcome)).toEqual([{ kind: 'unknown', code: 'deposed' }]);
  driver.openSession(late);
  expect(late.answers).toEqual([]);
  await turn();
  expect(late.answers.map((answer) => answer.outcome.kind)).toEqual(['refused']);
  expect(group.inputs).toHaveLength(1);
});

test('stopping resolves when the group says that nothing holds it', async () => {
  const { group, driver } = driven();
  let stopped = false;
  const stopping = driver.stop(5000).then(() => {
    stopped = true;
  });
  await turn();
  expect(group.of('stop')).toEqual([{ kind: 'stop', graceMs: 5000 }]);
  expect(stopped).toBe(false);
  group.onStep = (_input, effects) => effects.push({ kind: 'stopped' });
  driver.tick();
  await stopping;
});

test('the status is that of the last turn', async () => {
  const { group, driver } = driven();
  expect(driver.status).toBe(following);
  group.statusNow = leading;
  expect(driver.status).toBe(following);
  driver.tick();
  await turn();
  expect(driver.status).toBe(leading);
  expect(driver.summary).toMatchObject({
    podName: 'kv-1',
    role: 'leading',
    httpAddress: 'kv-1:8000',
    keys: 2,
    memoryBytes: 800,
    memoryBytesMax: 1000,
    cpuPercent: 1.5,
  });
});
