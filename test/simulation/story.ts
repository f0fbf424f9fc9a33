import type { ApiAnswer, ApiRequest } from '../../src/core/election/api.ts';
import type { RecordContent } from '../../src/core/election/record.ts';
import type { Effect, Input, Report } from '../../src/core/group/io.ts';
import type { Entry, StateEffect } from '../../src/core/replication/entry.ts';
import type { PeerMessage } from '../../src/core/replication/messages.ts';
import { parseReplicaId } from '../../src/core/replication/replica-id.ts';
import type {
  Comparison,
  Condition,
  KeyCommand,
  Lifetime,
  Step as CommandStep,
  WriteCommand,
  WriteOutcome,
} from '../../src/core/store/commands.ts';
import type { ReadOutcome } from '../../src/core/store/reads.ts';
import type { CarriedOut } from './api-server.ts';
import { subjectOf } from './checkers/operations.ts';
import { format, type TraceEvent, valueNumber } from './trace.ts';

/**
 * How much a step matters to somebody who reads the run: `turn` is what changed its course (roles, the record, deaths,
 * faults), `work` is what got done (writes, reads, entries and their first acknowledgement), `routine` all the rest.
 */
export type Weight = 'turn' | 'work' | 'routine';

/** What an actor looks like from this step on. */
export type Life = 'absent' | 'alive' | 'leading' | 'paused';

/** One line of a story: something goes from one actor to another, or happens at one, or to the world (no actor). */
export interface Step {
  readonly timeUs: number;
  readonly from: string | null;
  /** The same as `from` unless something travelled. */
  readonly to: string | null;
  readonly words: string;
  readonly weight: Weight;
  readonly life: Life | null;
}

export const API = 'API server';

/** Tells a trace as a story: who sent what to whom, in words, with the name of the rules' messages. */
export function storyOf(events: readonly TraceEvent[]): Step[] {
  const teller = new Teller();
  for (const event of events) teller.hear(event);
  return teller.steps;
}

class Teller {
  readonly steps: Step[] = [];
  /** A message is the same object at both ends. */
  readonly #senders = new Map<PeerMessage, string>();
  readonly #askers = new Map<number, string>();
  readonly #leading = new Set<string>();
  /** By sender and receiver: the newest commit index or acknowledgement that was told. */
  readonly #told = new Map<string, string>();
  #timeUs = 0;

  hear({ timeUs, actor, event, detail }: TraceEvent): void {
    this.#timeUs = timeUs;
    if (actor === 'FAULT') this.#at(null, `*** ${event}${detail === null ? '' : ` ${format(detail)}`}`, 'turn');
    else if (actor === 'api') this.#hearApi(event, detail as CarriedOut | null);
    else if (actor.startsWith('watcher')) this.#at(actor, `${event} ${format(detail)}`, 'routine');
    else if (actor.startsWith('client')) this.#hearClient(actor, event, detail);
    else if (event === '<') this.#hearInput(actor, detail as Input);
    else if (event === '>') this.#hearEffect(actor, detail as Effect);
    else this.#hearLife(actor, event, detail);
  }

