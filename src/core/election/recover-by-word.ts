import type { Epoch, Instant } from '../base/numbers.ts';
import type { Lineage } from '../replication/lineage.ts';
import { sameLineage } from '../replication/lineage.ts';
import type { Answer } from '../replication/messages.ts';
import type { Replica } from '../replication/replica.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import type { ApiAnswer } from './api.ts';
import type { Beginnings } from './beginnings.ts';
import { call, type Errand, survey } from './errand.ts';
import type { Nonces } from './nonces.ts';
import type { Obedience } from './obedience.ts';
import { listPods } from './pod-list.ts';
import { compareHoldings } from './ranking.ts';
import { type Addresses, isUnfilled, type LeaseRecord, type RecordVersion } from './record.ts';
import type { Holding, Recovery, RecoverRefusal, RecoverRequest } from './recovery.ts';
import { type PodTestimony, podTestimonies } from './survey.ts';

/** Whoever carries the operator's word out: a replica that seeks a leader, or a leader whose record is lost. */
export interface RecoveringReplica {
  readonly replica: Replica;
  readonly obedience: Obedience;
  readonly nonces: Nonces;
  readonly beginnings: Beginnings;
  readonly recovery: Recovery;
  readonly addresses: Addresses;
  readonly podUid: string;
  readonly electionMs: number;
  readonly testify: (now: Instant) => Answer;
  readonly now: () => Instant;
  readonly frozen: () => string | null;
}

const SURVEY_MS = 400;
const REASON = 'an operator began a new lineage';
const ALARM =
  "a new lineage begins at an operator's word with the data of this replica: acknowledged writes that it does not hold are lost";

/**
 * Looks at everything again that the operator was shown, and asks for a new lineage only if it is still so; whether the
 * record names it then, the next read decides (R2). True if the API server says so already.
 */
export function* recoverByWord(self: RecoveringReplica, request: RecoverRequest): Errand<boolean> {
  const { replica, obedience, nonces, beginnings, recovery, addresses } = self;
  const refuse = (code: RecoverRefusal, detail: string): false => {
    recovery.settle({ kind: 'refused', code, detail });
    return false;
  };
  const own = self.testify(self.now());
  if (!holdsAtLeast(own, request.shown)) return refuse('view-outdated', `this replica now has ${describeHolding(own)}`);

  // The record first, the question after, as for every new lineage (R13, R14): what is replaced is what stood there when
  // everybody was asked.
  const found = yield* readShown(request);
  if (found.kind === 'refused') return refuse(found.code, found.detail);
  const list = yield* listPods(found.members);
  if (list === null) return refuse('kubernetes-away', 'the pods could not be listed');
  if (!list.listed.some((pod) => pod.uid === self.podUid))
    return refuse('pod-not-listed', 'the API server does not list the pod of this replica');
  const pods = [...list.listed, ...list.strayed];
  const addressesOfOthers = pods
    .filter((pod) => pod.uid !== self.podUid && pod.state === 'running')
    .map((pod) => pod.peerAddress)
    .filter((address) => address !== null);
  const asked = yield* survey(addressesOfOthers, SURVEY_MS);
  const testimonies = podTestimonies(pods, asked, self.testify(self.now()));
  const objection = objectionTo(self, request, testimonies);
  if (objection !== null) return refuse(objection.code, objection.detail);

  const everySeen = [...answersOf(testimonies), self.testify(self.now())];
  const lineage: Lineage = {
    number: 1 + Math.max(found.lineageNumber, ...everySeen.map(lineageNumberOf)),
    id: nonces.next(),
  };
  const epoch = 1 + Math.max(found.epoch, obedience.epoch, replica.lastEpoch, ...everySeen.map(epochOf));
  beginnings.ask({ lineage, reason: REASON, alarm: ALARM, base: found.version });
  recovery.ask(lineage);
  const answer = yield* call({
    kind: 'replaceLease',
    base: found.version,
    content: {
      holder: replica.id,
      epoch: epoch as Epoch,
      inSync: [replica.id],
      addresses,
      lineage,
      nonce: nonces.next(),
      endedEpoch: null,
    },
  });
  switch (answer.kind) {
    case 'record':
      return true;
    case 'inDoubt':
      // It may still land: whoever reads the record then finds out, and begins.
      recovery.settle({ kind: 'unknown', detail: answer.reason });
      return false;
    case 'refused':
      return refuse('kubernetes-away', `the Lease could not be written: ${answer.reason}`);
    case 'conflict':
    case 'absent':
    case 'damaged':
    case 'pods':
      return refuse('view-outdated', 'the record was changed by somebody else at this moment');
  }
}

