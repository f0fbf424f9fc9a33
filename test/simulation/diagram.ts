import { SECOND } from './plan.ts';
import { API, type Life, type Step, type Weight } from './story.ts';

export interface DiagramOptions {
  /** Steps that get a line; what is further from the end gets one only if it matters more. @default 150 */
  readonly linesMax?: number;
}

/** Of all lines, the share for the last steps whatever they are, and for the last that are not routine. */
const ROUTINE_SHARE = 0.25;
const WORK_SHARE = 0.4;

/** A step that is shown, and how many before it are not. */
interface Line {
  readonly step: Step;
  readonly hiddenBefore: number;
}

/**
 * A sequence diagram in plain text: a column for the API server, for each pod and for each client, time going down. What
 * happens stands beside it in words, so that columns stay narrow and nothing is cut.
 */
export function textDiagram(steps: readonly Step[], options: DiagramOptions = {}): string {
  const lines = choose(steps, options.linesMax ?? 150);
  const actors = actorsOf(lines);
  const width = Math.max(8, ...actors.map((actor) => actor.length + 2));
  const middle = (actor: string): number => actors.indexOf(actor) * width + (width >> 1);
  const lives = new Map<string, Life>(actors.map((actor) => [actor, isReplica(actor) ? 'absent' : 'alive']));

  const lifelines = (): string[] => {
    const cells = Array.from({ length: actors.length * width }, () => ' ');
    for (const actor of actors) cells[middle(actor)] = lifeline[lives.get(actor) ?? 'absent'];
    return cells;
  };
  const rows = [`${' '.repeat(12)}${actors.map((actor) => centred(actor, width)).join('')}`];
  let next = 0;
  for (const { step, hiddenBefore } of lines) {
    // Lives change in steps that are not shown, too.
    for (let hidden = 0; hidden < hiddenBefore; hidden += 1, next += 1) live(lives, steps[next] as Step);
    if (hiddenBefore > 0) rows.push(`${'⋮'.padStart(10)}  ${lifelines().join('')}  (${hiddenBefore} more)`);
    const before = lifelines();
    live(lives, step);
    next += 1;
    const cells = step.from === step.to ? before : lifelines();
    draw(cells, step, middle);
    rows.push(`${seconds(step.timeUs)}  ${cells.join('')}  ${step.words}`.trimEnd());
  }
  return rows.join('\n');
}

/** The same for https://mermaid.js.org. */
export function mermaidDiagram(steps: readonly Step[], options: DiagramOptions = {}): string {
  const lines = choose(steps, options.linesMax ?? 150);
  const actors = actorsOf(lines);
  const id = (actor: string): string => `a${actors.indexOf(actor)}`;
  const everybody = `${id(actors[0] ?? '')},${id(actors.at(-1) ?? '')}`;
  const rows = ['sequenceDiagram', ...actors.map((actor) => `  participant ${id(actor)} as ${actor}`)];
  for (const { step, hiddenBefore } of lines) {
    if (hiddenBefore > 0) rows.push(`  Note over ${everybody}: ${hiddenBefore} more`);
    // A semicolon ends a statement, and a hash begins the name of a character.
    const told = `${seconds(step.timeUs).trim()} ${step.words}`;
    const words = told.replaceAll(/[#;]/g, (mark) => (mark === '#' ? '#35;' : '#59;'));
    if (step.from === null || step.to === null) rows.push(`  Note over ${everybody}: ${words}`);
    else if (step.from === step.to) rows.push(`  Note over ${id(step.from)}: ${words}`);
    else rows.push(`  ${id(step.from)}->>${id(step.to)}: ${words}`);
  }
  return rows.join('\n');
}

const lifeline: Record<Life, string> = { absent: ' ', alive: '│', leading: '║', paused: '┊' };

const seconds = (timeUs: number): string => (timeUs / SECOND).toFixed(6).padStart(10);

const isReplica = (actor: string): boolean => actor !== API && !actor.startsWith('client');

function live(lives: Map<string, Life>, { from, life }: Step): void {
  if (from === null || life === null || !lives.has(from)) return;
  lives.set(from, life);
}

function draw(cells: string[], { from, to, life }: Step, middle: (actor: string) => number): void {
  if (from === null || to === null) return;
  const start = middle(from);
  const end = middle(to);
  if (start === end) {
    cells[start] = life === 'absent' ? '✗' : '●';
    return;
  }
  const step = Math.sign(end - start);
  for (let place = start + step; place !== end; place += step) {
    cells[place] = cells[place] === ' ' ? '─' : '┼';
  }
  cells[start] = step > 0 ? '├' : '┤';
  cells[end - step] = step > 0 ? '▶' : '◀';
}

function centred(text: string, width: number): string {
  const left = (width >> 1) - (text.length >> 1);
  return `${' '.repeat(Math.max(0, left))}${text}`.padEnd(width);
}

/** The end in full, what comes before it in outline: from the last step backwards, each share by its weight. */
function choose(steps: readonly Step[], linesMax: number): Line[] {
  const shares: Record<Weight, number> = {
    routine: Math.ceil(linesMax * ROUTINE_SHARE),
    work: Math.ceil(linesMax * (ROUTINE_SHARE + WORK_SHARE)),
    turn: linesMax,
  };
  const shown = new Set<number>();
  for (let place = steps.length - 1; place >= 0; place -= 1) {
    const { weight } = steps[place] as Step;
    if (shown.size < shares[weight]) shown.add(place);
  }
  const lines: Line[] = [];
  let previous = -1;
  for (const place of [...shown].sort((a, b) => a - b)) {
    lines.push({ step: steps[place] as Step, hiddenBefore: place - previous - 1 });
    previous = place;
  }
  return lines;
}

/** The API server first, then the replicas, then the clients. */
function actorsOf(lines: readonly Line[]): string[] {
  const named = new Set(lines.flatMap(({ step }) => [step.from, step.to]).filter((actor) => actor !== null));
  const rank = (actor: string): number => (actor === API ? 0 : isReplica(actor) ? 1 : 2);
  return [...named].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
