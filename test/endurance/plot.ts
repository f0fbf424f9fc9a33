import { escaped, INK } from '../measure/svg.ts';
import { pointsOf, type Point } from './flatness.ts';
import { MEASURES, type Measure } from './measures.ts';
import type { Recording } from './recording.ts';

/** Of one panel's drawing area and what is around it, in pixels. */
const PANEL = { width: 250, height: 110, left: 44, right: 14, top: 34, bottom: 26 };
const COLUMNS = 3;
const HEAD_HEIGHT = 42;
/** Told apart by people who see fewer colours, too (Okabe and Ito), and no darker or lighter than they must be. */
const COLOURS = ['#2b83c6', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#8c7a00', '#999999'];
const GROUP_COLOUR = COLOURS[0] ?? INK;

interface Line {
  readonly points: readonly Point[];
  readonly colour: string;
  readonly isKept: boolean;
}

/** A panel for each measure, a line for each process; an SVG that needs nothing else. */
export function drawPlot(recording: Recording): string {
  const processes = namesIn(recording);
  const colours = new Map(processes.map((name, place) => [name, COLOURS[place % COLOURS.length] ?? INK]));
  const panels = MEASURES.map((measure) => ({ measure, lines: linesOf(recording, measure, colours) })).filter(
    ({ lines }) => lines.length > 0,
  );
  const outer = {
    width: PANEL.left + PANEL.width + PANEL.right,
    height: PANEL.top + PANEL.height + PANEL.bottom,
  };
  const width = COLUMNS * outer.width;
  const height = HEAD_HEIGHT + Math.ceil(panels.length / COLUMNS) * outer.height;
  const drawn = panels.map(({ measure, lines }, place) => {
    const x = (place % COLUMNS) * outer.width + PANEL.left;
    const y = HEAD_HEIGHT + Math.floor(place / COLUMNS) * outer.height + PANEL.top;
    return `<g transform="translate(${x} ${y})">${drawPanel(recording, measure, lines)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(titleOf(recording))}">`,
    `<style>text{font:11px system-ui,sans-serif;fill:${INK}}.title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}`,
    `.axis{stroke:${INK};stroke-width:.5;opacity:.5}.line{fill:none;stroke-width:1;opacity:.75}.kept{stroke-width:2;opacity:1}</style>`,
    `<text class="title" x="${PANEL.left}" y="14">${escaped(titleOf(recording))}</text>`,
    drawLegend(recording, colours),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function titleOf({ durationS, faults, load }: Recording): string {
  const minutes = Math.round(durationS / 6) / 10;
  return `${minutes} minutes of mixed load, ${load.requests} requests, ${faults.length} faults`;
}

/** In the order in which they were recorded. */
function namesIn(recording: Recording): readonly string[] {
  return [...new Set(recording.samples.flatMap(({ processes }) => Object.keys(processes)))];
}

function linesOf(recording: Recording, measure: Measure, colours: ReadonlyMap<string, string>): readonly Line[] {
  const lines: Line[] = [];
  for (const [process, colour] of [[null, GROUP_COLOUR] as const, ...colours]) {
    const points = pointsOf(recording, measure, process);
    const isKept = process === null || recording.kept.includes(process);
    if (points.length > 0) lines.push({ points, colour, isKept });
  }
  // Those that are judged are on top.
  return lines.toSorted((a, b) => Number(a.isKept) - Number(b.isKept));
}

function drawLegend({ kept }: Recording, colours: ReadonlyMap<string, string>): string {
  let x = PANEL.left;
  const entries = [...colours].map(([name, colour]) => {
    const isKept = kept.includes(name);
    const entry =
      `<line class="line${isKept ? ' kept' : ''}" x1="${x}" x2="${x + 16}" y1="28" y2="28" stroke="${colour}"/>` +
      `<text x="${x + 21}" y="32">${escaped(name)}</text>`;
    x += 36 + 7 * name.length;
    return entry;
  });
  return `${entries.join('')}<text x="${x}" y="32">(thick: runs from beginning to end)</text>`;
}

function drawPanel(recording: Recording, measure: Measure, lines: readonly Line[]): string {
  const { width, height } = PANEL;
  const { durationS, warmUpS, faults, samples } = recording;
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ value }) => value)));
  const y = ticksUpTo(most);
  const minutes = ticksUpTo(durationS / 60);
  const top = y.at(-1) ?? 1;
  const xOf = (atS: number) => rounded((width * atS) / durationS);
  const yOf = (value: number) => rounded(height - (height * value) / top);
  // A gap, and not a line across it, where a process did not run or was not heard.
  const stepS = 1.5 * ((samples.at(-1)?.atS ?? durationS) / Math.max(1, samples.length));

  const parts = [
    `<text class="title" x="0" y="-18">${escaped(measure.title)}</text><text x="0" y="-6">${escaped(measure.unit)}</text>`,
    `<rect width="${xOf(warmUpS)}" height="${height}" fill="${INK}" opacity=".15"><title>warm-up</title></rect>`,
  ];
  for (const value of y) {
    parts.push(
      `<line class="axis" x1="0" x2="${width}" y1="${yOf(value)}" y2="${yOf(value)}"/>`,
      `<text class="end" x="-5" y="${yOf(value) + 4}">${numberText(value)}</text>`,
    );
  }
  for (const minute of minutes.filter((at) => at * 60 <= durationS)) {
    const unit = minute === 0 ? ' min' : '';
    parts.push(`<text class="middle" x="${xOf(minute * 60)}" y="${height + 18}">${numberText(minute)}${unit}</text>`);
  }
  const marks = faults.map(({ atS }) => `M${xOf(atS)} ${height}v4`).join('');
  if (marks !== '') parts.push(`<path d="${marks}" stroke="${INK}" stroke-width=".8"><title>faults</title></path>`);
  for (const { points, colour, isKept } of lines) {
    let path = '';
    let before: Point | null = null;
    for (const point of points) {
      const isNext = before !== null && point.atS - before.atS <= stepS;
      path += `${isNext ? 'L' : 'M'}${xOf(point.atS)} ${yOf(point.value)}`;
      before = point;
    }
    parts.push(`<path class="line${isKept ? ' kept' : ''}" d="${path}" stroke="${colour}"/>`);
  }
  return parts.join('\n');
}

/** From 0 to no less than `most`, in three to six steps of 1, 2 or 5 times a power of ten. */
export function ticksUpTo(most: number): readonly number[] {
  if (!(most > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(most / 3));
  const step = ([1, 2, 5, 10].find((factor) => most / (factor * power) <= 5) ?? 10) * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, place) => Number((place * step).toPrecision(6)));
}

const numberText = (value: number): string => (value >= 10_000 ? `${value / 1000}k` : String(value));

const rounded = (value: number): number => Math.round(value * 100) / 100;
