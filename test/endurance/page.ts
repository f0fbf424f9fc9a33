import type { Verdict } from './flatness.ts';
import type { Recording } from './recording.ts';

const MARKERS = {
  begin: '<!-- of the newest run: written by npm run endurance -->',
  end: '<!-- end of the newest run -->',
};

/** The page with what this run showed in the place of what the one before did. @throws if it has no such place */
export function withFigures(page: string, recording: Recording, verdicts: readonly Verdict[]): string {
  return withSection(page, MARKERS, figuresOf(recording, verdicts));
}

/** The page with another text between its markers. @throws if it has none */
export function withSection(
  page: string,
  { begin, end }: { readonly begin: string; readonly end: string },
  text: string,
): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`the page has no place for the figures: ${begin} … ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}

/** In words and as a table. */
export function figuresOf(recording: Recording, verdicts: readonly Verdict[]): string {
  const { startedAt, release, node, processors, durationS, warmUpS, faults, load } = recording;
  const failed = Object.entries(load.failures).map(([code, count]) => `${count} × ${code}`);
  const failures = failed.length === 0 ? 'none failed' : `these failed: ${failed.join(', ')}`;
  const wrong = load.wrong.length === 0 ? 'none' : load.wrong.join('; ');
  const what = new Map<string, number>();
  for (const fault of faults) {
    const kind = fault.what.replace(/ of (kvstore|proxy)-\d+/, ' of a $1');
    what.set(kind, (what.get(kind) ?? 0) + 1);
  }
  return [
    `${minutesText(durationS)} on ${startedAt.slice(0, 10)}, release ${release}, Node ${node}, ${processors} processors.`,
    `${load.requests} requests over ${load.connections} connections; ${failures}. Answers that were wrong, and`,
    `acknowledged writes that a replica did not have in the end: ${wrong}.`,
    `Faults: ${[...what].map(([kind, count]) => `${count} × ${kind}`).join(', ') || 'none'}.`,
    `Judged from minute ${rounded(warmUpS / 60)} on:`,
    '',
    '| what | of | median | growth by the trend | allowed | flat |',
    '|---|---|---|---|---|---|',
    ...verdicts.map(({ measure, process, median, growth, growthMax, isFlat }) => {
      const cells = [measure.title, process ?? 'all', ...[median, growth, growthMax].map(numberText)];
      return `| ${cells.join(' | ')} | ${isFlat ? 'yes' : '**no**'} |`;
    }),
  ].join('\n');
}

function minutesText(seconds: number): string {
  return seconds < 90 ? `${rounded(seconds)} seconds` : `${rounded(seconds / 60)} minutes`;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

const numberText = (value: number): string => String(Math.abs(value) >= 100 ? Math.round(value) : rounded(value));
