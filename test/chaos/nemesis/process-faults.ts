import type { LocalPod } from '../../../src/main/local/pod.ts';
import type { Server } from '../../../src/main/local/server.ts';
import { starve } from '../cpu-quota.ts';
import { done, someTimeMs, type Fault } from './fault.ts';
import type { Stage } from './stage.ts';

/** kill -9; another process takes its place, empty. */
export const killLeader: Fault = {
  async begin(stage) {
    const pod = await stage.holder();
    if (pod === null || !(await stage.mayForget(pod))) return null;
    stage.cluster.signal(pod.server, 'SIGKILL');
    return done(pod.name);
  },
};

export const killFollower: Fault = {
  async begin(stage) {
    const pod = await chooseFollower(stage);
    if (pod === null || !(await stage.mayForget(pod))) return null;
    stage.cluster.signal(pod.server, 'SIGKILL');
    return done(pod.name);
  },
};

export const killProxy: Fault = {
  begin(stage) {
    const { name, server } = stage.random.pick(stage.cluster.proxies);
    if (server.pid === null) return Promise.resolve(null);
    stage.cluster.signal(server, 'SIGKILL');
    return Promise.resolve(done(name));
  },
};

/** SIGTERM: hand-over, removal from the set, drain; then another process takes its place. */
export const terminate: Fault = {
  async begin(stage) {
    const { random, cluster } = stage;
    if (random.chance(0.25)) {
      const { name, server } = random.pick(cluster.proxies);
      if (server.pid === null || stage.paused.has(server)) return null;
      cluster.signal(server, 'SIGTERM');
      return done(name);
    }
    const pod = random.chance(0.5) ? await stage.holder() : await chooseFollower(stage);
    if (pod === null || stage.paused.has(pod.server) || !(await stage.mayForget(pod))) return null;
    cluster.signal(pod.server, 'SIGTERM');
    return done(pod.name);
  },
};

/** SIGSTOP and, later, SIGCONT: it wakes up in a world that went on without it. */
export const pause: Fault = {
  async begin(stage) {
    const server = await chooseServer(stage);
    if (stage.isRecordLost || server === null || stage.paused.has(server)) return null;
    const pid = server.pid;
    server.kill('SIGSTOP');
    stage.paused.add(server);
    return {
      what: server.name,
      lastsMs: someTimeMs(stage.random),
      end() {
        stage.paused.delete(server);
        if (server.pid === pid) server.kill('SIGCONT');
        return Promise.resolve(null);
      },
    };
  },
};

/** Between a fiftieth and a fifth of a processor. */
export const starveProcessor: Fault = {
  async begin(stage) {
    const server = await chooseServer(stage);
    if (server === null || server.pid === null) return null;
    const share = stage.random.within(0.02, 0.2);
    const starvation = starve(server.pid, { share });
    return {
      what: `${server.name}, ${Math.round(100 * share)} % of a processor (${starvation.how})`,
      lastsMs: stage.random.between(500, 4000),
      async end() {
        await starvation.end();
        return null;
      },
    };
  },
};

/** The wall clock jumps by up to an hour, and back in the end. */
export const jumpClock: Fault = {
  async begin(stage) {
    const server = await chooseServer(stage);
    if (server === null || server.pid === null) return null;
    const size = stage.random.pick([300, 2000, 30_000, 3_600_000]);
    const wallOffsetMs = stage.random.between(-size, size);
    stage.cluster.setClock(server, { wallOffsetMs, rate: 1 });
    return {
      what: `${server.name}, ${wallOffsetMs} ms`,
      lastsMs: stage.random.between(500, 5000),
      end: () => right(stage, server),
    };
  },
};

/** The monotonic clock goes wrong by up to a fifth. */
export const bendClock: Fault = {
  async begin(stage) {
    const server = await chooseServer(stage);
    if (server === null || server.pid === null) return null;
    const rate = stage.random.within(0.8, 1.2);
    stage.cluster.setClock(server, { wallOffsetMs: 0, rate });
    return {
      what: `${server.name}, × ${rate.toFixed(2)}`,
      lastsMs: stage.random.between(1000, 5000),
      end: () => right(stage, server),
    };
  },
};

function right(stage: Stage, server: Server): Promise<null> {
  stage.cluster.setClock(server, { wallOffsetMs: 0, rate: 1 });
  return Promise.resolve(null);
}

/** The leader one time in three, else any kvstore, now and then a proxy. */
async function chooseServer(stage: Stage): Promise<Server | null> {
  const { random, cluster } = stage;
  if (random.chance(0.15)) return random.pick(cluster.proxies).server;
  if (random.chance(0.35)) return (await stage.holder())?.server ?? null;
  return random.pick(cluster.pods).server;
}

async function chooseFollower(stage: Stage): Promise<LocalPod | null> {
  const holder = await stage.holder();
  const others = stage.cluster.pods.filter((pod) => pod !== holder);
  return others.length === 0 ? null : stage.random.pick(others);
}
