import type { Stage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

const FIRST_WRITE_WITHIN_MS = 15_000;

/** From nothing; the images are on the nodes already. */
export async function apply(stage: Stage): Promise<Round> {
  const { installation } = stage;
  await installation.remove();
  const tookMs = await installation.install();
  const broken = tookMs > FIRST_WRITE_WITHIN_MS ? [`the first write only after ${tookMs.toFixed(0)} ms`] : [];
  // Nothing happens any more: the load shows that what has come up is well.
  return underLoad(stage, {}, () =>
    Promise.resolve({ note: `first acknowledged write after ${(tookMs / 1000).toFixed(1)} s`, broken }),
  );
}
