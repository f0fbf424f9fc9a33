import type { Stage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

const VALUE_BYTES = 900_000;

/** Beyond KV_MEMORY_MAX writes are refused, by 507; deletes still work, and make room. Nobody is killed for it. */
export function outOfMemory(stage: Stage): Promise<Round> {
  const { installation } = stage;
  return underLoad(stage, { expectedCodes: ['memory-full'] }, async (load) => {
    const before = await installation.pods('kvstore');
    const target = { name: 'kvstore-proxy', ...(await installation.serviceAddress('kvstore-proxy')) };
    const filled = await load.order(
      { kind: 'fill', prefix: `fill-${Date.now().toString(36)}`, valueBytes: VALUE_BYTES, target },
      'filled',
    );
    const { written, refused, left, acceptsAgain } = filled;
    const broken: string[] = [];
    if (refused === 0) broken.push(`none of ${written} large values was refused`);
    if (left > 0) broken.push(`${left} large values could not be deleted`);
    if (!acceptsAgain) broken.push('no large value was accepted after the deletes');
    const after = await installation.pods('kvstore');
    for (const pod of after) {
      const same = before.find(({ uid }) => uid === pod.uid);
      if (same?.restarts !== pod.restarts) broken.push(`${pod.name} was restarted: ${JSON.stringify(pod.lastExit)}`);
    }
    const megabytes = Math.round((written * VALUE_BYTES) / 2 ** 20);
    return { note: `full at ${written} values, ${megabytes} MiB; then ${refused} refused`, broken };
  });
}
