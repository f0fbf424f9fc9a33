import type { LocalPod } from '../../../src/main/local/pod.ts';
import { Installation } from '../../measure/installation.ts';
import { Ledger } from '../../measure/load/ledger.ts';
import { OpenLoop } from '../../measure/load/open-loop.ts';
import { until } from '../../measure/until.ts';
import { root } from '../command/page.ts';
import { releaseOf } from '../command/taken.ts';
import { contestants } from '../contestants/contestants.ts';
import type { GapContestant, Group, Member } from './group.ts';

const KEYS = 500;
const CONNECTIONS = 32;
const SOON = { everyMs: 2 };

/**
 * A pod that is lost again and again waits up to a minute before it is a member again (R5), and in each round one is lost: here it
 * waits no longer than a second. The times that decide who leads, and who is removed, are the defaults.
 */
const ENV = { KV_READMIT_MAX: '1s' };

/** Three replicas, a proxy, to which all writes go, and the embedded Kubernetes API. The client repeats nothing. */
export const kvstore: GapContestant = {
  title: contestants.kvstore.title,
  missing: () => null,
  async start(): Promise<Group> {
    const installation = await Installation.start({ env: ENV });
    /** Replicas whose memory is gone. */
    const former = new Set<string>();
    // One for all rounds: what a round has lost, or done twice, is found at every replica from then on.
    const ledger = new Ledger(KEYS);
    let lostBefore = 0;

    const member = (pod: LocalPod): Member => ({
      name: pod.name,
      signal: (name) => void pod.server.kill(name),
      async replace(by) {
        const { members } = await installation.settledView();
        for (const id of members) if (id.startsWith(`${pod.name}/`)) former.add(id);
        const pid = pod.server.kill(by);
        await until(`${pod.name} has ended`, () => pod.server.pid !== pid, SOON);
        // One that ends often is not started again at once.
        pod.server.start();
      },
    });

    return {
      version: releaseOf(root),
      write(ratePerS) {
        const addresses = installation.proxyAddresses;
        const load = new OpenLoop({ addresses, ratePerS, ledger, connections: CONNECTIONS });
        return Promise.resolve({
          ratePerS,
          get acknowledged() {
            return load.acknowledged;
          },
          get longestStallMs() {
            return load.longestStallMs;
          },
          get failed() {
            return load.failures.length;
          },
          worstPause: (fromMs) => load.worstPause(fromMs),
          stop: () => load.stop(),
          async lost() {
            await installation.untilQuiet();
            const { lost, doubled, diverged } = ledger.judge(await installation.held(KEYS));
            const all = lost + doubled + diverged;
            const now = all - lostBefore;
            lostBefore = all;
            return now;
          },
          close: () => load.close(),
        });
      },
      leader: async () => member(await installation.leader()),
      async follower() {
        const followers = await installation.followers();
        const [pod] = followers.toSorted((a, b) => a.server.restarts - b.server.restarts);
        if (pod === undefined) throw new Error('there is no follower');
        return member(pod);
      },
      async untilWhole() {
        await installation.until('nobody counts whose memory is gone', ({ members }) =>
          members.every((id) => !former.has(id)),
        );
        await installation.untilInSync();
      },
      kubernetes: {
        takeAway: () => installation.takeApiAway(),
        bringBack: () => installation.bringApiBack(),
      },
      end: () => installation.end(),
    };
  },
};
