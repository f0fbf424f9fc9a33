import type { Mutant } from './mutant.ts';

/** R12, R15, R19: what clients are shown and told, and that what they repeat takes effect once. */
export const clientMutants: readonly Mutant[] = [
  // --- R12 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'key-not-waited-for',
    rule: 'R12',
    without: 'a read waits for a key with an uncommitted entry',
    aim: 'reads-after-a-takeover',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    if (index === null) this.#answer(read, now, effects);`,
        replace: `    if (true) this.#answer(read, now, effects);`,
      },
    ],
  },
  {
    name: 'followers-show-uncommitted',
    rule: 'R12',
    without: 'followers show only committed entries',
    aim: 'anything',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    this.#replica.commitThrough(append.commitIndex, onApplied);`,
        replace: `    this.#replica.commitThrough(log.lastIndex, onApplied);`,
      },
    ],
  },
  {
    name: 'no-round-before-reads',
    rule: 'R12',
    without: 'a linearizable read at the leader waits for a round',
    aim: 'linearizable-reads',
    patches: [
      {
        file: 'group/reads.ts',
        find: `        else this.#awaitRound(read, this.#leader, effects);`,
        replace: `        else this.#passKey(read, effects);`,
      },
    ],
  },
  {
    name: 'no-vouching',
    rule: 'R12',
    without: 'a linearizable read at a follower waits for its leader to vouch',
    aim: 'linearizable-reads',
    patches: [
      {
        file: 'group/reads.ts',
        find: `        if (this.#leader === null) this.#awaitVouch(read, effects);`,
        replace: `        if (this.#leader === null) this.#passKey(read, effects);`,
      },
    ],
  },
  {
    name: 'round-before-the-read-counts',
    rule: 'R12',
    without: 'the round began after the read arrived',
    aim: 'takeover-between-rounds',
    patches: [
      {
        file: 'replication/rounds.ts',
        find: `    this.#unassigned.push(waiter);`,
        replace: `    this.#waiters.push({ waiter, round: this.#newest });`,
      },
    ],
  },
  {
    name: 'round-of-a-majority',
    rule: 'R12',
    without: 'the round asks all, not a majority',
    aim: 'majority-without-api',
    patches: [
      {
        file: 'replication/rounds.ts',
        find: `    for (const id of this.#set.maximal) {
      if (id === this.#self) continue;
      full = Math.min(full, this.#followers.get(id)?.ackedRound ?? 0);
    }`,
        replace: `    const rounds = [...this.#set.maximal].map((id) => (id === this.#self ? full : (this.#followers.get(id)?.ackedRound ?? 0)));
    full = rounds.sort((a, b) => b - a)[Math.floor(rounds.length / 2)];`,
      },
    ],
  },
  {
    name: 'renewal-covers-later-reads',
    rule: 'R12',
    without: 'a renewal proves authority only for reads that arrived before it began',
    aim: 'slow-answer-to-a-renewal',
    patches: [
      {
        file: 'replication/rounds.ts',
        find: `    this.#renewedThrough = Math.max(this.#renewedThrough, this.#renewal.round);`,
        replace: `    this.#renewedThrough = this.#newest;`,
      },
    ],
  },
  {
    name: 'outsiders-vouched-for',
    rule: 'R12',
    without: 'a leader refuses to vouch for replicas that are not members',
    aim: 'linearizable-reads-at-outsiders',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (progress === undefined || !this.set.confirmed.has(progress.id)) {`,
        replace: `    if (progress === undefined) {`,
      },
      {
        file: 'replication/leader.ts',
        find: `      const granted = this.set.confirmed.has(progress.id);`,
        replace: `      const granted = true;`,
      },
      {
        file: 'group/reads.ts',
        find: `    if (!this.#follower.member) {
      this.#settle(`,
        replace: `    if (!this.#follower.streaming) {
      this.#settle(`,
      },
      {
        file: 'replication/follower.ts',
        find: `    if (this.#link === null || stream?.member !== true || stream.install !== null) return false;`,
        replace: `    if (this.#link === null || stream === null || stream.install !== null) return false;`,
      },
    ],
  },
  {
    name: 'in-sync-without-authority',
    rule: 'R12',
    without: 'an in-sync read needs authority that was confirmed within the staleness bound',
    aim: 'in-sync-reads',
    patches: [
      {
        file: 'group/reads.ts',
        find: `        if (now.monotonicMs > untilMs) this.#settle(`,
        replace: `        if (untilMs === -Infinity) this.#settle(`,
      },
    ],
  },
  {
    name: 'leader-trusts-itself',
    rule: 'R12',
    without: 'the leader holds itself to the staleness bound',
    aim: 'in-sync-reads',
    patches: [
      {
        file: 'group/reads.ts',
        find: `            : this.#leader.rounds.authorityMs + this.#times.readStalenessMs;`,
        replace: `            : Infinity;`,
      },
    ],
  },
  {
    name: 'in-sync-at-outsiders',
    rule: 'R12',
    without: 'only members answer in-sync reads',
    aim: 'in-sync-reads-at-outsiders',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    return this.#stream?.member === true && this.#stream.install === null`,
        replace: `    return this.#stream != null && this.#stream.install === null`,
      },
    ],
  },
  {
    name: 'staleness-from-arrival',
    rule: 'R12',
    without: 'staleness is measured from the echo, never from when a message arrived',
    aim: 'in-sync-reads-far-behind',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    stream.confirmedMs = Math.max(stream.confirmedMs, append.confirmedMs);`,
        replace: `    if (append.confirmedMs >= 0) stream.confirmedMs = now.monotonicMs;`,
      },
    ],
  },
  {
    name: 'session-not-waited-for',
    rule: 'R12',
    without: 'a replica that has not applied what the session has seen waits',
    aim: 'session-reads',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    const revision = Math.max(token?.revision ?? 0, revisionToSee(read.request)) as LogIndex;`,
        replace: `    const revision = revisionToSee(read.request) as LogIndex;`,
      },
    ],
  },
  {
    name: 'token-of-any-lineage',
    rule: 'R12',
    without: 'the lineage in session tokens',
    aim: 'session-reads-over-lineages',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    if (token !== null && !sameLineage(token.lineage, lineage)) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  {
    name: 'reads-of-a-replaced-history',
    rule: 'R12',
    without: 'data of a history that was replaced is not shown',
    aim: 'session-reads-over-lineages',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    if (!sameLineage(lineage, this.#obedience.lineage)) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  {
    name: 'lists-wait-for-nothing',
    rule: 'R12',
    without: 'a list waits for the newest open entry under its prefix',
    aim: 'lists',
    patches: [
      {
        file: 'group/reads.ts',
        find: `        return this.#replica.openIndexUnder(request.selection.prefix);`,
        replace: `        return null;`,
      },
    ],
  },
  {
    name: 'lists-wait-for-any-entry',
    rule: 'R12',
    without: 'it is the newest of those entries that a list waits for',
    aim: 'lists-far-behind',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `if (newest === null || change.index > newest) newest = change.index;`,
        replace: `newest ??= change.index;`,
      },
    ],
  },
  {
    name: 'lists-show-again-what-was-gone',
    rule: 'R17',
    without: 'a list waits for the time by which a key is gone, which somebody may have been shown',
    aim: 'lists-of-what-was-gone',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    if ((this.machine.store.earliestExpiryMs ?? Infinity) <= last.timeMs) return last.index;`,
        replace: '',
      },
    ],
  },
  {
    name: 'lists-show-again-what-was-written-and-gone',
    rule: 'R17',
    without: 'that holds for what is not applied, too',
    aim: 'lists-far-behind',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `      if (current !== null && isDue(current, last.timeMs)) return last.index;`,
        replace: '',
      },
    ],
  },
  // --- R16 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'steps-do-not-see-each-other',
    rule: 'R16',
    without: 'a step sees what those before it have done',
    aim: 'composites',
    patches: [
      {
        file: 'store/decide.ts',
        find: `    return this.#changed.get(key) ?? this.#newest.stateOf(key);`,
        replace: `    return this.#newest.stateOf(key);`,
      },
    ],
  },
  {
    name: 'abandoned-half-done',
    rule: 'R16',
    without: 'a transaction of which a step cannot be done does nothing',
    aim: 'composites',
    patches: [
      {
        file: 'store/decide.ts',
        find: `      return { effects: NONE, outcome: { kind: 'abandoned',`,
        replace: `      return { effects: draft.effects, outcome: { kind: 'abandoned',`,
      },
    ],
  },
  {
    name: 'only-the-last-key-is-open',
    rule: 'R16',
    without: 'every key that an uncommitted entry changes is waited for, and decided against',
    aim: 'composites',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    for (const effect of effectsOf(entry)) {
      if ('lock' in effect) {
        this.#openLocks.set`,
        replace: `    for (const effect of effectsOf(entry).slice(-1)) {
      if ('lock' in effect) {
        this.#openLocks.set`,
      },
    ],
  },
  {
    name: 'half-of-an-entry-is-applied',
    rule: 'R16',
    without: 'all that an entry changes is applied',
    aim: 'composites',
    patches: [
      {
        file: 'store/state-machine.ts',
        find: `        for (const effect of body.effects) this.#perform(effect);
        const`,
        replace: `        for (const effect of body.effects.slice(0, 2)) this.#perform(effect);
        const`,
      },
    ],
  },
  {
    name: 'clears-whatever-the-count',
    rule: 'R16',
    without: 'what is under a prefix goes only if it is as much as was expected',
    aim: 'clearings',
    patches: [
      {
        file: 'store/delete-prefix.ts',
        find: `  if (command.expected !== count) return`,
        replace: `  if (command.expected === null) return`,
      },
    ],
  },
  {
    name: 'clears-what-is-applied',
    rule: 'R16',
    without: 'keys that only an uncommitted entry has made are under a prefix, too',
    aim: 'clearings',
    patches: [
      {
        file: 'replication/replica.ts',
        find: `    for (const key of this.#open.keys()) if (key.startsWith(prefix) && store.get(key) === null) yield key;`,
        replace: '',
      },
    ],
  },
  {
    name: 'clears-what-is-due',
    rule: 'R16',
    without: 'what is due under a prefix does not count',
    aim: 'clearings',
    patches: [
      {
        file: 'store/delete-prefix.ts',
        find: `    if (state.current === null || isDue(state.current, place.timeMs)) continue;`,
        replace: `    if (state.current === null) continue;`,
      },
    ],
  },
  // --- R15 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'answered-when-appended',
    rule: 'R15',
    without: 'a write is answered only when it is committed',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    this.#waiting.push({ index, ticket, deadlineMs: now.monotonicMs + this.#times.writeWaitMs });
    return null;`,
        replace: `    return this.#committed(outcome, index);`,
      },
    ],
  },
  {
    name: 'refused-when-decided',
    rule: 'R15',
    without: 'a failed condition is answered only when its entry is committed',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    this.#waiting.push({ index, ticket, deadlineMs: now.monotonicMs + this.#times.writeWaitMs });
    return null;`,
        replace: `    if (outcome.kind === 'mismatch') return this.#committed(outcome, index);
    this.#waiting.push({ index, ticket, deadlineMs: now.monotonicMs + this.#times.writeWaitMs });
    return null;`,
      },
    ],
  },
  {
    name: 'repeats-not-recognised',
    rule: 'R15',
    without: 'repeated requests are recognised',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (kept !== undefined) return this.#answerAgain(kept, ticket, now);`,
        replace: '',
      },
      {
        file: 'replication/leader.ts',
        find: `    if (first !== undefined) return this.#await(first, null, ticket, now);`,
        replace: '',
      },
    ],
  },
  {
    name: 'uncommitted-repeats-not-recognised',
    rule: 'R15',
    without: 'a repeated request is recognised also while the first is uncommitted',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (first !== undefined) return this.#await(first, null, ticket, now);`,
        replace: '',
      },
    ],
  },
  {
    name: 'first-outcome-not-kept',
    rule: 'R15',
    without: 'a repeated request gets the first outcome',
    aim: 'anything',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (kept !== undefined) return this.#answerAgain(kept, ticket, now);`,
        replace: `    if (kept !== undefined) {
      const { id: lineageId, number: lineageNumber } = this.lineage;
      const place = { index: kept.revision, timeMs: this.#timeFor(now), lineageId, lineageNumber };
      const again = decideWrite(request.command, this.#replica, place).outcome;
      return this.#answerAgain({ outcome: again, revision: kept.revision }, ticket, now);
    }`,
      },
    ],
  },
  {
    name: 'settled-numbers-written',
    rule: 'R15',
    without: 'a number that its session has settled is refused',
    aim: 'late-copies',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (number <= settled) return { kind: 'unknown', code: 'session-lost' };`,
        replace: '',
      },
      {
        file: 'store/sessions.ts',
        find: `    if (first === undefined && id.number > session.settledThrough) {`,
        replace: `    if (first === undefined) {`,
      },
    ],
  },
  {
    name: 'forgotten-sessions-written',
    rule: 'R15',
    without: 'a request of an unknown session is refused',
    aim: 'sessions-end',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if ((session === undefined && !this.#proposals.isOpening(sessionId)) || this.#proposals.isEnding(sessionId))`,
        replace: `    if (false)`,
      },
    ],
  },
  {
    name: 'log-time-of-the-wall',
    rule: 'R15',
    without: 'the log follows a wall clock only as far as monotonic clocks bear it out',
    aim: 'idempotent-by-wrong-clocks',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    return Math.max(this.#replica.clock.read(now), this.#lastTimeMs) as WallMs;`,
        replace: `    return Math.max(now.wallMs, this.#lastTimeMs) as WallMs;`,
      },
    ],
  },
  {
    name: 'log-time-untold',
    rule: 'R15',
    without: 'appends tell the time of the log',
    aim: 'idempotent-by-wrong-clocks',
    patches: [
      { file: 'replication/follower.ts', find: `    this.#replica.clock.hear(append.timeMs, now);`, replace: '' },
    ],
  },
  {
    name: 'outcomes-of-the-leader-only',
    rule: 'R15',
    without: 'outcomes are in the log, not local',
    aim: 'anything',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    this.#replica.commitThrough(append.commitIndex, onApplied);`,
        replace: `    this.#replica.commitThrough(append.commitIndex, (entry) => {
      if (entry.body.kind === 'write') this.#replica.machine.sessions.get(entry.body.request.session)?.outcomes.delete(entry.body.request.number);
      onApplied(entry);
    });`,
      },
      {
        file: 'replication/leader.ts',
        find: `    if (number <= settled) return { kind: 'unknown', code: 'session-lost' };`,
        replace: '',
      },
    ],
  },
  {
    name: 'learners-without-outcomes',
    rule: 'R15',
    without: 'learners get the outcomes too',
    aim: 'snapshots',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `      outcomes.push(kept);
`,
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot-forgets-what-is-settled',
    rule: 'R15',
    without: 'a snapshot tells how far a session has settled',
    aim: 'late-copies-over-snapshots',
    patches: [
      {
        file: 'store/sessions.ts',
        find: `    this.#settle(session, settledThrough);
  }

  /** Sessions that nobody`,
        replace: `  }

  /** Sessions that nobody`,
      },
    ],
  },
  {
    name: 'oldest-session-dropped',
    rule: 'R15',
    without: 'sessions are bounded by refusing new ones, never by dropping old ones',
    aim: 'few-sessions',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `        : sessions >= this.#limits.sessionsMax
          ? 'sessions-full'
          : null;`,
        replace: `        : null;
    if (sessions >= this.#limits.sessionsMax) for (const [id] of this.#replica.machine.sessions.entries()) {
      this.#append({ kind: 'endSessions', sessions: [id] }, now);
      break;
    }`,
      },
    ],
  },
  {
    name: 'sessions-end-without-an-entry',
    rule: 'R15',
    without: 'idle sessions end by an entry',
    aim: 'sessions-end',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `      this.#append({ kind: 'endSessions', sessions: idle.slice(at, at + 256) }, now);`,
        replace: `      for (const id of idle.slice(at, at + 256)) sessions.end(id);`,
      },
    ],
  },
  {
    name: 'idempotency-keys-not-recognised',
    rule: 'R15',
    without: 'a repeated idempotency key gets the first outcome',
    aim: 'idempotent',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    const repeated = request.idempotencyKey === null ? null : this.#idempotent(request.idempotencyKey.key, now);`,
        replace: `    const repeated = null;`,
      },
    ],
  },
  {
    name: 'uncommitted-idempotency-keys-not-recognised',
    rule: 'R15',
    without: 'an idempotency key is recognised also while its first use is uncommitted',
    aim: 'idempotent',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (staged !== undefined) return { digest: staged.digest, outcome: null, index: staged.index };`,
        replace: '',
      },
    ],
  },
  {
    name: 'kept-outcome-before-the-first-commit',
    rule: 'R15',
    without: 'a new leader answers with a kept outcome only once its epoch has committed',
    aim: 'kept-outcomes-at-takeover',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    return this.firstCommitted
      ? this.#committed(known.outcome, known.revision)`,
        replace: `    return true
      ? this.#committed(known.outcome, known.revision)`,
      },
    ],
  },
  // --- R17 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'due-values-shown',
    rule: 'R17',
    without: 'a read does not show what is due by the time of the state that it shows',
    aim: 'lifetimes',
    patches: [
      {
        file: 'store/state-machine.ts',
        find: `    return found !== null && isDue(found, this.#timeMs) ? null : found;`,
        replace: `    return found;`,
      },
    ],
  },
  {
    name: 'due-by-the-clock',
    rule: 'R17',
    without: 'what is due is told by the log, not by a clock of the replica',
    aim: 'lifetimes',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    const found = machine.find(request.key);`,
        replace: `    const there = machine.store.get(request.key);
    const found = there?.expiresAtMs != null && there.expiresAtMs <= (this.#replica.clock.lastMs ?? 0) ? null : there;`,
      },
    ],
  },
  {
    name: 'nothing-expires',
    rule: 'R17',
    without: 'the leader removes what is due',
    aim: 'lifetimes',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `    this.#expireWhatIsDue(now, most);`,
        replace: '',
      },
    ],
  },
  {
    name: 'expires-what-was-written-since',
    rule: 'R17',
    without: 'only what is due by its newest state is removed, applied or not',
    aim: 'lifetimes',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `      if (state.current === null || !isDue(state.current, timeMs)) continue;`,
        replace: `      if (state.current === null) continue;`,
      },
    ],
  },
  {
    name: 'conditions-see-what-is-due',
    rule: 'R17',
    without: 'a write does not see what is due',
    aim: 'lifetimes',
    patches: [
      {
        file: 'store/decide.ts',
        find: `    if (state.current === null || !isDue(state.current, this.#place.timeMs)) return state;`,
        replace: `    if (state !== undefined) return state;`,
      },
      {
        file: 'store/decide.ts',
        find: `      if (state.current === null || !isDue(state.current, place.timeMs)) {`,
        replace: `      if (state !== undefined) {`,
      },
    ],
  },
  {
    name: 'shown-again-after-it-was-gone',
    rule: 'R17',
    without: 'a read waits for the time by which the key is gone, which somebody may have been shown',
    aim: 'reads-of-what-was-gone',
    patches: [
      {
        file: 'group/reads.ts',
        find: `this.#replica.fadingIndexOf(request.key) ?? this.#replica.openIndexOf(request.key)`,
        replace: `this.#replica.openIndexOf(request.key)`,
      },
    ],
  },
  // --- R19 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'watch-resumes-an-entry-late',
    rule: 'R19',
    without: 'a watch goes on with the entry after the last that it has seen',
    aim: 'watches',
    patches: [
      {
        file: 'group/watches.ts',
        find: `start.kind === 'resume' ? start.token.place :`,
        replace: `start.kind === 'resume' ? { ...start.token.place, index: start.token.place.index + 1 } :`,
      },
    ],
  },
  {
    name: 'watch-resumes-at-the-beginning-of-an-entry',
    rule: 'R19',
    without: 'a place tells how many effects of its entry are behind the watcher',
    aim: 'watches',
    patches: [
      {
        file: 'group/watches.ts',
        find: `    let { index, effects: at } = watcher.place;`,
        replace: `    let { index } = watcher.place;
    let at = 0;`,
      },
    ],
  },
  {
    name: 'slow-watchers-miss-a-turn',
    rule: 'R19',
    without: 'who does not take the news of a turn is led through the log from before it',
    aim: 'watches',
    patches: [
      {
        file: 'group/watches.ts',
        find: `        watcher.place = placeAt(this.#head);`,
        replace: `        watcher.place = placeAt(head);`,
      },
    ],
  },
  {
    name: 'told-again-after-progress',
    rule: 'R19',
    without: 'who was told of a turn is behind it, whatever it does not take after that',
    aim: 'watches-and-progress',
    patches: [
      {
        file: 'group/watches.ts',
        find: `    this.#head = head;
    this.#tellProgress(head, now, effects);`,
        replace: `    this.#tellProgress(head, now, effects);
    this.#head = head;`,
      },
      // More often than once in a second, for a seed is short; the core itself bears that.
      {
        file: 'group/watches.ts',
        find: `const HASTY_PROGRESS_MS = 1000;`,
        replace: `const HASTY_PROGRESS_MS = 50;`,
      },
    ],
  },
  {
    name: 'watches-outlive-their-data',
    rule: 'R19',
    without: 'a replica whose data becomes another ends its watches',
    aim: 'watches-and-snapshots',
    patches: [
      {
        file: 'group/watches.ts',
        find: `    if (this.#beginnings === beginnings) return;`,
        replace: `    if (this.#beginnings === beginnings || this.#beginnings > 0) return;`,
      },
    ],
  },
  {
    name: 'watch-of-a-replaced-history-goes-on',
    rule: 'R19',
    without: 'a place means something in its own lineage only',
    aim: 'watches-and-snapshots',
    patches: [
      {
        file: 'group/watches.ts',
        find: `    if (!sameLineage(token.lineage, lineage))`,
        replace: `    if (false)`,
      },
    ],
  },
  {
    name: 'state-shows-what-is-told-later',
    rule: 'R19',
    without: 'what has changed since a state began is not shown as part of it',
    aim: 'watches',
    patches: [
      {
        file: 'group/watch-state.ts',
        find: `stored === null || stored.revision >= place.index || `,
        replace: `stored === null || `,
      },
    ],
  },
];
