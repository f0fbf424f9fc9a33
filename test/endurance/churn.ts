import type { LocalPod } from '../../src/main/local/pod.ts';
import type { LocalProxy } from '../../src/main/local/local-cluster.ts';
import type { Installation } from '../measure/installation.ts';
import { until } from '../measure/until.ts';

type Step = (churn: Churn) => Promise<string>;

/**
 * One process after the other is killed, stopped or frozen, by turns; the next only when all are in sync again. The
 * first kvstore and the first proxy are never ended: they are what is measured from the beginning to the end. The kvstore
 * is frozen, though, as leader and as follower, so that it goes through all changes of role.
 */
export class Churn {
  readonly installation: Installation;
  readonly #pods: LocalPod[];
  readonly #kept: LocalPod;
  readonly #proxy: LocalProxy;
  #steps = 0;

  constructor(installation: Installation) {
    this.installation = installation;
    const [kept, ...pods] = installation.pods;
    const [, proxy] = installation.cluster.proxies;
    if (kept === undefined || pods.length < 2 || proxy === undefined) throw new Error('there are too few processes');
    this.#kept = kept;
    this.#pods = pods;
    this.#proxy = proxy;
  }

  /** Does the next thing, and waits until its consequences are over; what it was. */
  async next(): Promise<string> {
    const step = STEPS[this.#steps % STEPS.length] as Step;
    this.#steps += 1;
    const what = await step(this);
    await this.installation.untilInSync();
    return what;
  }

  /** By turns, so that each has settled again when its turn comes (R5). */
  #nextPod(): LocalPod {
    const pod = this.#pods.shift() as LocalPod;
    this.#pods.push(pod);
    return pod;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    const pod = this.#nextPod();
    const leads = pod === (await this.installation.leader());
    const pid = pod.server.kill(signal);
    await until(`${pod.name} runs again`, () => pod.server.pid !== null && pod.server.pid !== pid);
    return `${signal} of ${pod.name}${leads ? ', which led' : ''}`;
  }

  async endProxy(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    const { server, name } = this.#proxy;
    const pid = server.kill(signal);
    await until(`${name} runs again`, () => server.pid !== null && server.pid !== pid);
    return `${signal} of ${name}`;
  }

  async freezeLeader(): Promise<string> {
    const leader = await this.installation.leader();
    leader.server.kill('SIGSTOP');
    try {
      await this.installation.untilLedByAnother(leader);
    } finally {
      leader.server.kill('SIGCONT');
    }
    return `SIGSTOP of ${leader.name}, which led`;
  }

  /** Until the set no longer names it; of the one that is kept, if it does not lead. */
  async freezeFollower(): Promise<string> {
    const leader = await this.installation.leader();
    const pod = leader === this.#kept ? this.#nextPod() : this.#kept;
    pod.server.kill('SIGSTOP');
    try {
      await this.installation.until(
        `${pod.name} is no member`,
        ({ members }) => !members.some((member) => member.startsWith(`${pod.name}/`)),
      );
    } finally {
      pod.server.kill('SIGCONT');
    }
    return `SIGSTOP of ${pod.name}`;
  }

  /** The kept one leads for a while, and then another. */
  async leadByAnother(): Promise<string> {
    const leader = await this.installation.leader();
    return leader === this.#kept ? this.freezeLeader() : this.end('SIGTERM');
  }
}

const STEPS: readonly Step[] = [
  (churn) => churn.end('SIGKILL'),
  (churn) => churn.freezeLeader(),
  (churn) => churn.endProxy('SIGKILL'),
  (churn) => churn.end('SIGTERM'),
  (churn) => churn.freezeFollower(),
  (churn) => churn.endProxy('SIGTERM'),
  (churn) => churn.leadByAnother(),
];
