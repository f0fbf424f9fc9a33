import type { Fault } from './fault.ts';

const BIG_BYTES = 500_000;

/** The store is filled until it says so; deletes make room again. */
export const fillMemory: Fault = {
  begin({ cluster, random, newKey }) {
    const crowd = random.pick(cluster.crowds);
    const target = random.pick(cluster.targets);
    const prefix = newKey();
    const filled = crowd.order({ kind: 'fill', prefix, valueBytes: BIG_BYTES, target }, 'filled');
    return Promise.resolve({
      what: `through ${target.name}`,
      lastsMs: 0,
      async end() {
        const { written, refused, deleted, acceptsAgain } = await filled;
        return `${written} written, ${refused} refused, ${deleted} deleted, ${acceptsAgain ? 'accepts again' : 'accepts nothing yet'}`;
      },
    });
  },
};

/** A client asks for much and reads none of it. */
export const deafenClient: Fault = {
  begin({ cluster, random, newKey }) {
    const crowd = random.pick(cluster.crowds);
    const target = random.pick(cluster.targets);
    const forMs = random.between(1000, 4000);
    const deafened = crowd.order({ kind: 'deafen', key: newKey(), target, forMs }, 'deafened');
    return Promise.resolve({
      what: `of ${target.name}`,
      lastsMs: forMs,
      async end() {
        const { askedBytes, ending } = await deafened;
        return `${askedBytes} bytes of requests, ${ending ?? 'still connected'}`;
      },
    });
  },
};
