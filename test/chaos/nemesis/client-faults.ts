import type { Fault } from './fault.ts';

const BIG_BYTES = 500_000;

/** The store is filled until it says so; deletes make room again. Two at once would fill what the other has freed. */
export const fillMemory: Fault = {
  begin(stage) {
    if (stage.isFilled) return Promise.resolve(null);
    stage.isFilled = true;
    const crowd = stage.random.pick(stage.cluster.crowds);
    const target = stage.random.pick(stage.cluster.targets);
    const order = { kind: 'fill', prefix: stage.newKey(), valueBytes: BIG_BYTES, target } as const;
    const filled = crowd.order(order, 'filled');
    return Promise.resolve({
      what: `through ${target.name}`,
      lastsMs: 0,
      async end() {
        const { written, refused, left, acceptsAgain } = await filled;
        stage.isFilled = false;
        if (left > 0 || !acceptsAgain)
          throw new Error(`${left} large values could not be deleted, or one more not written`);
        return `${written} written, ${refused} refused, all deleted, accepts again`;
      },
    });
  },
};

/** A client asks for much and reads none of it. */
export const deafenClient: Fault = {
  begin(stage) {
    const { cluster, random } = stage;
    const crowd = random.pick(cluster.crowds);
    const target = random.pick(cluster.targets);
    const forMs = random.between(1000, 4000);
    const deafened = crowd.order({ kind: 'deafen', key: stage.newKey(), target, forMs }, 'deafened');
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
