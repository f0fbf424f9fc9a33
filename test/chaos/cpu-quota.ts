import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const V1 = '/sys/fs/cgroup/cpu';
const V2 = '/sys/fs/cgroup';
const PERIOD_US = 100_000;

let groups = 0;

/** Leaves one process little of the processor, until it is ended. */
export interface Starvation {
  readonly how: 'cgroup v1' | 'cgroup v2' | 'busy loops';
  end(): Promise<void>;
}

/** By a quota of a control group where those may be written, else by loops that compete with it. */
export function starve(pid: number, options: { readonly share: number }): Starvation {
  const quotaUs = Math.max(1000, Math.round(PERIOD_US * options.share));
  if (isWritable(join(V1, 'cgroup.procs'))) {
    const group = newGroup(V1);
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
    return inGroup('cgroup v1', group, homeIn(V1, /:cpu(?:,[^:]*)?:(.*)$/m), pid);
  }
  if (isWritable(join(V2, 'cgroup.procs')) && hasController(join(V2, 'cgroup.subtree_control'))) {
    const group = newGroup(V2);
    writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    return inGroup('cgroup v2', group, homeIn(V2, /^0::(.*)$/m), pid);
  }
  return competed(pid);
}

function inGroup(how: Starvation['how'], group: string, homeProcs: string, pid: number): Starvation {
  writeFileSync(join(group, 'cgroup.procs'), String(pid));
  return {
    how,
    async end() {
      // A group can be removed once nobody is in it; who has died leaves it a little later.
      for (let attempt = 0; attempt < 100; attempt += 1) {
        for (const left of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
          try {
            writeFileSync(homeProcs, left);
          } catch {
            // It has died at this moment.
          }
        }
        try {
          rmdirSync(group);
          return;
        } catch {
          await wait(20);
        }
      }
      throw new Error(`the control group ${group} cannot be removed`);
    },
  };
}

/** Twice as many loops as there are processors, and the starved one behind them all. */
function competed(pid: number): Starvation {
  const loops: ChildProcess[] = [];
  for (let count = 0; count < 2 * availableParallelism(); count += 1) {
    loops.push(
      spawn(process.execPath, [
        '-e',
        'setInterval(() => { for (const end = Date.now() + 50; Date.now() < end;); }, 0)',
      ]),
    );
  }
  try {
    setPriority(pid, 10);
  } catch {
    // It has died, or is another's: the loops compete with it all the same.
  }
  return {
    how: 'busy loops',
    end() {
      for (const loop of loops) loop.kill('SIGKILL');
      try {
        // Only root may raise it again; else it stays the more patient one until its end.
        setPriority(pid, 0);
      } catch {
        // As said.
      }
      return Promise.resolve();
    },
  };
}

function newGroup(parent: string): string {
  groups += 1;
  const group = join(parent, `kvc${process.pid.toString(36)}x${groups}`);
  mkdirSync(group);
  return group;
}

/** Where this process is, and those that it starts. */
function homeIn(root: string, line: RegExp): string {
  const path = line.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  const home = join(root, path, 'cgroup.procs');
  return existsSync(home) ? home : join(root, 'cgroup.procs');
}

function hasController(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').split(/\s+/).includes('cpu');
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