  #hearLife(actor: string, event: string, detail: unknown): void {
    const pod = podOf(actor);
    if (event === 'dies') this.#leading.delete(pod);
    const goesOn = this.#leading.has(pod) ? 'leading' : 'alive';
    const lives: Record<string, Life> = { starts: 'alive', dies: 'absent', 'is paused': 'paused', 'goes on': goesOn };
    const isOfPod = event === 'is created' || event === 'is gone';
    const words = `${actor} ${event}${detail === null || isOfPod ? '' : ` ${format(detail)}`}`;
    this.#at(pod, words, isOfPod ? 'routine' : 'turn', lives[event] ?? null);
  }

  #hearApi(process: string, carriedOut: CarriedOut | null): void {
    if (carriedOut === null) {
      this.#at(API, process, 'turn');
      return;
    }
    const { call, request, given } = carriedOut;
    const changed = request.kind === 'replaceLease' && given.kind === 'record' ? describeRecord(request.content) : null;
    const isNews = changed !== null && this.#isNews('record', changed);
    const weight = isNews ? 'turn' : request.kind === 'replaceLease' && changed === null ? 'work' : 'routine';
    this.#add(podOf(process), API, `#${call} ${describeRequest(request)}: ${describeAnswer(given, request)}`, weight);
  }

  #hearClient(client: string, event: string, detail: unknown): void {
    if (event === 'asks') this.#askers.set(detail as number, client);
    else if (event === 'wants') this.#at(client, `wants ${describeWish(detail as Wish)}`, 'routine');
    else if (event === 'hears') this.#at(client, `hears: ${describeWritten(detail as WriteOutcome)}`, 'routine');
    else this.#at(client, `${event}: ${describeRead(detail as ReadOutcome)}`, 'routine');
  }

  #hearInput(process: string, input: Input): void {
    const pod = podOf(process);
    switch (input.kind) {
      case 'tick':
      case 'peersHinted':
        return;
      case 'connected':
      case 'accepted':
        this.#at(pod, `link ${input.link} ${input.kind}`, 'routine');
        return;
      case 'closed':
        this.#at(pod, `link ${input.link} closed: ${input.reason}`, 'routine');
        return;
      case 'received': {
        const { message } = input;
        const sender = this.#senders.get(message);
        this.#add(sender ?? pod, pod, describeMessage(message), this.#weigh(message, `${sender}>${pod}`));
        return;
      }
      case 'apiAnswered': {
        const words = `answer to #${input.call}: ${describeAnswer(input.answer, null)}`;
        this.#add(API, pod, words, input.answer.kind === 'inDoubt' ? 'work' : 'routine');
        return;
      }
      case 'recordHinted':
        this.#add(
          API,
          pod,
          `watch: ${input.record === null ? 'no Lease' : describeRecord(input.record.content)}`,
          'routine',
        );
        return;
      case 'write': {
        const { id, command } = input.request;
        const words = `${describeCommand(command)} (${id.session} no. ${id.number})`;
        this.#add(this.#askers.get(input.ticket) ?? pod, pod, `?${input.ticket} ${words}`, 'work');
        return;
      }
      case 'openSession':
        this.#add(this.#askers.get(input.ticket) ?? pod, pod, `?${input.ticket} open a session`, 'routine');
        return;
      case 'read': {
        const { request } = input;
        const { mode, token } = request;
        const what = subjectOf(request);
        const since = token === null ? '' : ` not before ${token.revision} of ${token.lineage.id}`;
        this.#add(this.#askers.get(input.ticket) ?? pod, pod, `?${input.ticket} ${what}, ${mode}${since}`, 'work');
        return;
      }
      case 'watch':
      case 'grant':
        this.#at(pod, `?${input.ticket} ${format(input)}`, 'routine');
        return;
      case 'cancel':
        this.#add(this.#askers.get(input.ticket) ?? pod, pod, `?${input.ticket} is no longer wanted`, 'routine');
        return;
      case 'recover':
        this.#at(pod, `?${input.ticket} an operator asks: ${format(input.request)}`, 'turn');
        return;
      case 'stop':
        this.#at(pod, `${process} is told to stop within ${input.graceMs} ms`, 'turn');
    }
  }

  #hearEffect(process: string, effect: Effect): void {
    const pod = podOf(process);
    switch (effect.kind) {
      case 'send':
        this.#senders.set(effect.message, pod);
        return;
      case 'connect':
        this.#at(pod, `link ${effect.link}: dials ${effect.address}`, 'routine');
        return;
      case 'disconnect':
        this.#at(pod, `link ${effect.link} is given up: ${effect.reason}`, 'routine');
        return;
      case 'callApi':
        this.#at(pod, `asks #${effect.call} ${describeRequest(effect.request)}`, 'routine');
        return;
      case 'writeAnswered': {
        const words = `!${effect.ticket} ${describeWritten(effect.outcome)}`;
        this.#add(pod, this.#askers.get(effect.ticket) ?? pod, words, 'work');
        return;
      }
      case 'sessionAnswered':
        this.#add(
          pod,
          this.#askers.get(effect.ticket) ?? pod,
          `!${effect.ticket} ${format(effect.outcome)}`,
          'routine',
        );
        return;
      case 'readAnswered': {
        const words = `!${effect.ticket} ${describeRead(effect.outcome)}`;
        this.#add(
          pod,
          this.#askers.get(effect.ticket) ?? pod,
          words,
          effect.outcome.kind === 'read' ? 'work' : 'routine',
        );
        return;
      }
      case 'watchNews':
      case 'watchEnded':
        this.#at(
          pod,
          `!${effect.tickets.join()} ${format(effect.kind === 'watchNews' ? effect.news : effect.ending)}`,
          'routine',
        );
        return;
      case 'turnWanted':
        return;
      case 'recoverAnswered':
        this.#at(pod, `!${effect.ticket} to the operator: ${format(effect.outcome)}`, 'turn');
        return;
      case 'report':
        this.#hearReport(pod, effect.report);
        return;
      case 'stopped':
        this.#at(pod, `${process} may end`, 'turn');
    }
  }

  #hearReport(pod: string, report: Report): void {
    switch (report.kind) {
      case 'roleChanged': {
        const life = report.role === 'leading' ? 'leading' : 'alive';
        if (life === 'leading') this.#leading.add(pod);
        else this.#leading.delete(pod);
        this.#at(pod, `${report.role}, epoch ${report.epoch}: ${report.reason}`, 'turn', life);
        return;
      }
      case 'setChanged':
        this.#at(pod, `set of epoch ${report.epoch}: ${describeSet(report.members)} (${report.reason})`, 'turn');
        return;
      case 'lineageChanged':
        this.#at(pod, `lineage ${report.lineage.number} ${report.lineage.id}: ${report.reason}`, 'turn');
        return;
      case 'alarm':
        this.#at(pod, `ALARM ${report.code}: ${report.message}`, 'turn');
        return;
      case 'peerRefused':
        this.#at(pod, `refuses ${nameOf(report.replica)}: ${report.reason}`, 'work');
        return;
      case 'note':
        this.#at(pod, report.message, 'routine');
    }
  }

  #weigh(message: PeerMessage, way: string): Weight {
    switch (message.kind) {
      case 'append': {
        const isNews = this.#isNews(`${way} commits`, `${message.epoch} ${message.commitIndex}`);
        return message.entries.length > 0 || isNews ? 'work' : 'routine';
      }
      case 'ack':
        return this.#isNews(`${way} holds`, `${message.epoch} ${message.matchIndex}`) ? 'work' : 'routine';
      case 'snapshotChunk':
      case 'question':
        return 'routine';
      case 'hello':
      case 'reject':
      case 'resume':
      case 'snapshotBegin':
      case 'snapshotEnd':
      case 'vouch':
      case 'vouched':
      case 'answer':
        return 'work';
    }
  }

  #isNews(about: string, told: string): boolean {
    if (this.#told.get(about) === told) return false;
    this.#told.set(about, told);
    return true;
  }

  #at(actor: string | null, words: string, weight: Weight, life: Life | null = null): void {
    this.steps.push({ timeUs: this.#timeUs, from: actor, to: actor, words, weight, life });
  }

  #add(from: string, to: string, words: string, weight: Weight): void {
    this.steps.push({ timeUs: this.#timeUs, from, to, words, weight, life: null });
  }
}

// Words

/** A process is called after its pod and its data. */
const podOf = (process: string): string => process.split('.')[0] ?? process;

function nameOf(replica: string | null): string {
  if (replica === null) return 'nobody';
  const identity = parseReplicaId(replica);
  return identity === null ? replica : `${identity.podName}.${identity.dataId}`;
}

const describeSet = (members: readonly string[]): string => `{${members.map(nameOf).join(' ')}}`;

function describeRecord({ holder, epoch, inSync, lineage, endedEpoch }: RecordContent): string {
  const ended = endedEpoch === null ? '' : `, ended ${endedEpoch}`;
  return `epoch ${epoch} of ${nameOf(holder)} ${describeSet(inSync)} lineage ${lineage?.id ?? '-'}${ended}`;
}

function describeRequest(request: ApiRequest): string {
  return request.kind === 'replaceLease'
    ? `replace ${request.base.resourceVersion}: ${describeRecord(request.content)}`
    : request.kind;
}

function describeAnswer(answer: ApiAnswer, request: ApiRequest | null): string {
  switch (answer.kind) {
    case 'record': {
      const { version, content } = answer.record;
      return request?.kind === 'replaceLease'
        ? `now ${version.resourceVersion}`
        : `${version.resourceVersion} ${describeRecord(content)}`;
    }
    case 'pods':
      return answer.pods.map((pod) => `${pod.name} ${pod.state}`).join(', ');
    case 'refused':
    case 'inDoubt':
      return `${answer.kind} (${answer.reason})`;
    case 'damaged':
    case 'absent':
    case 'conflict':
      return answer.kind;
  }
}

/** What a client sets out to do. */
export type Wish = WriteCommand | { readonly kind: 'read'; readonly subject: string; readonly mode: string };

export const describeWish = (wish: Wish): string =>
  wish.kind === 'read' ? `${wish.subject}, ${wish.mode}` : describeCommand(wish);

function describeCommand(command: WriteCommand): string {
  switch (command.kind) {
    case 'batch':
      return command.steps.map(describeStep).join('; ');
    case 'transaction': {
      const lists = [command.then, command.otherwise].map((steps) => steps.map(describeStep).join('; '));
      return `if ${command.comparisons.map(describeComparison).join(' and ')} then {${lists[0]}} else {${lists[1]}}`;
    }
    case 'deletePrefix':
      return command.expected === null
        ? `count ${command.prefix}*`
        : `delete ${command.prefix}*, ${command.expected} expected`;
    case 'fenced': {
      const { lock, token } = command.fence;
      return `${describeCommand(command.command)} under ${lock}:${token.lineageNumber}.${token.revision}`;
    }
    case 'acquire':
    case 'renew':
      return `${command.kind} ${command.lock} as ${command.lockId} for ${command.ttlMs} ms`;
    case 'release':
      return `release ${command.lock} as ${command.lockId}`;
    default:
      return describeStep(command);
  }
}

function describeStep(step: CommandStep): string {
  if (step.kind === 'get') return `get ${step.key}`;
  return `${describeKeyCommand(step)}${describeCondition(step.condition)}`;
}

function describeKeyCommand(command: KeyCommand): string {
  switch (command.kind) {
    case 'put':
      return `put ${command.key}=#${valueNumber(command.value)}${describeStay(command)}`;
    case 'delete':
      return `delete ${command.key}`;
    case 'touch':
      return `touch ${command.key}${describeStay(command)}`;
    case 'increment':
      return `add ${command.by} to ${command.key}`;
  }
}

const describeStay = ({ lifetime, idle }: { readonly lifetime: Lifetime; readonly idle: Lifetime }): string =>
  `${describeLifetime(lifetime)}${idle.kind === 'unlimited' ? '' : `, idle${describeLifetime(idle)}`}`;

const describeLifetime = (lifetime: Lifetime): string =>
  lifetime.kind === 'unlimited' ? '' : lifetime.kind === 'kept' ? ' for as long as before' : ` for ${lifetime.ms} ms`;

function describeComparison(comparison: Comparison): string {
  const { key } = comparison;
  switch (comparison.kind) {
    case 'revision':
    case 'version':
      return `${comparison.kind} of ${key} ${comparison.relation} ${comparison.number}`;
    case 'value':
      return `${key}${comparison.isEqual ? '' : ' not'}=#${valueNumber(comparison.value)}`;
    case 'condition':
      return `${key}${describeCondition(comparison.condition)}`;
  }
}

function describeCondition(condition: Condition): string {
  if (condition.kind === 'none') return '';
  if (condition.kind === 'absent' || condition.kind === 'present') return ` if ${condition.kind}`;
  return ` if ${condition.kind} ${condition.tags.map((tag) => `${tag.revision} of ${tag.lineageId}`).join(', ')}`;
}

function describeWritten(outcome: WriteOutcome): string {
  if (outcome.kind !== 'committed') return `${outcome.kind}: ${outcome.code}`;
  const { decided, revision, lineage, acks, members } = outcome;
  return `${decided.kind}, revision ${revision} of ${lineage.id} (${acks} of ${members})`;
}

function describeRead(outcome: ReadOutcome): string {
  switch (outcome.kind) {
    case 'declined':
      return `declined: ${outcome.code}`;
    case 'replaced-lineage':
      return `the lineage was replaced by ${outcome.lineage.id}`;
    case 'read': {
      const { found, revision, lineage } = outcome;
      const shown = found === null ? 'nothing' : `#${valueNumber(found.value)} of revision ${found.revision}`;
      return `${shown}, as of ${revision} of ${lineage.id}`;
    }
    case 'lock': {
      const { holder, revision, lineage } = outcome;
      const shown = holder === null ? 'nobody' : `${holder.owner} since ${holder.revision}`;
      return `${shown}, as of ${revision} of ${lineage.id}`;
    }
    case 'past': {
      const { past, revision, lineage } = outcome;
      const shown = past.kind === 'found' ? `#${valueNumber(past.stored.value)} of ${past.stored.revision}` : past.kind;
      return `${shown}, as of ${revision} of ${lineage.id}`;
    }
    case 'history':
      return `${outcome.versions.length} versions, as of ${outcome.revision} of ${outcome.lineage.id}`;
    case 'listed':
      return `${outcome.items.length} keys and folders, as of ${outcome.revision} of ${outcome.lineage.id}`;
  }
}

function describeEntry({ index, epoch, body }: Entry): string {
  const place = `${index}/e${epoch}`;
  if (body.kind === 'write' && body.effects.length === 0) return `${place} ${body.outcome.kind}`;
  if (body.kind !== 'write' && body.kind !== 'expire' && body.kind !== 'evict') return `${place} ${body.kind}`;
  return `${place} ${body.effects.map(describeChange).join(', ')}`;
}

function describeChange(effect: StateEffect): string {
  switch (effect.kind) {
    case 'put':
      return `${effect.key}=#${valueNumber(effect.stored.value)}`;
    case 'delete':
      return `${effect.key} deleted`;
    case 'expire':
      return `${effect.key} expired`;
    case 'evict':
      return `${effect.key} evicted`;
    case 'touch':
      return `${effect.key} due at ${effect.expiresAtMs}, or unused for ${effect.idleMs} ms`;
    case 'hold':
      return `${effect.lock} held as ${effect.held.lockId} until ${effect.held.expiresAtMs}`;
    case 'free':
      return `${effect.lock} free`;
  }
}

const ENTRIES_SHOWN = 3;

function describeEntries(entries: readonly Entry[]): string {
  const shown = entries.slice(0, ENTRIES_SHOWN).map(describeEntry).join(', ');
  return entries.length <= ENTRIES_SHOWN ? shown : `${shown}, … ${entries.at(-1)?.index}`;
}

/** The fields that decide; `index/eEpoch` is a place in the log. */
function describeMessage(message: PeerMessage): string {
  switch (message.kind) {
    case 'hello': {
      const { epoch, lineage, lastIndex, lastEpoch, stopping } = message;
      const data = lineage === null ? 'empty' : `has ${lastIndex}/e${lastEpoch} of ${lineage.id}`;
      return `hello, epoch ${epoch}, ${data}${stopping ? ', stopping' : ''}`;
    }
    case 'reject':
      return `reject, epoch ${message.epoch} of ${message.lineage?.id ?? '-'}`;
    case 'resume':
      return `resume after ${message.prevIndex}/e${message.prevEpoch}, epoch ${message.epoch}`;
    case 'snapshotBegin':
      return `snapshot of ${message.startIndex}/e${message.startEpoch}, epoch ${message.epoch}`;
    case 'snapshotChunk':
      return `snapshot chunk ${message.number}, ${message.items.length} items`;
    case 'snapshotEnd':
      return `snapshot ends, complete at ${message.endIndex}`;
    case 'append': {
      const { epoch, round, fullRound, prevIndex, commitIndex, entries, member } = message;
      const what = entries.length === 0 ? 'heartbeat' : `append ${describeEntries(entries)} after ${prevIndex}`;
      return `${what}, epoch ${epoch}, commit ${commitIndex}, round ${round} (full ${fullRound})${member ? '' : ', no member'}`;
    }
    case 'ack': {
      const { epoch, round, matchIndex, stopping } = message;
      return `ack through ${matchIndex}, epoch ${epoch}, round ${round}${stopping ? ', stopping' : ''}`;
    }
    case 'vouch':
      return `vouch ${message.number}? epoch ${message.epoch}`;
    case 'vouched':
      return `vouched ${message.number}: ${message.granted ? 'yes' : 'no member'}`;
    case 'question':
      return `question ${message.number}`;
    case 'answer': {
      const { number, epoch, lineage, lastIndex, lastEpoch, leads } = message;
      const data = lineage === null ? 'empty' : `has ${lastIndex}/e${lastEpoch} of ${lineage.id}`;
      return `answer ${number}: epoch ${epoch}, ${data}${leads ? ', leads' : ''}`;
    }
  }
}
