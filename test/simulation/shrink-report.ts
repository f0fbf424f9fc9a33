import { textDiagram, mermaidDiagram } from './diagram.ts';
import { type Plan, SECOND } from './plan.ts';
import { scheduleOf } from './schedule.ts';
import { isSameLeaf, leafAt, leavesOf, type Shrunk } from './shrink.ts';
import { describeWish, storyOf, type Wish } from './story.ts';
import { format, type TraceEvent } from './trace.ts';

/** What a person needs in order to understand a failure: what went wrong when, and who then said what to whom. */
export function describeShrunk(shrunk: Shrunk): string {
  const { drawn, plan, report, events, attempts } = shrunk;
  const before = `${sizeOf(drawn)}, ${seconds(drawn.faultsUntilUs)}`;
  const after = `${sizeOf(plan)}, ${seconds(report.simulatedSeconds * SECOND)}`;
  const { invariant = 'nothing', message = '' } = report.violation ?? {};
  const [end = ''] = message.split('\n');
  return [
    `seed ${drawn.seed}, shrunk in ${attempts} runs: ${before} -> ${after}`,
    `${invariant} violated at ${message}`,
    '',
    'What goes wrong:',
    ...linesOf(events, 'FAULT', ({ event, detail }) => `${event}${detail === null ? '' : ` ${format(detail)}`}`),
    '',
    ...describeOperations(shrunk),
    ...describePlan(shrunk),
    'What happens (║ leads, │ runs, ┊ is paused):',
    textDiagram(storyOf(events)),
    `${invariant} violated at ${end}`,
  ].join('\n');
}

export const mermaidOf = ({ events }: Shrunk): string => mermaidDiagram(storyOf(events));

function describeOperations({ plan, events }: Shrunk): string[] {
  if (plan.clients.acts === null) return [];
  const wishes = linesOf(events, 'client', ({ actor, event, detail }) =>
    event === 'wants' ? `${actor} ${describeWish(detail as Wish)}` : null,
  );
  return wishes.length === 0 ? [] : ['What the clients want:', ...wishes, ''];
}

/** Where the plan differs from what the seed had drawn. */
function describePlan({ drawn, plan }: Shrunk): string[] {
  const changed = leavesOf(drawn)
    .filter((path) => !isSameLeaf(leafAt(drawn, path), leafAt(plan, path)))
    .map((path) => `  ${path.join('.')}: ${format(leafAt(drawn, path))} -> ${format(leafAt(plan, path))}`);
  return changed.length === 0 ? [] : ['The plan, where it is simpler than the seed drew it:', ...changed, ''];
}

function linesOf(events: readonly TraceEvent[], actor: string, tell: (event: TraceEvent) => string | null): string[] {
  return events
    .filter((event) => event.actor.startsWith(actor))
    .map((event) => ({ event, words: tell(event) }))
    .filter(({ words }) => words !== null)
    .map(({ event, words }) => `${seconds(event.timeUs).padStart(12)}  ${words}`);
}

const sizeOf = (plan: Plan): string =>
  `${scheduleOf(plan).length} faults, ${plan.replicas} replicas, ${plan.clients.count} client(s)`;

const seconds = (us: number): string => `${(us / SECOND).toFixed(3)} s`;
