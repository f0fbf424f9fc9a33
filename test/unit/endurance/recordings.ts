import type { Recording, Values } from '../../endurance/recording.ts';

/** A recording of `samples` samples, 5 s apart, with a quarter for warming up. */
export function recordingOf(
  samples: number,
  at: (place: number) => { readonly group?: Values; readonly processes?: Readonly<Record<string, Values | null>> },
  changed: Partial<Recording> = {},
): Recording {
  const durationS = 5 * samples;
  return {
    startedAt: '2026-01-02T03:04:05.678Z',
    release: '0.1.0',
    node: 'v24.0.0',
    processors: 2,
    durationS,
    warmUpS: durationS / 4,
    settings: {},
    kept: ['kvstore-0'],
    faults: [],
    samples: Array.from({ length: samples }, (_, place) => ({
      atS: 5 * (place + 1),
      group: {},
      processes: {},
      ...at(place),
    })),
    load: { requests: 1000, answered: 1000, failures: {}, wrong: [], connections: 10 },
    ...changed,
  };
}
