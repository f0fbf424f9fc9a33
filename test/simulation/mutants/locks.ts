import type { Mutant } from './mutant.ts';

/** R18. */
export const lockMutants: readonly Mutant[] = [
  {
    name: 'token-again-after-expiry',
    rule: 'R18',
    without: 'whoever gets a lock gets a token that nobody has had before',
    aim: 'locks',
    patches: [
      {
        file: 'store/locks.ts',
        find: `  return hold(lock, { lockId, owner: command.owner, revision: index, expiresAtMs });`,
        replace: `  return hold(lock, { lockId, owner: command.owner, revision: newest?.revision ?? index, expiresAtMs });`,
      },
    ],
  },
  {
    name: 'fence-not-checked',
    rule: 'R18',
    without: 'a write under a stale fence is refused',
    aim: 'locks',
    patches: [
      {
        file: 'store/decide-write.ts',
        find: `  return isStale(fence, newest.lockOf(fence.lock), place) ? STALE : decide(command.command, newest, place);`,
        replace: `  return fence === null ? STALE : decide(command.command, newest, place);`,
      },
    ],
  },
  {
    name: 'fence-good-after-expiry',
    rule: 'R18',
    without: 'a token is good no longer than the lock is held, by the log',
    aim: 'locks',
    patches: [
      {
        file: 'store/locks.ts',
        find: `  if (newest === null || isLapsed(newest, timeMs)) return true;`,
        replace: `  if (newest === null) return true;`,
      },
    ],
  },
  {
    name: 'fence-good-in-every-lineage',
    rule: 'R18',
    without: 'a token is good in its own lineage only',
    aim: 'locks-over-lineages',
    patches: [
      {
        file: 'store/locks.ts',
        find: `  return token.lineageNumber !== lineageNumber || token.revision !== newest.revision;`,
        replace: `  return token.revision !== newest.revision;`,
      },
    ],
  },
  {
    name: 'lapsed-locks-are-held',
    rule: 'R18',
    without: 'a lock whose time has passed is neither held nor renewed',
    aim: 'locks',
    patches: [
      {
        file: 'store/locks.ts',
        find: `  const held = newest === null || isLapsed(newest, timeMs) ? null : newest;`,
        replace: `  const held = newest;`,
      },
    ],
  },
  {
    name: 'renewed-by-anybody',
    rule: 'R18',
    without: 'only its holder renews a lock',
    aim: 'locks',
    patches: [
      {
        file: 'store/locks.ts',
        find: `  if (command.kind === 'renew') return held?.lockId === lockId ? hold(`,
        replace: `  if (command.kind === 'renew') return held !== null ? hold(`,
      },
    ],
  },
  {
    name: 'locks-by-what-is-applied',
    rule: 'R18',
    without: 'a lock is decided by its newest state, committed or not',
    aim: 'locks',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    return open === undefined ? this.machine.locks.lockOf(lock) : open.held;`,
        replace: `    return this.machine.locks.lockOf(lock);`,
      },
    ],
  },
  {
    name: 'learners-without-locks',
    rule: 'R18',
    without: 'a snapshot carries the locks',
    aim: 'locks-and-snapshots',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `    if (lock.done !== true) return { kind: 'lock', lock: lock.value[0], held: lock.value[1] };`,
        replace: '',
      },
    ],
  },
  {
    name: 'frees-what-was-renewed-since',
    rule: 'R18',
    without: 'only what has lapsed by its newest state is freed, applied or not',
    aim: 'locks-and-slow-links',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `      if (held === null || !isLapsed(held, timeMs)) continue;`,
        replace: '',
      },
    ],
  },
  {
    name: 'lapsed-locks-stay',
    rule: 'R18',
    without: 'the leader frees what has lapsed',
    aim: 'locks',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `      effects.push({ kind: 'free', lock });`,
        replace: '',
      },
    ],
  },
  {
    name: 'lapsed-holders-shown',
    rule: 'R18',
    without: 'a read does not show a holder whose time has passed',
    aim: 'locks',
    patches: [
      {
        file: 'store/state-machine.ts',
        find: `    return held !== null && isLapsed(held, this.#timeMs) ? null : held;`,
        replace: `    return held;`,
      },
    ],
  },
  {
    name: 'locks-read-at-once',
    rule: 'R18',
    without: 'a read of a lock waits for the entry that changes it',
    aim: 'reads-of-locks',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    return this.#openLocks.get(lock)?.index ?? null;`,
        replace: `    return null;`,
      },
    ],
  },
  {
    name: 'refusals-kept-under-a-key',
    rule: 'R18',
    without: 'whoever did not get a lock asks again, under the same Idempotency-Key',
    aim: 'locks',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `      idempotencyKey: outcome.kind === 'held' ? null : request.idempotencyKey,`,
        replace: `      idempotencyKey: request.idempotencyKey,`,
      },
    ],
  },
];
