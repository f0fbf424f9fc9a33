import { describe, expect, test } from '@jest/globals';
import { mermaidDiagram, textDiagram } from './diagram.ts';
import type { MakeGroup } from './inspection.ts';
import { drawPlan, type Plan } from './plan.ts';
import { makeRealGroup } from './real-group.ts';
import { runPlan } from './run-seed.ts';
import { type ScheduledFault, scheduleOf } from './schedule.ts';
import { minimize, shrink, type Shrunk } from './shrink.ts';
import { describeShrunk } from './shrink-report.ts';
import { API, storyOf } from './story.ts';
import { lineOf, type TraceEvent } from './trace.ts';

/** A process that starts anew under its old replica id, with nothing in its memory: seen only when one has died. */
const makeForgetfulGroup: MakeGroup = (options, now) =>
  makeRealGroup({ ...options, identity: { ...options.identity, dataId: 'same' } }, now);

/** The first seed with which the forgetful group loses something that was committed. */
function failingPlan(): Plan {
  for (let seed = 1; seed <= 50; seed += 1) {
    const plan = drawPlan(seed, { seconds: 10 });
    if (runPlan(plan, makeForgetfulGroup).violation?.invariant === 'committed-survives') return plan;
  }
  throw new Error('a group that forgets what it committed passes 50 seeds');
}

function shrunkPlan(plan: Plan): Shrunk {
  const shrunk = shrink(plan, makeForgetfulGroup, { isSpent: ({ attempts }) => attempts >= 60 });
  if (shrunk === null) throw new Error('the plan does not fail');
  return shrunk;
}

const drawn = failingPlan();
const shrunk = shrunkPlan(drawn);

describe('a failing seed', () => {
  test('becomes much shorter and fails as before', () => {
    expect(scheduleOf(drawn).length).toBeGreaterThanOrEqual(5);
    expect(scheduleOf(shrunk.plan).length).toBeLessThanOrEqual(2);
    expect(scheduleOf(shrunk.plan).length).toBeGreaterThanOrEqual(1);
    expect(shrunk.report.events).toBeLessThan(runPlan(drawn, makeForgetfulGroup).events);
    expect(shrunk.report.violation?.invariant).toBe('committed-survives');
  });

  test('is the same run when it was written as JSON and read again', () => {
    const read = JSON.parse(JSON.stringify(shrunk.plan)) as Plan;
    const lines: string[] = [];
    const report = runPlan(read, makeForgetfulGroup, { listener: (event) => lines.push(lineOf(event)) });
    expect(report.violation?.message).toBe(shrunk.report.violation?.message);
    expect(lines).toEqual(shrunk.events.map(lineOf));
  });

  test('is no trap: the real core passes it', () => {
    expect(runPlan(shrunk.plan, makeRealGroup).violation).toBeNull();
  });

  test('is told with its faults, its actors and what they say', () => {
    const text = describeShrunk(shrunk);
    for (const { kind } of scheduleOf(shrunk.plan)) expect(text).toContain(`*** ${kind}`);
    const [header = ''] = text.split('\n').filter((line) => line.includes(API));
    expect(header).toMatch(/API server +kv-0 +kv-1 +kv-2/);
    expect(text).toMatch(/[├◀]─.* (hello,|append|answer) /);
    expect(text).toMatch(/leading, epoch \d/);
    expect(text).toMatch(/[├◀]─.* replace \d+: epoch \d+ of kv-/);
    expect(text).toContain('✗');
    expect(text).toContain(shrunk.report.violation?.message.split('\n')[0]);
  });
});

describe('a diagram', () => {
  const steps = storyOf(shrunk.events);

  test('has no more lines than it may, and says how many steps each gap leaves out', () => {
    const rows = textDiagram(steps, { linesMax: 30 }).split('\n').slice(1);
    const gaps = rows.flatMap((row) => /\((\d+) more\)$/.exec(row)?.[1] ?? []);
    expect(rows.length - gaps.length).toBeLessThanOrEqual(30);
    const hidden = gaps.reduce((sum, gap) => sum + Number(gap), 0);
    expect(hidden + rows.length - gaps.length).toBe(steps.length);
  });

  test('shows the last steps whatever they are', () => {
    const rows = textDiagram(steps).split('\n');
    expect(rows.at(-1)).toContain(steps.at(-1)?.words);
    expect(rows.at(-2)).toContain(steps.at(-2)?.words);
  });

  test('for mermaid names every participant that it uses', () => {
    const [, ...lines] = mermaidDiagram(steps, { linesMax: 40 }).split('\n');
    const named = new Set(lines.flatMap((line) => /^ {2}participant (a\d+) as /.exec(line)?.[1] ?? []));
    const used = lines.flatMap((line) => /^ {2}(a\d+)->>(a\d+): /.exec(line)?.slice(1, 3) ?? []);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((actor) => !named.has(actor))).toEqual([]);
    expect(lines.filter((line) => line.includes(';') && !/(#35;|#59;)/.test(line))).toEqual([]);
  });
});

test('leaving one fault out changes nothing before its time', () => {
  const plan = drawPlan(11);
  const [first, second] = scheduleOf(plan) as [ScheduledFault, ScheduledFault];
  const trace = (schedule: readonly ScheduledFault[]): string[] => {
    const lines: string[] = [];
    const listener = (event: TraceEvent): void => {
      if (event.timeUs < second.atUs) lines.push(lineOf(event));
    };
    runPlan({ ...plan, schedule, faultsUntilUs: second.atUs + 1 }, makeRealGroup, { listener });
    return lines;
  };
  const whole = trace([first, second]);
  expect(whole.length).toBeGreaterThan(50);
  expect(trace([first])).toEqual(whole);
  expect(trace([second])).not.toEqual(whole);
});

describe('the least that fails', () => {
  const items = Array.from({ length: 40 }, (_, item) => item);
  const contains = (needed: readonly number[]) => (kept: readonly number[]) =>
    needed.every((item) => kept.includes(item));

  test.each([[[]], [[0]], [[39]], [[3, 17, 38]], [[5, 6]]])('is found: %j', (needed) => {
    expect(minimize(items, contains(needed))).toEqual(needed);
  });

  test('is found in few attempts where little is needed', () => {
    let attempts = 0;
    const fails = contains([17]);
    minimize(items, (kept) => {
      attempts += 1;
      return fails(kept);
    });
    expect(attempts).toBeLessThan(20);
  });
});
