import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';

const root = resolve(import.meta.dirname, '../../..');

/** All that the verbs need besides docker, kubectl and a cluster's tool. What is missing here is missing for them. */
const COMMANDS = [
  'awk',
  'bash',
  'cat',
  'cp',
  'cut',
  'date',
  'dirname',
  'env',
  'grep',
  'mkdir',
  'mktemp',
  'rm',
  'sleep',
  'tr',
  'xargs',
];

export type Tool = 'docker' | 'kubectl' | 'k3d' | 'kind' | 'minikube';
type ClusterTool = 'k3d' | 'kind' | 'minikube';

export interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  /** Calls of the stubs, one by one. */
  readonly calls: readonly string[];
}

/**
 * A machine made of stubs: what is installed on it, which clusters and contexts there are. `run` runs a verb there, with
 * nothing on its PATH but {@link COMMANDS} and the stubs, which record each call and change this world as the real ones do.
 */
export class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kvstore-world-'));

  constructor(tools: readonly Tool[]) {
    const folders = ['bin', 'contexts', 'last-applied', 'clusters/k3d', 'clusters/kind', 'clusters/minikube'];
    for (const folder of folders) {
      mkdirSync(join(this.#folder, folder), { recursive: true });
    }
    for (const command of COMMANDS) symlinkSync(which(command), join(this.#folder, 'bin', command));
    for (const stub of ['record', 'hostname', 'loader', ...tools]) {
      symlinkSync(join(import.meta.dirname, 'stubs', stub), join(this.#folder, 'bin', stub));
    }
    const empty = [
      'calls',
      'fails',
      'current-context',
      'node-port',
      'successor',
      'overlay',
      'rendering',
      'autoscalers',
    ];
    for (const name of empty) this.set(name, '');
    this.set('sources', '0123456789abcdef');
    this.set('lineage', '1.lineage-of-this-group');
    this.set('leader', 'kvstore-a');
    this.set('epoch', '1');
    this.set('replicas', 'kvstore 3 3\nkvstore-proxy 2 2\n');
  }

  /** Files of the world that the stubs read. */
  set(name: string, content: string): this {
    writeFileSync(join(this.#folder, name), content);
    return this;
  }

  get(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(join(this.#folder, name));
  }

  addContext(name: string, server: string): this {
    return this.set(`contexts/${name}`, server);
  }

  addCluster(tool: ClusterTool, name: string): this {
    const context = tool === 'minikube' ? name : `${tool}-${name}`;
    return this.set(`clusters/${tool}/${name}`, '').addContext(context, 'https://127.0.0.1:6443');
  }

  setCurrent(context: string): this {
    return this.set('current-context', context);
  }

  /** The stubs' calls that match fail: a pattern of bash, such as `kind load *`. */
  failAt(pattern: string): this {
    return this.set('fails', `${this.get('fails')}${pattern}\n`);
  }

  async run(words: string, environment: Readonly<Record<string, string>> = {}): Promise<Run> {
    this.set('calls', '');
    const child = spawn(join(root, 'run.sh'), words.split(' '), {
      env: { PATH: join(this.#folder, 'bin'), WORLD: this.#folder, TMPDIR: this.#folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const code = await new Promise<number | null>((ended) => child.once('close', ended));
    return { code, output, errors, calls: this.get('calls').trimEnd().split('\n') };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function which(command: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (existsSync(join(folder, command))) return join(folder, command);
  }
  throw new Error(`${command} is not installed`);
}
