import type { Mutant } from './mutant.ts';

/** R7, R8, R9: when a leader goes on, gives up, is replaced, hands over. */
export const leadershipMutants: readonly Mutant[] = [
  // --- R7 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'steps-down-without-the-api',
    rule: 'R7',
    without: 'a leader that cannot renew its Lease goes on',
    aim: 'api-away',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      case 'conflict':
      case 'refused':
      case 'inDoubt':
      case 'pods':
        this.#readWanted = true;
        return this.#retry();
    }
    const { record } = answer;`,
        replace: `      case 'conflict':
      case 'refused':
      case 'inDoubt':
      case 'pods':
        return { kind: 'deposed', reason: 'the API server does not answer' };
    }
    const { record } = answer;`,
      },
    ],
  },
  {
    name: 'leads-on-beside-a-higher-epoch',
    rule: 'R7',
    without: 'a leader steps down when it sees a higher epoch',
    aim: 'anything',
    patches: [
      {
        file: 'group/group.ts',
        find: `    if (this.#leader !== null) this.#stepDown(\`a higher epoch was seen: \${epoch}\`, 0, now, effects);
    else this.#follower.fence(effects);`,
        replace: `    if (this.#leader === null) this.#follower.fence(effects);`,
      },
    ],
  },
  {
    name: 'leads-on-against-the-record',
    rule: 'R7',
    without: 'a leader steps down when a fresh read names another holder',
    aim: 'leader-deposed-in-silence',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      return { kind: 'deposed', reason: \`the record names \${content.holder ?? 'nobody'} in epoch \${content.epoch}\` };`,
        replace: `      return this.#retry();`,
      },
    ],
  },
  {
    name: 'never-gives-up',
    rule: 'R7',
    without: 'a leader that hears from no other replica gives the record up',
    aim: 'leader-cut-off',
    patches: [
      { file: 'election/tenure.ts', find: `    if (this.#hearsNobody(nowMs)) return this.#giveUp();`, replace: '' },
    ],
  },
  {
    name: 'gives-up-and-takes-back',
    rule: 'R7',
    without: 'who gave the record up does not try again for several election time-outs',
    aim: 'leader-cut-off',
    patches: [
      {
        file: 'group/group.ts',
        find: `        this.#stepDown('heard from no other replica', 4 * this.#options.times.electionMs, now, effects);`,
        replace: `        this.#stepDown('heard from no other replica', 0, now, effects);`,
      },
    ],
  },
  {
    name: 'gives-up-alone',
    rule: 'R7',
    without: 'a leader gives the record up only where another member is not gone',
    aim: 'others-gone',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    if (gone.length === others.length) {`,
        replace: `    if (false) {`,
      },
    ],
  },
  // --- R8 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'vacancy-not-taken',
    rule: 'R8',
    without: 'a member takes over where the record has no holder',
    aim: 'leader-cut-off',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (content.holder === null) return nowMs >= this.#heldOffUntilMs && this.#standing === 'free' ? 'vacant' : null;`,
        replace: `    if (content.holder === null) return null;`,
      },
    ],
  },
  {
    name: 'refusal-is-no-sign',
    rule: 'R8',
    without: 'a leader whose address refuses connections is dead',
    aim: 'leader-dies',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (sign === 'refused' || sign === 'replaced') this.#deadEpoch = follower.target?.epoch ?? this.#deadEpoch;`,
        replace: `    if (sign === 'replaced') this.#deadEpoch = follower.target?.epoch ?? this.#deadEpoch;`,
      },
    ],
  },
  {
    name: 'another-process-is-no-sign',
    rule: 'R8',
    without: 'a leader at whose address another replica answers is dead',
    aim: 'leader-restarts-at-once',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (sign === 'refused' || sign === 'replaced') this.#deadEpoch = follower.target?.epoch ?? this.#deadEpoch;`,
        replace: `    if (sign === 'refused') this.#deadEpoch = follower.target?.epoch ?? this.#deadEpoch;`,
      },
    ],
  },
  {
    name: 'gone-pod-is-no-sign',
    rule: 'R8',
    without: 'a leader whose pod is gone is dead',
    aim: 'leader-pod-vanishes',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (isGone(holder, unasked, 'auto')) this.#deadEpoch = epoch;`,
        replace: '',
      },
    ],
  },
  {
    name: 'expiry-is-no-sign',
    rule: 'R8',
    without: 'a leader that is silent while its Lease expires is replaced',
    aim: 'leader-freezes',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    return expired && (heardAgoMs === null || heardAgoMs > times.electionMs) ? 'expired' : null;`,
        replace: `    return null;`,
      },
    ],
  },
  {
    name: 'expiry-alone-is-a-sign',
    rule: 'R8',
    without: 'an expired Lease alone is no reason',
    aim: 'leader-without-api',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    return expired && (heardAgoMs === null || heardAgoMs > times.electionMs) ? 'expired' : null;`,
        replace: `    return expired ? 'expired' : null;`,
      },
    ],
  },
  {
    name: 'talking-is-working',
    rule: 'R8',
    without: 'only a leader whose rounds are full is waited for',
    aim: 'leader-hears-nobody',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `    } else if (append.fullRound > stream.fullRound) {`,
        replace: `    } else if (append.round > 0) {`,
      },
    ],
  },
  {
    name: 'members-do-not-ask-around',
    rule: 'R13',
    without: 'members that find no record ask around for its leader',
    aim: 'lost-after-a-takeover',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (verdict !== null || this.#view.kind === 'obeyed' || follower.streaming) return verdict;`,
        replace: `    if (true) return verdict;`,
      },
    ],
  },
  // --- R9 ----------------------------------------------------------------------------------------------------------------
  {
    name: 'hand-over-keeps-the-epoch',
    rule: 'R9',
    without: 'a hand-over adds 1 to the epoch',
    aim: 'hand-over',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `        holder: successor.id,
        epoch: (leader.epoch + 1) as Epoch,`,
        replace: `        holder: successor.id,`,
      },
    ],
  },
  {
    name: 'hand-over-below-the-minimum',
    rule: 'R9',
    without: 'a leader that hands over stays in a set that has its minimum',
    aim: 'hand-over',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const mayLeave = leader.drained && stay.length >= Math.max(limits.minInSync, 2);`,
        replace: `    const mayLeave = leader.drained;`,
      },
      {
        file: 'election/tenure.ts',
        find: `    assert(content.inSync.length >= membersMin, 'R6: the set never falls below its minimum');\n`,
        replace: ``,
      },
    ],
  },
  {
    name: 'hand-over-to-anybody',
    rule: 'R9',
    without: 'a leader hands over only to a member',
    aim: 'hand-over',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    if (!leader.set.confirmed.has(successor.id)) return null;\n`,
        replace: ``,
      },
      {
        file: 'group/departure.ts',
        find: `    const successor = gathering ? null : this.#successor(leader, others);`,
        replace: `    const successor = gathering ? null : this.#successor(leader, [...leader.followers].map(({ id }) => id));`,
      },
    ],
  },
  {
    name: 'named-does-not-lead',
    rule: 'R9',
    without: 'a replica that finds itself named leads',
    aim: 'hand-over-answers-all',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (!this.#eligible(record.content)) return null;
    return { record, askedMs: asked.ms, reason, alarm: null };`,
        replace: `    if (!this.#eligible(record.content) || reason === 'the record names this replica') return null;
    return { record, askedMs: asked.ms, reason, alarm: null };`,
      },
    ],
  },
  {
    name: 'never-hands-over',
    rule: 'R9',
    without: 'a leader that is told to stop names a successor',
    aim: 'hand-over-answers-all',
    patches: [
      {
        file: 'group/departure.ts',
        find: `    return { draining, successor: this.#drainedSinceMs === null ? null : successor, windDown: null };`,
        replace: `    return { draining: false, successor: null, windDown: null };`,
      },
    ],
  },
  {
    name: 'hands-over-amid-writes',
    rule: 'R9',
    without: 'a leader finishes what is in flight before it hands over',
    aim: 'hand-over-answers-all',
    patches: [
      {
        file: 'group/departure.ts',
        find: `    if (leader.drained || nowMs - this.#drainingSinceMs > DRAIN_MS) this.#drainedSinceMs ??= nowMs;`,
        replace: `    this.#drainedSinceMs ??= nowMs;`,
      },
    ],
  },
  {
    name: 'names-the-stopping',
    rule: 'R9',
    without: 'only a member that is not itself stopping is named',
    aim: 'hand-over-beside-a-stopping-one',
    patches: [
      {
        file: 'group/departure.ts',
        find: `      if (progress === undefined || !progress.streaming || progress.stopping) continue;`,
        replace: `      if (progress === undefined || !progress.streaming) continue;`,
      },
    ],
  },
  {
    name: 'silent-successor-stays',
    rule: 'R9',
    without: 'the old leader takes the record back if its successor stays silent',
    aim: 'successor-dies',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (!this.#eligible(content) || this.#standing === 'stopping') return null;
    if (content.holder`,
        replace: `    if (!this.#eligible(content) || this.#standing !== 'free') return null;
    if (content.holder`,
      },
    ],
  },
  {
    name: 'leaves-the-set-behind',
    rule: 'R9',
    without: 'who is stopping waits until the set no longer names it',
    aim: 'members-stop-in-turn',
    patches: [
      {
        file: 'group/departure.ts',
        find: `    return !standing.inSet;`,
        replace: `    return true;`,
      },
    ],
  },
  {
    name: 'stopping-not-said',
    rule: 'R9',
    without: 'whoever is stopping says so, and is removed at its wish',
    aim: 'follower-stops',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `        receivedBytes: stream.receivedBytes,
        stopping: this.#stopping,`,
        replace: `        receivedBytes: stream.receivedBytes,
        stopping: false,`,
      },
      {
        file: 'replication/follower.ts',
        find: `        lastEpoch: epoch,
        stopping: this.#stopping,`,
        replace: `        lastEpoch: epoch,
        stopping: false,`,
      },
    ],
  },
  {
    name: 'stopping-is-added',
    rule: 'R9',
    without: 'who is stopping is not added again',
    aim: 'follower-stops',
    patches: [
      {
        file: 'replication/membership.ts',
        find: `      if (this.#set.confirmed.has(progress.id) || !progress.streaming || progress.stopping) continue;`,
        replace: `      if (this.#set.confirmed.has(progress.id) || !progress.streaming) continue;`,
      },
    ],
  },
  {
    name: 'stopping-stands',
    rule: 'R9',
    without: 'who is stopping does not stand',
    aim: 'stopping-member-beside-a-dead-leader',
    patches: [
      {
        file: 'election/candidate.ts',
        find: `    if (!this.#eligible(content) || this.#standing === 'stopping') return null;
    if (content.holder`,
        replace: `    if (!this.#eligible(content)) return null;
    if (content.holder`,
      },
    ],
  },
  {
    name: 'ends-though-some-stay',
    rule: 'R9',
    without: 'an epoch is marked as ended only if no pod of the group stays',
    aim: 'all-stop-but-stay',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `      listed.kind === 'pods' && listed.pods.every((pod) => pod.deleting || pod.state === 'terminated');`,
        replace: `      listed.kind === 'pods';`,
      },
    ],
  },
  {
    name: 'end-not-marked',
    rule: 'R9',
    without: 'a planned end is marked in the record',
    aim: 'all-stop',
    patches: [
      {
        file: 'election/tenure.ts',
        find: `    const endedEpoch = then?.kind === 'ended' ? leader.epoch : null;`,
        replace: `    const endedEpoch = null;`,
      },
    ],
  },
];
