import type { Mutant } from './mutant.ts';

/** R1, R2, R3, R13, R14: the record, who may write it, whom it binds, and what is done when it or all data is lost. */
export const recordMutants: readonly Mutant[] = [
  // --- R1 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'filled-at-creation',
    rule: 'R1',
    without: 'a Lease is created empty, and filled by a replace',
    aim: 'late-creation',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `      const created = yield* call({ kind: 'createLease' });
      if (created.kind !== 'record' && created.kind !== 'conflict') return this.#retry();`,
        replace: `      const asked = yield* this.#askEverybody([]);
      if (asked === null || !asked.every(({ pod, testimony }) => isBlank(pod, testimony))) return this.#retry();
      const lineage = { number: (obedience.lineage?.number ?? 0) + 1, id: this.#options.nonces.next() };
      const epoch = Math.max(obedience.epoch, replica.lastEpoch) + 1;
      this.#options.beginnings.ask({ lineage, reason: 'created', alarm: lineage.number === 1 ? null : 'created', base: { uid: '', resourceVersion: '' } });
      const beganAt = this.#ask();
      const created = yield* call({ kind: 'createLease', content: {
        holder: replica.id, epoch, inSync: [replica.id], addresses: this.#options.addresses, lineage, nonce: this.#options.nonces.next(), endedEpoch: null } });
      if (created.kind !== 'record') return this.#missed(created);
      this.#noteVersion(created.record, this.#now);
      this.#view = { kind: 'obeyed', record: created.record };
      obedience.adopt({ lineage, epoch });
      return this.#named(created.record, beganAt, 'created');`,
      },
    ],
  },
  {
    name: 'no-uid',
    rule: 'R1',
    without: 'the uid in the replace',
    aim: 'late-takeover',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      kind: 'replaceLease',
      base: this.#base.version,`,
        replace: `      kind: 'replaceLease',
      base: { uid: null, resourceVersion: this.#base.version.resourceVersion },`,
      },
      {
        file: 'election/candidate.ts',
        find: `      base: record.version,
      content: {
        holder: replica.id,
        epoch: (content.epoch + 1) as Epoch,`,
        replace: `      base: { uid: null, resourceVersion: record.version.resourceVersion },
      content: {
        holder: replica.id,
        epoch: (content.epoch + 1) as Epoch,`,
      },
    ],
  },
  {
    name: 'doubt-is-refusal',
    rule: 'R1',
    without: 'an outcome in doubt stays in doubt',
    aim: 'late-addition',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `        this.#inDoubt = true;
        this.#readWanted = true;
        return this.#retry();`,
        replace: `        if (leader.set.sent) this.#confirmSet(this.#base, 'refused');
        return this.#retry();`,
      },
    ],
  },
  {
    name: 'version-stays-after-doubt',
    rule: 'R1',
    without: 'after a doubt the old set is written once more, so that the version moves',
    aim: 'late-addition',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      if (!this.#inDoubt && leader.set.sent) this.#confirmSet(record, 'the change was refused');`,
        replace: `      this.#inDoubt = false;
      if (leader.set.sent) this.#confirmSet(record, 'the change was refused');`,
      },
    ],
  },
  {
    name: 'same-nonce',
    rule: 'R1',
    without: 'a fresh nonce in every write: a replace that changes nothing does not move the version',
    aim: 'late-addition',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const nonce = nonces.next();
    this.#nonces.add(nonce);`,
        replace: `    const nonce = this.#base.content.nonce;`,
      },
    ],
  },
  {
    name: 'conflict-is-nothing',
    rule: 'R1',
    without: 'after a conflict the record is read again',
    aim: 'edited-unseen',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `        this.#readWanted = true;
        return answer.kind === 'conflict' ? null : this.#retry();`,
        replace: `        return this.#retry();`,
      },
    ],
  },
  {
    name: 'watch-decides',
    rule: 'R1',
    without: 'decisions rest on reads from the API server, never on a watch',
    aim: 'stale-watch',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    this.#noteVersion(record, now);
    if (
      !sameDecision(`,
        replace: `    this.#now = now;
    this.hinted = this.#adopt(record, this.#ask(), 'the watch says so');
    if (
      !sameDecision(`,
      },
      {
        file: 'group/group.ts',
        find: `        else this.#candidate.onHint(input.record, now);`,
        replace: `        else {
          this.#candidate.hinted = null;
          this.#candidate.onHint(input.record, now);
          if (this.#candidate.hinted !== null) this.#lead(this.#candidate.hinted, now, effects);
        }`,
      },
    ],
  },
  // --- R2 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'anybody-takes-over',
    rule: 'R2',
    without: 'only members take over',
    aim: 'members-unreachable',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    return content.inSync.includes(replica.id) && !replica.empty && sameLineage(replica.lineage, content.lineage);`,
        replace: `    return !replica.empty && sameLineage(replica.lineage, content.lineage);`,
      },
      {
        file: 'election/candidate.ts',
        find: `        inSync,
        addresses,
        lineage: content.lineage,`,
        replace: `        inSync: [...new Set([...inSync, replica.id])],
        addresses,
        lineage: content.lineage,`,
      },
    ],
  },
  {
    name: 'takeover-keeps-the-epoch',
    rule: 'R2',
    without: 'a takeover adds 1 to the epoch',
    aim: 'leader-freezes',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `        epoch: (content.epoch + 1) as Epoch,`,
        replace: `        epoch: content.epoch,`,
      },
    ],
  },
  {
    name: 'takeover-drops-below-the-minimum',
    rule: 'R2',
    without: 'a takeover drops the holder only as far as the minimum allows',
    aim: 'anything',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `former !== null && former !== replica.id && content.inSync.length - 1 >= limits.minInSync;`,
        replace: `former !== null && former !== replica.id;`,
      },
    ],
  },
  {
    name: 'leads-on-an-old-answer',
    rule: 'R2',
    without: 'it leads on an answer only if it has promised nothing since it asked',
    aim: 'slow-answer-to-a-founder',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (asked.promises !== this.#options.promises()) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  {
    name: 'leads-an-epoch-twice',
    rule: 'R2',
    without: 'an epoch is led once',
    aim: 'given-up-and-put-back',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (this.#options.replica.lastEpoch >= epoch) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  // --- R3 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'old-leader-not-fenced',
    rule: 'R3',
    without: 'who has won the record takes nothing from the leader before, and acknowledges nothing to it',
    aim: 'old-leader-wakes-at-the-takeover',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    return sameLineage(message.lineage, this.#obedience.lineage) && message.epoch === this.#obedience.epoch;`,
        replace: `    return sameLineage(message.lineage, this.#obedience.lineage);`,
      },
      {
        file: 'election/candidate.ts',
        find: `    const { follower } = this.#options;
    follower.unfollow(this.#effects);
    if (asked.promises`,
        replace: `    if (asked.promises`,
      },
      {
        file: 'group/group.ts',
        find: `    this.#follower.unfollow(effects);
    this.#obedience.adopt({ lineage, epoch });
    this.#leader = new Leader(`,
        replace: `    this.#leader = new Leader(`,
      },
      {
        file: 'group/group.ts',
        find: `        if (this.#leader === null) this.#receiveStream(link, message, now, effects);`,
        replace: `        this.#receiveStream(link, message, now, effects);`,
      },
      {
        file: 'group/group.ts',
        find: `      this.#leader.flush(now, effects, applied);
    } else {`,
        replace: `      this.#leader.flush(now, effects, applied);
      this.#follower.flush(now, effects);
    } else {`,
      },
    ],
  },
  {
    name: 'follower-ignores-the-epoch',
    rule: 'R3',
    without: 'members check the epoch of what they take',
    aim: 'ghosts',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    if (message.epoch !== stream.epoch || !sameLineage(message.lineage, stream.lineage)) return null;
    if (this.#obeys(message)) return stream;`,
        replace: `    if (!sameLineage(message.lineage, stream.lineage)) return null;
    return stream;`,
      },
    ],
  },
  {
    name: 'leader-ignores-the-epoch',
    rule: 'R3',
    without: 'acknowledgements of another epoch are dropped',
    aim: 'ghosts',
    patches: [{ file: 'group/group.ts', find: `      message.epoch === this.#leader.epoch &&\n`, replace: '' }],
  },
  {
    name: 'lineage-not-compared',
    rule: 'R3',
    without: 'the lineage in every message',
    aim: 'another-history-speaks',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    return sameLineage(message.lineage, this.#obedience.lineage) && message.epoch === this.#obedience.epoch;`,
        replace: `    return message.epoch === this.#obedience.epoch;`,
      },
      {
        file: 'group/group.ts',
        find: `      message.epoch === this.#leader.epoch &&
      sameLineage(message.lineage, this.#leader.lineage)`,
        replace: `      message.epoch === this.#leader.epoch`,
      },
      {
        file: 'election/obedience.ts',
        find: `    if (!sameLineage(lineage, this.#lineage) || lineage === null || epoch <= this.#epoch) return false;`,
        replace: `    if (epoch <= this.#epoch) return false;`,
      },
    ],
  },
  {
    name: 'epochs-of-messages-forgotten',
    rule: 'R3',
    without: 'the highest epoch is remembered from messages too',
    aim: 'lost-after-a-takeover',
    patches: [
      {
        file: 'election/obedience.ts',
        find: `    if (!sameLineage(lineage, this.#lineage) || lineage === null || epoch <= this.#epoch) return false;`,
        replace: `    if (true) return false;`,
      },
    ],
  },
  {
    name: 'lower-epochs-obeyed',
    rule: 'R3',
    without: 'a record of a lower epoch is not obeyed',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/obedience.ts',
        find: `    return sameLineage(content.lineage, this.#lineage) && content.epoch >= this.#epoch;`,
        replace: `    return sameLineage(content.lineage, this.#lineage);`,
      },
    ],
  },
  {
    name: 'older-lineages-obeyed',
    rule: 'R3',
    without: 'a record of an older lineage is not obeyed',
    aim: 'old-backup',
    patches: [
      {
        file: 'election/obedience.ts',
        find: `    return sameLineage(content.lineage, this.#lineage) && content.epoch >= this.#epoch;`,
        replace: `    return !sameLineage(content.lineage, this.#lineage) || content.epoch >= this.#epoch;`,
      },
    ],
  },
  {
    name: 'any-nonce-obeyed',
    rule: 'R3',
    without: 'a leader obeys a record of its epoch only with a nonce that it sent',
    aim: 'edited-set',
    patches: [{ file: 'election/tenure.ts', find: `      this.#nonces.has(content.nonce) &&\n`, replace: '' }],
  },
  {
    name: 'old-nonces-obeyed',
    rule: 'R3',
    without: 'of its nonces only the newest confirmed one counts, and those in doubt',
    aim: 'own-old-record',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `        this.#base = answer.record;
        this.#nonces = new Set([nonce]);`,
        replace: `        this.#base = answer.record;`,
      },
    ],
  },
  // --- R13 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'founds-unasked',
    rule: 'R13',
    without: 'at the first start all pods that are listed are asked',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    const doubtful = testimonies.find(({ pod, testimony }) => !isBlank(pod, testimony));`,
        replace: `    const doubtful = undefined;`,
      },
    ],
  },
  {
    name: 'silence-is-empty',
    rule: 'R13',
    without: 'at the first start a pod that does not answer is waited for',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `  pod.state !== 'running' ||
  (testimony.kind === 'answered'`,
        replace: `  pod.state !== 'running' || testimony.kind !== 'answered' ||
  (testimony.kind === 'answered'`,
      },
    ],
  },
  {
    name: 'asks-before-it-reads',
    rule: 'R13',
    without: 'the version that is filled was read before everybody was asked',
    aim: 'founders-race',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    const asked = this.#ask();
    const read = yield* call({ kind: 'readLease' });
    const verdict = this.#see(read, asked, 'the record names this replica');
    if (this.#view.kind !== 'unfilled') return verdict;
    const { record } = this.#view;
    const testimonies = yield* this.#askEverybody([]);
    if (testimonies === null) return this.#retry();`,
        replace: `    const testimonies = yield* this.#askEverybody([]);
    if (testimonies === null) return this.#retry();
    const asked = this.#ask();
    const read = yield* call({ kind: 'readLease' });
    const verdict = this.#see(read, asked, 'the record names this replica');
    if (this.#view.kind !== 'unfilled') return verdict;
    const { record } = this.#view;`,
      },
    ],
  },
  {
    name: 'members-rewrite',
    rule: 'R13',
    without: 'only the leader writes a lost record again',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    this.#view = { kind: 'obeyed', record };
    // Whatever`,
        replace: `    this.#view = { kind: 'obeyed', record };
    this.lastObeyed = content;
    // Whatever`,
      },
      {
        file: 'election/candidate.ts',
        find: `    if (found === null) return null;
    const { address, answer } = found;`,
        replace: `    const last = this.lastObeyed;
    if (found === null && last !== undefined && this.#eligible(last)) {
      yield* call({ kind: 'createLease' });
      const stands = yield* call({ kind: 'readLease' });
      if (stands.kind !== 'record' && stands.kind !== 'damaged') return null;
      if (stands.kind === 'record' && stands.record.content.lineage !== null) return null;
      const askedAgain = this.#ask();
      const rewritten = yield* call({ kind: 'replaceLease', base: stands.kind === 'record' ? stands.record.version : stands.version,
        content: { ...last, holder: this.#options.replica.id, epoch: obedience.epoch + 1, addresses: this.#options.addresses, nonce: this.#options.nonces.next(), endedEpoch: null } });
      if (rewritten.kind !== 'record') return null;
      return this.#adopt(rewritten.record, askedAgain, 'rewrote');
    }
    if (found === null) return null;
    const { address, answer } = found;`,
      },
    ],
  },
  {
    name: 'rewrites-without-a-round',
    rule: 'R13',
    without: 'a lost record is written again only after a full round',
    aim: 'old-leader-cut-off-rewrites',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    if (leader.rounds.full < round) {
      const missing`,
        replace: `    if (false) {
      const missing`,
      },
    ],
  },
  {
    name: 'round-before-the-read',
    rule: 'R13',
    without: 'the round begins after the read of what is replaced',
    aim: 'old-leader-cut-off-rewrites',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const round = leader.rounds.begin(this.#now.monotonicMs);`,
        replace: `    const round = leader.rounds.full;`,
      },
    ],
  },
  {
    name: 'rewrites-itself-alone',
    rule: 'R13',
    without: 'the record is written again with the whole set',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    let inSync: readonly ReplicaId[] = hasGrown ? leader.set.target : [...leader.set.confirmed];`,
        replace: `    let inSync: readonly ReplicaId[] = [replica.id];`,
      },
    ],
  },
  {
    name: 'rewrites-below-what-stands',
    rule: 'R13',
    without: 'the record is written again with an epoch above that of what stands there',
    aim: 'old-backup',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `this.#options.obedience.epoch, lost.epoch) + 1)`,
        replace: `this.#options.obedience.epoch) + 1)`,
      },
    ],
  },
  {
    name: 'rewrites-the-set-before',
    rule: 'R13',
    without: 'the record is written again with whoever it may have been made to name',
    aim: 'lost-with-a-change-in-doubt',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const hasGrown = leader.set.sent && leader.set.change?.remove === null;`,
        replace: `    const hasGrown = false;`,
      },
    ],
  },
  {
    name: 'rewrites-the-same-epoch',
    rule: 'R13',
    without: 'the record is written again with the next epoch',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const epoch = (Math.max(leader.epoch, this.#options.obedience.epoch, lost.epoch) + 1) as Epoch;`,
        replace: `    const epoch = leader.epoch;`,
      },
    ],
  },
  {
    name: 'leaves-out-who-is-gone-unasked',
    rule: 'R13',
    without: 'a member is left out only if every replica that is listed has answered',
    aim: 'old-leader-beside-a-silent-heir',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      if (!allAnswered || !missing.every((id) => isGone(id, testimonies, uncleanRecovery))) {`,
        replace: `      if (!missing.every((id) => isGone(id, testimonies, uncleanRecovery))) {`,
      },
    ],
  },
  {
    name: 'leaves-out-who-is-silent',
    rule: 'R13',
    without: 'only a member that is gone is left out of a lost record',
    aim: 'old-leader-cut-off-rewrites',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      if (!allAnswered || !missing.every((id) => isGone(id, testimonies, uncleanRecovery))) {`,
        replace: `      if (false) {`,
      },
    ],
  },
  {
    name: 'leaves-out-in-the-same-lineage',
    rule: 'R13',
    without: 'a lost record without a member that is gone begins a new lineage',
    aim: 'lease-lost-with-members',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      lineage = { number: leader.lineage.number + 1, id: nonces.next() };
      inSync = [replica.id];`,
        replace: `      inSync = [replica.id];`,
      },
      {
        file: 'election/tenure.ts',
        find: `      beginnings.ask({
        lineage,`,
        replace: `      if (false) beginnings.ask({
        lineage,`,
      },
    ],
  },
  {
    name: 'rewrites-unlisted',
    rule: 'R13',
    without: 'a lost record is written again only by a leader whose pod is listed',
    aim: 'forgotten-leader',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    if (list === null || !list.listed.some(({ uid }) => uid === podUid)) return null;`,
        replace: `    if (list === null) return null;`,
      },
    ],
  },
  {
    name: 'rewrites-beside-a-later-lineage',
    rule: 'R13',
    without: 'a lost record is not written again where a later lineage is held',
    aim: 'old-leader-beside-a-later-lineage',
    patches: [{ file: 'election/tenure.ts', find: `    if (later !== undefined) {`, replace: `    if (false) {` }],
  },
  {
    name: 'freezes-in-silence',
    rule: 'R13',
    without: 'a frozen group raises an alarm',
    aim: 'lease-lost',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    this.#effects.push({ kind: 'report', report: { kind: 'alarm', code: 'frozen', message } });`,
        replace: '',
      },
    ],
  },
  // --- R14 ---------------------------------------------------------------------------------------------------------------
  {
    name: 'one-gone-is-all-gone',
    rule: 'R14',
    without: 'begins anew only where every member is gone',
    aim: 'nothing-left',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (!content.inSync.every((id) => isGone(id, testimonies, ended ? 'auto' : uncleanRecovery))) {`,
        replace: `    if (!content.inSync.some((id) => isGone(id, testimonies, ended ? 'auto' : uncleanRecovery))) {`,
      },
    ],
  },
  {
    name: 'unreachable-is-gone',
    rule: 'R14',
    without: 'who is unreachable is not gone',
    aim: 'members-unreachable',
    patches: [
      {
        file: 'election/gone.ts',
        find: `  if (found.pod.state === 'terminated') return true;`,
        replace: `  if (found.pod.state === 'terminated' || found.testimony.kind !== 'answered') return true;`,
      },
    ],
  },
  {
    name: 'anybody-begins-anew',
    rule: 'R14',
    without: 'the most advanced of those that run begins anew',
    aim: 'nothing-left',
    patches: [{ file: 'election/candidate.ts', find: `    if (better) return null;`, replace: '' }],
  },
  {
    name: 'silent-ones-not-waited-for',
    rule: 'R14',
    without: 'before it begins anew, silent replicas are waited for',
    aim: 'nothing-left',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (silent !== undefined && this.#now.monotonicMs - this.#recoveringSinceMs < SILENT_WAIT_MS) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  {
    name: 'lineage-goes-on',
    rule: 'R14',
    without: 'a new lineage has a new number and id',
    aim: 'nothing-left',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    const lineage: Lineage = { number, id: nonces.next() };
    beginnings.ask(`,
        replace: `    const lineage: Lineage = record.content.lineage ?? { number, id: nonces.next() };
    beginnings.ask(`,
      },
    ],
  },
  {
    name: 'begins-anew-in-silence',
    rule: 'R14',
    without: 'a new lineage raises an alarm',
    aim: 'nothing-left',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    return { record, askedMs, reason, alarm };
  }

  /** Whether what`,
        replace: `    return { record, askedMs, reason, alarm: null };
  }

  /** Whether what`,
      },
    ],
  },
  {
    name: 'never-means-auto',
    rule: 'R14',
    without: 'with UNCLEAN_RECOVERY=never an operator is waited for',
    aim: 'nothing-left-never',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (uncleanRecovery === 'never' && !ended) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  {
    name: 'strict-means-auto',
    rule: 'R14',
    without: 'with UNCLEAN_RECOVERY=strict a pod that is not listed is not gone by that',
    aim: 'forced-deletion-strict',
    patches: [
      {
        file: 'election/gone.ts',
        find: `    return policy !== 'strict' && !answers;`,
        replace: `    return !answers;`,
      },
    ],
  },
  {
    name: 'foreign-data-kept',
    rule: 'R14',
    without: 'who begins anew with data of another history empties itself first',
    aim: 'nothing-left-long-cut',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (lineageCloseness(replica.lineage, lineage) === 0 && !replica.empty) replica.discard();`,
        replace: '',
      },
    ],
  },
  {
    name: 'half-a-snapshot-begins',
    rule: 'R14',
    without: 'half a snapshot does not become the start of a history',
    aim: 'nothing-left-amid-snapshots',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (replica.empty) replica.becomeEmpty(LOG_START, 0 as WallMs);`,
        replace: '',
      },
    ],
  },
  {
    name: 'old-record-begun-anew',
    rule: 'R14',
    without: 'a record is not begun anew where anybody has seen a later one',
    aim: 'old-backup',
    patches: [
      { file: 'election/candidate.ts', find: `    if (overtaken !== undefined) {`, replace: `    if (false) {` },
    ],
  },
];