type FoundRecord =
  | {
      readonly kind: 'found';
      readonly version: RecordVersion;
      readonly members: readonly ReplicaId[];
      readonly lineageNumber: number;
      readonly epoch: number;
    }
  | { readonly kind: 'refused'; readonly code: RecoverRefusal; readonly detail: string };

/** The record that the operator was shown; where there was none, an empty one is created first (R1). */
function* readShown({ record: shown }: RecoverRequest): Errand<FoundRecord> {
  let answer = yield* call({ kind: 'readLease' });
  if (answer.kind === 'absent' && shown === null) {
    const created = yield* call({ kind: 'createLease' });
    if (created.kind !== 'record' && created.kind !== 'conflict')
      return {
        kind: 'refused',
        code: 'kubernetes-away',
        detail: `the Lease could not be created: ${reasonOf(created)}`,
      };
    answer = yield* call({ kind: 'readLease' });
  }
  switch (answer.kind) {
    case 'record': {
      const { version, content } = answer.record;
      // An empty Lease says as much as none, whoever made it.
      const isAsShown = sameVersion(version, shown) || (shown === null && isUnfilled(content));
      if (!isAsShown) return outdated(describeRecord(answer.record));
      const { inSync: members, lineage, epoch } = content;
      return { kind: 'found', version, members, lineageNumber: lineage?.number ?? 0, epoch };
    }
    case 'damaged':
      if (!sameVersion(answer.version, shown)) return outdated(`it is damaged: ${answer.reason}`);
      return { kind: 'found', version: answer.version, members: [], lineageNumber: 0, epoch: 0 };
    case 'absent':
      return outdated('there is none');
    case 'conflict':
    case 'refused':
    case 'inDoubt':
    case 'pods':
      return { kind: 'refused', code: 'kubernetes-away', detail: `the Lease could not be read: ${reasonOf(answer)}` };
  }
}

/** What speaks against it, the gravest first. */
function objectionTo(
  self: RecoveringReplica,
  request: RecoverRequest,
  testimonies: readonly PodTestimony[],
): { readonly code: RecoverRefusal; readonly detail: string } | null {
  const answers = answersOf(testimonies);
  const hearing = answers.find(({ heardWorkingMs }) => heardWorkingMs !== null && heardWorkingMs < self.electionMs);
  if (hearing !== undefined) {
    const what = hearing.leads ? 'leads, and its members answer' : 'hears a leader whose members answer';
    return { code: 'leader-works', detail: `${hearing.from} ${what}` };
  }
  const silent = testimonies.find(
    ({ pod, testimony }) =>
      pod.state === 'running' && testimony.kind !== 'answered' && !request.silentPods.includes(pod.name),
  );
  if (silent !== undefined) return { code: 'view-outdated', detail: `pod ${silent.pod.name} does not answer` };
  const own = self.testify(self.now());
  if (self.frozen() === null && !request.despite.includes('not-frozen')) {
    return { code: 'not-frozen', detail: 'this replica does not say that the group is frozen' };
  }
  const better = answers.find((answer) => compareHoldings(answer, own) > 0);
  if (better !== undefined && !request.despite.includes('more-elsewhere')) {
    const detail = `${better.from} has ${describeHolding(better)}, this replica ${describeHolding(own)}`;
    return { code: 'more-elsewhere', detail };
  }
  return null;
}

const answersOf = (testimonies: readonly PodTestimony[]): Answer[] =>
  testimonies.flatMap(({ testimony }) => (testimony.kind === 'answered' ? [testimony.answer] : []));

const lineageNumberOf = ({ obeys, lineage }: Answer): number => Math.max(obeys?.number ?? 0, lineage?.number ?? 0);
const epochOf = ({ epoch, lastEpoch }: Answer): number => Math.max(epoch, lastEpoch);

/** More does no harm: a leader that is frozen still takes writes into its log, and commits none. */
const holdsAtLeast = (own: Holding, shown: Holding): boolean =>
  sameLineage(own.lineage, shown.lineage) && compareHoldings(own, shown) >= 0;

const sameVersion = (a: RecordVersion, b: RecordVersion | null): boolean =>
  b !== null && a.uid === b.uid && a.resourceVersion === b.resourceVersion;

const outdated = (detail: string): FoundRecord => ({
  kind: 'refused',
  code: 'view-outdated',
  detail: `another record stands there than was shown: ${detail}`,
});

const describeRecord = ({ content }: LeaseRecord): string =>
  `epoch ${content.epoch}, ${content.holder === null ? 'without a holder' : `held by ${content.holder}`}`;

const describeHolding = ({ lineage, lastEpoch, lastIndex }: Holding): string =>
  lineage === null ? 'no data' : `entry ${lastIndex} of epoch ${lastEpoch} in lineage ${lineage.number}.${lineage.id}`;

const reasonOf = (answer: ApiAnswer): string => ('reason' in answer ? answer.reason : answer.kind);
