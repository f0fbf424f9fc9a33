import { explain } from '../history/explanation.ts';
import { checkLinearizability } from '../history/linearizability.ts';
import type { RecordedOperation } from './load/requests.ts';
import { segmentsOf } from './segments.ts';

/** What the history shows that no history may show; empty: nothing. */
export function judge(history: readonly RecordedOperation[], lineagesWithLoss: readonly string[]): readonly string[] {
  return segmentsOf(history, lineagesWithLoss).flatMap((segment) =>
    checkLinearizability(segment).flatMap((result) => {
      switch (result.kind) {
        case 'linearizable':
          return [];
        case 'undecided':
          return [`${result.key}: too much was in doubt to decide whether its history is linearizable`];
        case 'contradiction': {
          const ofKey = segment.filter(({ key }) => key === result.key);
          return [`not linearizable: ${explain(result.contradiction, ofKey).join('\n    ')}`];
        }
      }
    }),
  );
}
