import { ticksUpTo } from '../../endurance/plot.ts';
import { escaped, INK } from '../../measure/svg.ts';
import { number } from '../command/markdown.ts';
import { spreadOf, type Report, type Spread } from './report.ts';
import { CONNECTIONS, SIZES, STORES, type SuiteName } from './suites.ts';

/** How the cost of an operation grows with one thing, which a suite has lanes for. */
export interface Chart {
  readonly suite: SuiteName;
  readonly title: string;
  readonly scale: 'linear' | 'logarithmic';
  readonly lines: readonly Line[];
}

interface Line {
  readonly title: string;
  readonly colour: string;
  /** By what stands below the axis. */
  readonly lanes: Readonly<Record<string, string>>;
}

interface DrawnLine extends Line {
  /** µs of the whole machine for an operation; null: the lane did not take part. */
  readonly costs: readonly (Spread | null)[];
}

const FIRST = '#2b83c6';
const SECOND = '#d55e00';
const PEER = '#999999';

const PANEL = { width: 276, height: 130, left: 58, right: 26, top: 58, bottom: 34 };
const COLUMNS = 2;
const HEAD_HEIGHT = 30;
const US_PER_S = 1e6;

function lanesOf(places: readonly (string | number)[], laneOf: (place: string) => string): Line['lanes'] {
  return Object.fromEntries(places.map(String).map((place) => [place, laneOf(place)]));
}

const stores = Object.values(STORES).map(number);

export const charts: readonly Chart[] = [
  {
    suite: 'replicas',
    title: 'PUT, by replicas',
    scale: 'linear',
    lines: [
      {
        title: 'kvstore',
        colour: FIRST,
        lanes: lanesOf([1, 3, 5], (place) => (place === '1' ? '1 replica' : `${place} replicas`)),
      },
    ],
  },
  {
    suite: 'keys',
    title: 'PUT and GET, by keys in the store',
    scale: 'linear',
    lines: [
      { title: 'PUT', colour: FIRST, lanes: lanesOf(stores, (place) => `PUT, ${place} keys`) },
      { title: 'GET', colour: SECOND, lanes: lanesOf(stores, (place) => `GET, ${place} keys`) },
    ],
  },
  {
    suite: 'values',
    title: 'PUT, by the size of values',
    scale: 'logarithmic',
    lines: [
      { title: 'kvstore', colour: FIRST, lanes: lanesOf(Object.keys(SIZES), (place) => `kvstore, ${place}`) },
      {
        title: 'etcd, gRPC',
        colour: PEER,
        lanes: lanesOf(Object.keys(SIZES), (place) => `etcd, gRPC (own client), ${place}`),
      },
    ],
  },
  {
    suite: 'connections',
    title: 'PUT, by connections',
    scale: 'linear',
    lines: [
      { title: 'kvstore', colour: FIRST, lanes: lanesOf(CONNECTIONS, (place) => `kvstore, ${place}`) },
      {
        title: 'Redis, SET + WAIT 2',
        colour: PEER,
        lanes: lanesOf(CONNECTIONS, (place) => `Redis, SET + WAIT 2, ${place}`),
      },
    ],
  },
];

