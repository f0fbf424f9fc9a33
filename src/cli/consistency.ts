import type { Consistency } from '../client/index.ts';

export const CONSISTENCIES = [
  'in-sync',
  'linearizable',
  'session',
  'eventual',
] as const satisfies readonly Consistency[];

export const isConsistency = (value: unknown): value is Consistency =>
  (CONSISTENCIES as readonly unknown[]).includes(value);
