import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

/** For the lab to start and the images to be built, where they are built for the first time. */
jest.setTimeout(420_000);

const root = resolve(import.meta.dirname, '../..');
const program = process.env['KUBE_LAB'] ?? resolve(root, '../shared/kube/cluster');

interface Run {
  readonly code: number | null;
  readonly output: string;
}

async function bash(script: string): Promise<Run> {
  const child = spawn('bash', ['-c', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  return { code, output };
}

async function lab(words: string): Promise<void> {
  const { code, output } = await bash(`'${program}' ${words}`);
  if (code !== 0) throw new Error(`${words}: ${output}`);
}

/** As somebody types it whose current context is the lab's, and whose docker is the one beside it. */
const inLab = (command: string) => bash(`eval "$('${program}' env)" && eval "$('${program}' docker)" && ${command}`);

function skipReason(): string | null {
  if (!existsSync(program)) return `KUBE_LAB names no program, and ${program} is not there`;
  if (process.getuid?.() !== 0) return 'a cluster on this machine needs root, for network namespaces';
  return null;
}

const skip = skipReason();
const UP = `./run.sh up --load-with "'${program}' load" --build-option --network=host`;

if (skip !== null) {
  test.skip(`run.sh on a real cluster: ${skip}`, () => {});
} else {
  describe('run.sh where the current context is a cluster of this machine', () => {
    beforeAll(async () => {
      await lab('up 3');
      await lab('node-image');
      // Of a run that was cut short.
      await inLab('./run.sh down');
    });

    afterAll(() => lab('down'));

    test('up brings the store there and says how to reach it; again, it replaces no pod; status finds all ready', async () => {
      const first = await inLab(UP);
      expect(first).toMatchObject({
        code: 0,
        output: expect.stringContaining('a write and a read through the proxy worked'),
      });
      const pods = await inLab('kubectl --namespace kvstore get pods --output name');
      expect(pods.output.split('\n').filter((line) => line.startsWith('pod/kvstore-'))).toHaveLength(4);
      expect(await inLab(UP)).toMatchObject({ code: 0 });
      expect(await inLab('kubectl --namespace kvstore get pods --output name')).toEqual(pods);

      const status = await inLab('./run.sh status');
      expect(status.code).toBe(0);
      const address = /address: (http:\S+)/.exec(status.output)?.[1];
      expect(first.output).toContain(`address  ${address}`);
      expect(((await (await fetch(`${address}/v1/cluster`)).json()) as { members: string[] }).members).toHaveLength(3);
    });

    test('test cluster passes', async () => {
      const run = await inLab('./run.sh test cluster');
      expect(run.output.trimEnd()).toMatch(/\n14 passed, 0 failed$/);
      expect(run.code).toBe(0);
    });

    test('logs has lines of both', async () => {
      const run = await inLab('./run.sh logs');
      expect(run.output).toContain('"event":"replica started"');
      expect(run.output).toContain('"event":"listening","process":"proxy"');
    });

    test('what does not start is shown: pods, events, descriptions and the last words of containers that ended', async () => {
      // An option that is refused: the process ends with 2 and says why. What `up` applies leaves it there.
      const set = 'kubectl --namespace kvstore set env deployment/kvstore-proxy KV_QUEUE_REQUESTS_MAX=none';
      expect(await inLab(set)).toMatchObject({ code: 0 });
      const run = await inLab(`${UP} --timeout 40`);
      expect(run.code).toBe(1);
      expect(run.output).toContain('run.sh up: not all pods became ready; what is above says why');
      expect(run.output).toMatch(/its previous container\nKV_QUEUE_REQUESTS_MAX: "none" is not allowed/);
      expect(run.output).toMatch(/--- events\n[^]*BackOff/);
      expect(run.output).toMatch(/--- describe\n[^]*Exit Code: +2/);
    });

    test('down leaves nothing there, twice', async () => {
      expect(await inLab('./run.sh down')).toMatchObject({ code: 0 });
      const left = await inLab('kubectl get namespace kvstore --ignore-not-found --output name');
      expect(left).toEqual({ code: 0, output: '' });
      expect((await inLab('./run.sh down')).output).toContain('the namespace is not there: nothing to do');
    });
  });
}
