import type { Party } from '../network/network.ts';
import { done, someTimeMs, type ActiveFault, type Fault } from './fault.ts';
import type { Stage } from './stage.ts';

type Pair = readonly [Party, Party];

export const cutOneWay: Fault = {
  async begin(stage) {
    if (stage.isRecordLost) return null;
    const [from, to] = choosePair(stage);
    await stage.cluster.network.cut(from, to);
    return healing(stage, `${from} → ${to}`, [[from, to]]);
  },
};

export const cutBothWays: Fault = {
  async begin(stage) {
    if (stage.isRecordLost) return null;
    const [a, b] = choosePair(stage);
    await stage.cluster.network.cut(a, b);
    await stage.cluster.network.cut(b, a);
    return healing(stage, `${a} ⇄ ${b}`, [[a, b]]);
  },
};

/**
 * One kvstore or proxy is cut off from all others: of all it sends, all it is sent, or both. The API may be an exception, or
 * the clients: who goes on asking one that knows nothing of what the others do must not be told old tales (R12).
 */
export const isolate: Fault = {
  async begin(stage) {
    if (stage.isRecordLost) return null;
    const { random, cluster } = stage;
    const holder = await stage.holder();
    const one = random.chance(0.4) && holder !== null ? holder.name : random.pick(serversOf(stage));
    const kept = random.pick(['nobody', 'nobody', 'the API', 'clients', 'clients']);
    const others = [
      ...serversOf(stage).filter((other) => other !== one),
      ...(kept === 'clients' ? [] : clientsOf(stage)),
      ...(kept === 'the API' ? [] : ['api']),
    ];
    const which = random.pick(['both', 'out', 'in'] as const);
    for (const other of others) {
      if (which !== 'in') await cluster.network.cut(one, other);
      if (which !== 'out') await cluster.network.cut(other, one);
    }
    const arrows = { both: '⇄', out: '→', in: '←' }[which];
    return healing(
      stage,
      `${one} ${arrows} all${kept === 'nobody' ? '' : ` but ${kept}`}`,
      others.map((other) => [one, other]),
    );
  },
};

/** From a trickle to what a poor line carries. */
export const slowLink: Fault = {
  async begin(stage) {
    const [from, to] = choosePair(stage);
    const bytesPerS = stage.random.pick([2000, 10_000, 50_000]);
    await stage.cluster.network.slow(from, to, bytesPerS);
    return healing(stage, `${from} → ${to}, ${bytesPerS} B/s`, [[from, to]]);
  },
};

export const reset: Fault = {
  async begin(stage) {
    const [a, b] = choosePair(stage);
    const count = await stage.cluster.network.reset(a, b);
    return count === 0 ? null : done(`${a} ⇄ ${b}, ${count} connections`);
  },
};

function healing(stage: Stage, what: string, pairs: readonly Pair[]): ActiveFault {
  return {
    what,
    lastsMs: someTimeMs(stage.random),
    async end() {
      for (const [a, b] of pairs) await stage.cluster.network.heal(a, b);
      return null;
    },
  };
}

/** Any two that speak with each other. */
function choosePair(stage: Stage): Pair {
  const { random, cluster } = stage;
  const pod = random.pick(cluster.pods).name;
  const draw = random.next();
  const other =
    draw < 0.45
      ? random.pick(cluster.pods.map(({ name }) => name).filter((name) => name !== pod))
      : draw < 0.65
        ? 'api'
        : draw < 0.85
          ? random.pick(cluster.proxies).name
          : random.pick(clientsOf(stage));
  const pair: Pair = draw >= 0.92 ? [random.pick(cluster.proxies).name, other] : [pod, other];
  return random.chance(0.5) ? pair : [pair[1], pair[0]];
}

const serversOf = ({ cluster }: Stage): readonly Party[] =>
  [...cluster.pods, ...cluster.proxies].map(({ name }) => name);
const clientsOf = ({ cluster }: Stage): readonly Party[] => cluster.crowds.map(({ name }) => name);
