import type { Mutant } from './mutant.ts';

/** R4, R5, R6, R10, R11: what is committed, who counts for it, and how a log and its data come to others. */
export const replicationMutants: readonly Mutant[] = [
  // --- R4 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'commits-below-the-minimum',
    rule: 'R4',
    without: 'a commit needs the minimum',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (this.set.confirmed.size < this.#limits.minInSync) return;`,
        replace: '',
      },
    ],
  },
  {
    name: 'commits-by-majority',
    rule: 'R4',
    without: 'a commit needs every member, not a majority',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    for (const id of this.set.maximal) {
      if (id === this.#replica.id) continue;
      const match = this.#followers.get(id)?.matchIndex ?? (0 as LogIndex);
      if (match < through) through = match;
    }`,
        replace: `    const matches = [...this.set.maximal].map((id) => (id === this.#replica.id ? through : (this.#followers.get(id)?.matchIndex ?? 0)));
    through = matches.sort((a, b) => b - a)[Math.floor(matches.length / 2)];`,
      },
    ],
  },
  {
    name: 'added-not-counted',
    rule: 'R4',
    without: 'replicas being added count',
    aim: 'anything',
    patches: [
      {
        file: 'replication/in-sync-set.ts',
        find: `    if (change.add !== null) this.#maximal = new Set([...this.#confirmed, change.add]);`,
        replace: '',
      },
    ],
  },
  {
    name: 'removed-before-confirmed',
    rule: 'R4',
    without: 'a removal waits for the update',
    aim: 'anything',
    patches: [
      {
        file: 'replication/in-sync-set.ts',
        find: `    if (change.add !== null) this.#maximal = new Set([...this.#confirmed, change.add]);`,
        replace: `    this.#maximal = new Set([...this.#confirmed, ...(change.add === null ? [] : [change.add])].filter((id) => id !== change.remove));`,
      },
    ],
  },
  {
    name: 'no-first-entry',
    rule: 'R4',
    without: 'a new leader appends an entry of its own epoch first',
    aim: 'idle-takeover',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    this.#append({ kind: 'begin', historyLimit: options.limits.historyLimit }, now);
    this.rounds.begin`,
        replace: `    this.rounds.begin`,
      },
    ],
  },
  // --- R5 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'added-behind-the-commit',
    rule: 'R5',
    without: 'who is added has acknowledged everything up to the commit index',
    aim: 'snapshots',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    return match >= this.#replica.commitIndex && match >= this.firstIndex;`,
        replace: `    return match >= this.firstIndex;`,
      },
    ],
  },
  {
    name: 'added-behind-the-first-entry',
    rule: 'R5',
    without: "who is added has acknowledged the leader's first entry",
    aim: 'dies-as-it-answers',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    return match >= this.#replica.commitIndex && match >= this.firstIndex;`,
        replace: `    return match >= this.#replica.commitIndex;`,
      },
    ],
  },
  {
    name: 'added-only-after-a-commit',
    rule: 'R5',
    without: 'the first entry need not be committed: at the minimum it may commit only through who is added',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    return match >= this.#replica.commitIndex && match >= this.firstIndex;`,
        replace: `    return match >= this.#replica.commitIndex && match >= this.firstIndex && this.firstCommitted;`,
      },
    ],
  },
  {
    name: 'flapping-member-at-once',
    rule: 'R5',
    without: 'a pod that was removed waits before it is added again',
    aim: 'flapping',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `      const waitMs = options.needed || this.stopping ? 0 : (removal?.waitMs ?? 0);`,
        replace: `      const waitMs = 0;`,
      },
    ],
  },
  {
    name: 'waits-though-writes-wait',
    rule: 'R5',
    without: 'nobody waits for its turn while writes wait for it',
    aim: 'two-of-three',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `      const waitMs = options.needed || this.stopping ? 0 : (removal?.waitMs ?? 0);`,
        replace: `      const waitMs = this.stopping ? 0 : (removal?.waitMs ?? 0);`,
      },
    ],
  },
  // --- R6 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'waits-for-who-refuses',
    rule: 'R6',
    without: 'where the link to a member is lost, its address is asked whether anybody is there',
    aim: 'member-dies',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    this.#knocks.begin(progress.id, progress.addresses.peer, now, effects);`,
        replace: ``,
      },
    ],
  },
  {
    name: 'refusal-outlives-the-return',
    rule: 'R6',
    without: 'who says hello again is there, whatever its address said before',
    aim: 'refused-for-a-moment',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    this.#refusing.delete(from);
`,
        replace: ``,
      },
    ],
  },
  {
    name: 'waits-for-who-is-gone',
    rule: 'R6',
    without: 'a leader that hears from nobody removes whoever is gone',
    aim: 'others-gone',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      for (const id of gone) leader.membership.onGone(id);`,
        replace: '',
      },
    ],
  },
  {
    name: 'nobody-removed',
    rule: 'R6',
    without: 'a member that does not acknowledge is removed',
    aim: 'silent-member',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `      if (hears && this.waitedMs(progress, nowMs) > this.#times.removalMs)`,
        replace: `      if (false)`,
      },
    ],
  },
  {
    name: 'shrinks-below-the-minimum',
    rule: 'R6',
    without: 'the minimum when shrinking',
    aim: 'anything',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    if (leaving !== null && set.confirmed.size - 1 >= this.#limits.minInSync) {`,
        replace: `    if (leaving !== null && set.confirmed.size > 1) {`,
      },
    ],
  },
  {
    name: 'no-replacement-at-the-minimum',
    rule: 'R6',
    without: 'at the minimum a caught-up follower takes the place of a lost member',
    aim: 'two-of-three',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    // At the minimum writes wait for whoever comes, so nobody waits for its turn.`,
        replace: `    if (leaving !== null) return;`,
      },
    ],
  },
  {
    name: 'idle-members-not-tried',
    rule: 'R6',
    without: 'a round that stays unanswered makes the leader append an empty entry',
    aim: 'idle-member-dies',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (this.drained && this.membership.hasSilentMember(nowMs)) this.#append({ kind: 'empty' }, now);`,
        replace: '',
      },
    ],
  },
  {
    name: 'deaf-leader-removes',
    rule: 'R6',
    without: 'a leader that hears from nobody removes nobody',
    aim: 'leader-cut-off',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    const hears = this.hearsFromAnybody(nowMs, this.#lateMs);`,
        replace: `    const hears = true;`,
      },
    ],
  },
  {
    name: 'late-turn-judges',
    rule: 'R6',
    without: 'a leader whose own turn came late removes nobody before it has read what arrived',
    aim: 'leader-stumbles',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    if (nowMs - this.#lastTickMs > LATE_TURN_MS) return;`,
        replace: '',
      },
      {
        file: 'replication/membership.ts',
        find: `    if (nowMs - this.#lastTickMs > LATE_TURN_MS) this.#awakeSinceMs = nowMs;`,
        replace: '',
      },
    ],
  },
  {
    name: 'no-time-to-connect',
    rule: 'R6',
    without: 'a new leader gives everybody the election time-out to connect',
    aim: 'slow-reconnect',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `    const sendableMs = progress?.sendableSinceMs ?? this.#startedMs + this.#times.electionMs;`,
        replace: `    const sendableMs = this.#startedMs;`,
      },
    ],
  },
  {
    name: 'gone-member-waited-for',
    rule: 'R6',
    without: 'a member whose pod runs another process is removed at once',
    aim: 'follower-restarts',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `      if (id !== from && member?.podUid === identity?.podUid) this.#gone.add(id);`,
        replace: '',
      },
    ],
  },
  // --- R10 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'matched-by-index-alone',
    rule: 'R10',
    without: 'logs are matched by epoch and index',
    aim: 'diverging-logs',
    patches: [
      {
        file: 'replication/log.ts',
        find: `    return this.epochAt(position.index) === position.epoch;`,
        replace: `    return this.epochAt(position.index) !== undefined;`,
      },
      {
        file: 'replication/follower.ts',
        find: `        log.epochAt(append.prevIndex) === append.prevEpoch,`,
        replace: `        true,`,
      },
    ],
  },
  {
    name: 'suffix-kept',
    rule: 'R10',
    without: 'the follower drops what follows the common entry',
    aim: 'anything',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    this.#replica.truncateAfter(position.index);
    this.#beginStream(resume, null, now);`,
        replace: `    this.#beginStream(resume, null, now);`,
      },
      {
        file: 'replication/follower.ts',
        find: `          entry.index <= log.dropped.index || log.epochAt(entry.index) === entry.epoch,`,
        replace: `          true,`,
      },
      {
        file: 'replication/follower.ts',
        find: `        log.epochAt(append.prevIndex) === append.prevEpoch,`,
        replace: `        true,`,
      },
    ],
  },
  {
    name: 'one-step-back',
    rule: 'R10',
    without: 'the last common entry is looked for, stepping back epoch by epoch',
    aim: 'diverging-logs',
    patches: [
      {
        file: 'replication/log.ts',
        find: `      if (epoch !== undefined && epoch <= position.epoch) return { index, epoch };`,
        replace: `      if (epoch !== undefined) return { index, epoch };`,
      },
    ],
  },
  {
    name: 'any-answer-to-a-hello',
    rule: 'R10',
    without: 'a hello is answered once',
    aim: 'lossy',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    return link === this.#link && this.#stream === null && answer.hello === this.#helloNumber;`,
        replace: `    return link === this.#link;`,
      },
    ],
  },
  {
    name: 'any-hello-answered',
    rule: 'R10',
    without: 'of the hellos of a replica the newest counts',
    aim: 'lossy',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (before !== undefined && hello.number <= before.hello) return;`,
        replace: '',
      },
      { file: 'replication/leader.ts', find: `    if (hello.number <= progress.hello) {`, replace: `    if (false) {` },
    ],
  },
  {
    name: 'gaps-taken',
    rule: 'R10',
    without: 'an append that does not follow the log is refused',
    aim: 'lossy',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    if (append.prevIndex > log.lastIndex) {`,
        replace: `    if (append.prevIndex > log.lastIndex) return this.#heard(now);
    if (false) {`,
      },
    ],
  },
  // --- R11 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'snapshot-sends-what-changed',
    rule: 'R11',
    without: 'a snapshot leaves out what entries since its start have changed',
    aim: 'snapshots-under-writes',
    patches: [
      {
        file: 'store/store.ts',
        find: `        else if (this.#records.revision(ref) > through)`,
        replace: `        else if (this.#records.revision(ref) > Infinity)`,
      },
    ],
  },
  {
    name: 'entries-wait-for-chunks',
    rule: 'R11',
    without: 'entries go out before the pieces of a snapshot',
    aim: 'snapshot-under-load',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `      if (progress.link !== null) this.#sendAppends(progress, progress.link, now, effects);`,
        replace: '',
      },
      {
        file: 'replication/leader.ts',
        find: `      this.#sendSnapshot(progress, now, effects, { bytesMax: SNAPSHOT_BYTES_PER_TURN });`,
        replace: `      this.#sendSnapshot(progress, now, effects, { bytesMax: SNAPSHOT_BYTES_PER_TURN });
      if (progress.link !== null) this.#sendAppends(progress, progress.link, now, effects);`,
      },
    ],
  },
  {
    name: 'pieces-wait-for-entries',
    rule: 'R11',
    without: 'one piece of a snapshot a heartbeat goes before the entries',
    aim: 'snapshot-behind-entries',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `        this.#sendSnapshot(progress, now, effects, { bytesMax: 1 });`,
        replace: `        void now;`,
      },
    ],
  },
  {
    name: 'snapshot-without-tombstones',
    rule: 'R11',
    without: 'a snapshot carries the version numbers of deleted keys',
    aim: 'snapshots',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `      return revision > this.startIndex ? [] : [{ kind: 'tombstone', key, version, revision }];`,
        replace: `      return version > 0 ? [] : [{ kind: 'tombstone', key, version, revision }];`,
      },
    ],
  },
  {
    name: 'snapshot-without-the-floor',
    rule: 'R11',
    without: 'a snapshot carries the highest version that was forgotten',
    aim: 'snapshots-few-tombstones',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    this.#replica.machine.store.raiseVersionFloor(end.versionFloor);`,
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot-without-sessions',
    rule: 'R11',
    without: 'a snapshot carries sessions',
    aim: 'successor-from-a-snapshot',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `    const session = this.#sessions.next();
    if (session.done !== true) {`,
        replace: `    const session = this.#sessions.next();
    if (session.done !== true) return 'skipped';
    if (session.done !== true) {`,
      },
    ],
  },
  {
    name: 'snapshot-without-idempotency',
    rule: 'R11',
    without: 'a snapshot carries the outcomes of idempotency keys',
    aim: 'snapshots-idempotent',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `    const idempotent = this.#idempotency.next();
    if (idempotent.done !== true) {`,
        replace: `    const idempotent = this.#idempotency.next();
    if (idempotent.done !== true) return 'skipped';
    if (idempotent.done !== true) {`,
      },
    ],
  },
  {
    name: 'acknowledges-amid-a-snapshot',
    rule: 'R11',
    without: 'amid a snapshot nothing is acknowledged',
    aim: 'snapshots-over-slow-links',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `        matchIndex: installing ? (0 as LogIndex) : this.#replica.log.lastIndex,`,
        replace: `        matchIndex: this.#replica.log.lastIndex,`,
      },
      {
        file: 'replication/leader.ts',
        find: `      if (ack.matchIndex === 0 || !progress.snapshot.done) return;
      progress.snapshot = null;`,
        replace: `      if (ack.matchIndex === 0) return;
      if (progress.snapshot.done) progress.snapshot = null;`,
      },
    ],
  },
  {
    name: 'half-a-snapshot-counts',
    rule: 'R11',
    without: 'until a snapshot is complete the replica counts as empty',
    aim: 'snapshots',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    this.#replica.becomeEmpty({ index: begin.startIndex, epoch: begin.startEpoch }, begin.timeMs);`,
        replace: `    this.#replica.becomeEmpty({ index: begin.startIndex, epoch: begin.startEpoch }, begin.timeMs);
    this.#replica.beginLineage(begin.lineage);`,
      },
    ],
  },
  {
    name: 'complete-before-the-end-is-applied',
    rule: 'R11',
    without: 'a snapshot is complete only once everything up to the end of the scan is applied',
    aim: 'snapshot-without-its-entries',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    if (end == null || this.#replica.machine.appliedIndex < end.endIndex) return;`,
        replace: `    if (end == null) return;`,
      },
    ],
  },
  {
    name: 'id-outlives-the-data',
    rule: 'R11',
    without: 'data that is given up takes its id with it',
    aim: 'restored-amid-a-snapshot',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    this.#id = replicaId({ ...this.#identity, dataId: \`\${this.#identity.dataId}.\${this.#discarded}\` });`,
        replace: '',
      },
    ],
  },
  {
    name: 'id-outlives-the-process',
    rule: 'R2',
    without: 'a replica id for every process start',
    aim: 'anything',
    patches: [
      {
        file: 'replication/replica-id.ts',
        find: `  return \`\${identity.podName}/\${identity.podUid}/\${identity.dataId}\` as ReplicaId;`,
        replace: `  return \`\${identity.podName}/\${identity.podUid}/d\` as ReplicaId;`,
      },
    ],
  },
];
