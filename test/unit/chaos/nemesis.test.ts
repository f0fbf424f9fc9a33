import { expect, test } from '@jest/globals';
import type { ChaosCluster } from '../../chaos/cluster.ts';
import { drawSwarm, FAULT_KINDS, faults, Nemesis, type FaultNews } from '../../chaos/nemesis/nemesis.ts';
import { Stage } from '../../chaos/nemesis/stage.ts';
import { Prng } from '../../simulation/prng.ts';

/** A cluster that notes down what is done to its network; no process runs. */
function stageOf(seed: number): { readonly stage: Stage; readonly deeds: string[]; readonly broken: Set<string> } {
  const deeds: string[] = [];
  const broken = new Set<string>();
  const network = {
    cut: (from: string, to: string) => noted(`cut ${from}>${to}`, () => broken.add(`${from}>${to}`)),
    slow: (from: string, to: string) => noted(`slow ${from}>${to}`, () => broken.add(`${from}>${to}`)),
    reset: (a: string, b: string) => noted(`reset ${a}>${b}`, () => 1),
    heal: (a: string, b: string) => noted(`heal ${a}>${b}`, () => heal(a, b)),
    healAll: () => noted('heal all', () => broken.clear()),
  };
  const named = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}` }));
  const cluster = {
    network,
    pods: named('kvstore', 3),
    proxies: named('proxy', 2),
    crowds: named('clients', 2),
    lease: () => Promise.resolve(null),
  };
  const random = new Prng(seed);
  return { stage: new Stage({ cluster: cluster as unknown as ChaosCluster, random, prefix: 'p' }), deeds, broken };

  function noted<T>(deed: string, act: () => T): Promise<T> {
    deeds.push(deed);
    return Promise.resolve(act());
  }

  function heal(a: string, b: string): void {
    broken.delete(`${a}>${b}`);
    broken.delete(`${b}>${a}`);
  }
}

test('a seed draws the same again, and seeds differ; asked for, kinds are all on', () => {
  const draw = (seed: number) => drawSwarm(new Prng(seed), null);
  expect(draw(5)).toEqual(draw(5));
  const drawn = Array.from({ length: 50 }, (_, seed) => draw(seed).kinds);
  expect(new Set(drawn.map((kinds) => kinds.join())).size).toBeGreaterThan(45);
  expect(new Set(drawn.flat())).toEqual(new Set(FAULT_KINDS));
  expect(drawSwarm(new Prng(5), ['pause', 'reset']).kinds).toEqual(['pause', 'reset']);
});

test('any two that speak with each other can be cut, in both directions', async () => {
  const { stage, deeds } = stageOf(1);
  for (let count = 0; count < 600; count += 1) await faults['cut-one-way'].begin(stage);
  const cut = new Set(deeds);
  const pods = ['kvstore-0', 'kvstore-1', 'kvstore-2'];
  const others = [...pods, 'api', 'proxy-0', 'proxy-1', 'clients-0', 'clients-1'];
  const missing = pods.flatMap((pod) =>
    others.filter((other) => other !== pod).flatMap((other) => [`cut ${pod}>${other}`, `cut ${other}>${pod}`]),
  );
  expect(missing.filter((deed) => !cut.has(deed))).toEqual([]);
  for (const deed of ['cut proxy-0>clients-0', 'cut clients-1>proxy-1']) expect(cut).toContain(deed);
});

test.each(['cut-one-way', 'cut-both-ways', 'isolate', 'slow-link'] as const)(
  'what %s has broken, its end heals',
  async (kind) => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { stage, broken } = stageOf(seed);
      const active = await faults[kind].begin(stage);
      expect(broken.size).toBeGreaterThan(0);
      await active?.end();
      expect([...broken]).toEqual([]);
    }
  },
);

test('both ways are cut where both ways are said to be', async () => {
  const { stage, broken } = stageOf(3);
  const active = await faults['cut-both-ways'].begin(stage);
  const [a = '', b = ''] = active?.what.split(' ⇄ ') ?? [];
  expect([...broken].toSorted()).toEqual([`${a}>${b}`, `${b}>${a}`].toSorted());
});

test('a nemesis undoes in the end what it has done, and counts it', async () => {
  const { stage, broken } = stageOf(4);
  const news: FaultNews[] = [];
  const swarm = { kinds: ['isolate', 'slow-link'], meanGapMs: 5, activeMax: 4 } as const;
  const nemesis = new Nemesis({ stage, swarm, onNews: (each) => news.push(each) });
  await nemesis.run(300);
  const begun = news.filter(({ phase }) => phase === 'begun');
  expect(begun.length).toBeGreaterThan(2);
  expect(news.filter(({ phase }) => phase === 'ended')).toHaveLength(begun.length);
  expect(Object.values(nemesis.counts).reduce((sum, count) => sum + count, 0)).toBe(begun.length);
  expect([...broken]).toEqual([]);
});
