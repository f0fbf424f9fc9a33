import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { CutFrom, PodPlace, Powers } from './powers.ts';

/** The context that the lab's kubeconfig names. */
export const LAB_CONTEXT = 'kube-lab';
/** Where the lab's API server listens. */
const API_HOST = '10.255.0.1';
/** By this mark the lab finds what `heal` has to undo. */
const DROP = '-j DROP -m comment --comment kube-lab-cut';
/** kube-proxy writes rules, too: one waits for the other. */
const LOCK_WITHIN_S = 5;
const COMMAND_WITHIN_MS = 600_000;
/** After the API server has come back. */
const KEPT_UP_MS = 600_000;
const LOOK_EVERY_MS = 3000;
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

const run = promisify(execFile);

/** A real Kubernetes on this machine, whose nodes are namespaces: `cluster` starts, breaks and mends it. */
export class Lab implements Powers {
  readonly #program: string;
  readonly #namespace: string;
  #environment: NodeJS.ProcessEnv = process.env;
  /** null: whoever has started it knows. */
  #nodes: number | null = null;
  #keeper: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;

  private constructor(program: string, namespace: string) {
    this.#program = program;
    this.#namespace = namespace;
  }

  /** KUBE_LAB names its program; else it lies beside the checkout, or there is none, and `skip` says so. */
  static find(namespace: string): Lab | { readonly skip: string } {
    const program = process.env['KUBE_LAB'] ?? join(import.meta.dirname, '../../../../shared/kube/cluster');
    if (!existsSync(program)) return { skip: `no lab: KUBE_LAB names no program, and ${program} is not there` };
    if (process.getuid?.() !== 0) return { skip: 'the lab needs root, for network namespaces' };
    return new Lab(program, namespace);
  }

  /** With its kubeconfig, and its kubectl before any other. */
  get environment(): NodeJS.ProcessEnv {
    return this.#environment;
  }

  /** Starts what is missing. */
  async up(nodes: number): Promise<void> {
    await this.#lab('up', String(nodes));
    this.#nodes = nodes;
  }

  /** From now on `environment` is the lab's. */
  async attach(): Promise<void> {
    const { stdout } = await this.#lab('env');
    const assignments = /^export (.*)$/m.exec(stdout)?.[1] ?? '';
    const { stdout: printed } = await run('bash', ['-c', `export ${assignments}; env -0`]);
    this.#environment = Object.fromEntries(
      printed.split('\0').flatMap((line) => {
        const at = line.indexOf('=');
        return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
      }),
    );
  }

  /** Nothing of it is left running, whoever had started it. */
  async down(): Promise<void> {
    await this.#keepNoLonger();
    await this.#lab('down');
  }

  /** In one transaction: whoever is cut off from several is cut off from all of them at once. */
  async cut(pod: PodPlace, from: readonly CutFrom[]): Promise<void> {
    const rules = from.flatMap((others) => packetsOf(pod, others)).map((packets) => `-I FORWARD ${packets} ${DROP}`);
    const restore = ['iptables-restore', '--noflush', '--wait', String(LOCK_WITHIN_S)];
    const child = run('ip', ['netns', 'exec', `kube-lab-${pod.node.replace('node', '')}`, ...restore]);
    child.child.stdin?.end(['*filter', ...rules, 'COMMIT', ''].join('\n'));
    await child;
  }

  /**
   * The scheduler ends itself when it finds that it has missed too much while the API server was away. Elsewhere a kubelet
   * starts it again; here somebody has to, until the next fault.
   */
  #keepUp(): void {
    const stop = new AbortController();
    this.#keeper = { stop, ended: this.#keepUpUntil(stop.signal) };
  }

  async #keepUpUntil(signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + KEPT_UP_MS;
    while (performance.now() < untilMs) {
      // Who has nothing else to do need not wait for this.
      await wait(LOOK_EVERY_MS, undefined, { ref: false, signal }).catch(() => undefined);
      if (signal.aborted || this.#nodes === null) return;
      try {
        const { stdout, stderr } = await this.#lab('status');
        // What runs is said on the one, what the cluster has on the other.
        if (/^stopped +kube-(scheduler|controller-manager)$/m.test(stdout + stderr)) await this.up(this.#nodes);
      } catch {
        // The API server is not quite there yet.
      }
    }
  }

  async #keepNoLonger(): Promise<void> {
    this.#keeper?.stop.abort();
    await this.#keeper?.ended;
    this.#keeper = null;
  }

  async heal(): Promise<void> {
    await this.#lab('heal');
  }

  async stopApi(): Promise<void> {
    await this.#keepNoLonger();
    await this.#lab('api', 'stop');
  }

  async startApi(): Promise<void> {
    await this.#lab('api', 'start');
    this.#keepUp();
  }

  async restartApi(): Promise<void> {
    await this.#keepNoLonger();
    await this.#lab('api', 'kill');
    await this.#lab('api', 'start');
    this.#keepUp();
  }

  async pauseApi(): Promise<void> {
    await this.#keepNoLonger();
    await this.#lab('api', 'pause');
  }

  async resumeApi(): Promise<void> {
    await this.#lab('api', 'resume');
    this.#keepUp();
  }

  async killNode(node: string): Promise<void> {
    await this.#keepNoLonger();
    await this.#lab('kill-node', node);
  }

  async startNode(node: string): Promise<void> {
    await this.#lab('start-node', node);
  }

  async buildImage(image: {
    readonly tag: string;
    readonly dockerfile: string;
    readonly context: string;
  }): Promise<void> {
    await this.#lab('build', image.tag, image.dockerfile, image.context);
  }

  async #lab(...command: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    return run(this.#program, [...command], {
      env: { ...process.env, KUBE_LAB_NAMESPACE: this.#namespace },
      timeout: COMMAND_WITHIN_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  }
}

/** A node is a network namespace; what its pods send and get is forwarded there. */
function packetsOf({ ip }: PodPlace, from: CutFrom): readonly string[] {
  const bothWays = (other: string): readonly string[] => [`-s ${ip} -d ${other}`, `-s ${other} -d ${ip}`];
  switch (from.kind) {
    case 'pods':
      return from.pods.flatMap((pod) => bothWays(pod.ip));
    case 'api':
      return bothWays(API_HOST);
    case 'everything':
      return [`-s ${ip}`, `-d ${ip}`];
  }
}
