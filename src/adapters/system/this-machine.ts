import { statSync } from 'node:fs';
import { memoryLimitBytes } from './memory-limit.ts';

/** What options have defaults by (`Machine` in `config/table.ts`). */
export const thisMachine = () => ({ memoryLimitBytes: memoryLimitBytes(), fileBytes });

function fileBytes(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
