import { beforeEach, expect, test } from '@jest/globals';
import { StallWatch } from '../../../../src/adapters/system/stall-watch.ts';
import type { LogFields } from '../../../../src/ports/telemetry.ts';

let warnings: [string, LogFields | undefined][];
let watch: StallWatch;

beforeEach(() => {
  warnings = [];
  const ignore = () => undefined;
  const warn = (event: string, fields?: LogFields) => warnings.push([event, fields]);
  watch = new StallWatch({ debug: ignore, info: ignore, warn, error: ignore }, { nowMs: 1000, processorMs: 400 });
});

test('a timer that is a little late is nothing to speak of', () => {
  watch.look({ nowMs: 1050, processorMs: 410 });
  watch.look({ nowMs: 1349, processorMs: 700 });
  expect(warnings).toEqual([]);
});

test('a process that got no processor says how long it stood, and that it did not work', () => {
  watch.look({ nowMs: 2050, processorMs: 412 });
  expect(warnings).toEqual([['event loop stood still', { ms: 1000, processorMs: 12, stalls: 1 }]]);
});

test('of many stalls one is told every five seconds, with how many there were', () => {
  watch.look({ nowMs: 1400, processorMs: 400 });
  watch.look({ nowMs: 1800, processorMs: 400 });
  watch.look({ nowMs: 2200, processorMs: 400 });
  expect(warnings).toHaveLength(1);
  watch.look({ nowMs: 6400, processorMs: 4000 });
  expect(warnings[1]).toEqual(['event loop stood still', { ms: 4150, processorMs: 3600, stalls: 3 }]);
});
