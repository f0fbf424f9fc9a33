import { ticksUpTo } from '../../endurance/plot.ts';
import { number } from '../command/markdown.ts';
import type { LaneReport, Report, SuiteReport } from './report.ts';

const NAME_WIDTH = 250;
const BAR_WIDTH = 360;
const VALUE_WIDTH = 110;
const BAR_HEIGHT = 14;
const STEP = 20;
const HEAD_HEIGHT = 26;
const FOOT_HEIGHT = 30;
const WIDTH = NAME_WIDTH + BAR_WIDTH + VALUE_WIDTH;
/** Between black and white, so that it can be read on either. */
const INK = '#7d8590';
const OURS = '#2b83c6';
const OTHERS = '#999999';

/** A panel of bars for each suite: medians, with a line from the least to the most; an SVG that needs nothing else. */
export function drawBars({ suites, startedAt }: Report): string {
  let y = 0;
  const panels: string[] = [];
  for (const suite of suites) {
    const lanes = suite.lanes.filter(({ figure }) => figure !== null);
    if (lanes.length === 0) continue;
    panels.push(`<g transform="translate(0 ${y})">${drawPanel(suite, lanes)}</g>`);
    y += HEAD_HEIGHT + lanes.length * STEP + FOOT_HEIGHT;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="benchmarks of ${startedAt.slice(0, 10)}">`,
    `<style>text{font:12px system-ui,sans-serif;fill:${INK}}.title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}`,
    `.axis{stroke:${INK};stroke-width:.5;opacity:.5}.spread{stroke:${INK};stroke-width:1.5}</style>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel({ name, what, unit }: SuiteReport, lanes: readonly LaneReport[]): string {
  const ticks = ticksUpTo(Math.max(...lanes.map(({ figure }) => figure?.max ?? 0)));
  const top = ticks.at(-1) ?? 1;
  const xOf = (value: number): number => Math.round(NAME_WIDTH + (BAR_WIDTH * value) / top);
  const bottom = HEAD_HEIGHT + lanes.length * STEP;
  const parts = [`<text class="title" x="0" y="14">${escaped(`${name}: ${what}; ${unit}`)}</text>`];
  for (const tick of ticks) {
    parts.push(
      `<line class="axis" x1="${xOf(tick)}" x2="${xOf(tick)}" y1="${HEAD_HEIGHT - 4}" y2="${bottom}"/>`,
      `<text class="middle" x="${xOf(tick)}" y="${bottom + 14}">${number(tick)}</text>`,
    );
  }
  lanes.forEach(({ name: lane, contestant, figure }, place) => {
    const { median, min, max } = figure ?? { median: 0, min: 0, max: 0 };
    const y = HEAD_HEIGHT + place * STEP;
    const middle = y + BAR_HEIGHT / 2;
    parts.push(
      `<text class="end" x="${NAME_WIDTH - 8}" y="${y + 12}">${escaped(lane)}</text>`,
      `<rect x="${NAME_WIDTH}" y="${y}" width="${xOf(median) - NAME_WIDTH}" height="${BAR_HEIGHT}" fill="${contestant.startsWith('kvstore') ? OURS : OTHERS}"><title>${escaped(contestant)}</title></rect>`,
      `<line class="spread" x1="${xOf(min)}" x2="${xOf(max)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${xOf(Math.max(median, max)) + 6}" y="${y + 12}">${number(median)}</text>`,
    );
  });
  return parts.join('\n');
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