/** A panel for each chart, a line for each contestant: medians, with the least and the most; an SVG that needs nothing else. */
export function drawCosts(report: Report): string {
  const drawn = charts.flatMap((chart) => {
    const lines = linesOf(chart, report);
    return lines.length === 0 ? [] : [{ chart, lines }];
  });
  const outer = {
    width: PANEL.left + PANEL.width + PANEL.right,
    height: PANEL.top + PANEL.height + PANEL.bottom,
  };
  const height = HEAD_HEIGHT + Math.ceil(drawn.length / COLUMNS) * outer.height;
  const panels = drawn.map(({ chart, lines }, place) => {
    const x = (place % COLUMNS) * outer.width + PANEL.left;
    const y = HEAD_HEIGHT + Math.floor(place / COLUMNS) * outer.height + PANEL.top;
    return `<g transform="translate(${x} ${y})">${drawPanel(chart, lines)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * outer.width} ${height}" role="img" aria-label="costs of ${report.startedAt.slice(0, 10)}">`,
    `<style>text{font:12px system-ui,sans-serif;fill:${INK}}.title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}`,
    `.axis{stroke:${INK};stroke-width:.5;opacity:.5}.line{fill:none;stroke-width:2}.spread{stroke-width:1}</style>`,
    `<text class="title" x="${PANEL.left}" y="14">µs that an operation takes of the whole machine; less is better</text>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

/** Of those who took part. */
function linesOf({ suite, lines }: Chart, { suites }: Report): readonly DrawnLine[] {
  const lanes = suites.find(({ name }) => name === suite)?.lanes ?? [];
  return lines
    .map((line): DrawnLine => {
      const costs = Object.values(line.lanes).map((name) => {
        const outcomes = lanes.find((lane) => lane.name === name)?.outcomes ?? [];
        return spreadOf(outcomes.map(({ seconds, operations }) => (US_PER_S * seconds) / operations));
      });
      return { ...line, costs };
    })
    .filter(({ costs }) => costs.some((cost) => cost !== null));
}

function drawPanel({ title, scale }: Chart, lines: readonly DrawnLine[]): string {
  const { width, height } = PANEL;
  const places = Object.keys(lines[0]?.lanes ?? {});
  const all = lines.flatMap(({ costs }) => costs.filter((cost) => cost !== null));
  const { ticks, shareOf } = scales[scale](
    Math.min(...all.map(({ min }) => min)),
    Math.max(...all.map(({ max }) => max)),
  );
  const xOf = (place: number): number => rounded((width * (place + 0.5)) / places.length);
  const yOf = (value: number): number => rounded(height * (1 - shareOf(value)));

  const parts = [`<text class="title" x="0" y="-36">${escaped(title)}</text>`, drawLegend(lines)];
  for (const tick of ticks) {
    parts.push(
      `<line class="axis" x1="0" x2="${width}" y1="${yOf(tick)}" y2="${yOf(tick)}"/>`,
      `<text class="end" x="-6" y="${yOf(tick) + 4}">${number(tick)}</text>`,
    );
  }
  places.forEach((name, place) => {
    parts.push(`<text class="middle" x="${xOf(place)}" y="${height + 17}">${escaped(name)}</text>`);
  });
  for (const { title: of, colour, costs } of lines.toReversed()) {
    const path: string[] = [];
    const marks: string[] = [];
    costs.forEach((cost, place) => {
      if (cost === null) return;
      const [x, y] = [xOf(place), yOf(cost.median)];
      path.push(`${path.length === 0 ? 'M' : 'L'}${x} ${y}`);
      const hover = `${of}, ${places[place] ?? ''}: ${number(cost.median)} µs (${number(cost.min)}–${number(cost.max)})`;
      marks.push(
        `<line class="spread" x1="${x}" x2="${x}" y1="${yOf(cost.min)}" y2="${yOf(cost.max)}" stroke="${colour}"/>`,
        `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"><title>${escaped(hover)}</title></circle>`,
      );
    });
    parts.push(`<path class="line" d="${path.join('')}" stroke="${colour}"/>`, ...marks);
  }
  return parts.join('\n');
}

function drawLegend(lines: readonly DrawnLine[]): string {
  let x = 0;
  const entries = lines.map(({ title, colour }) => {
    const entry =
      `<line class="line" x1="${x}" x2="${x + 16}" y1="-20" y2="-20" stroke="${colour}"/>` +
      `<text x="${x + 21}" y="-16">${escaped(title)}</text>`;
    x += 40 + 7 * title.length;
    return entry;
  });
  return entries.join('');
}

interface Scale {
  readonly ticks: readonly number[];
  /** Of the axis, from its lower end. */
  readonly shareOf: (value: number) => number;
}

const scales: Readonly<Record<Chart['scale'], (least: number, most: number) => Scale>> = {
  linear(_, most) {
    const ticks = ticksUpTo(most);
    const top = ticks.at(-1) ?? 1;
    return { ticks, shareOf: (value) => value / top };
  },
  logarithmic(least, most) {
    const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
    const ticks = Array.from({ length: to - from + 1 }, (_, place) => 10 ** (from + place));
    return { ticks, shareOf: (value) => (Math.log10(value) - from) / (to - from) };
  },
};

const rounded = (value: number): number => Math.round(value * 10) / 10;
