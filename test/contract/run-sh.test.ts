import { execFile } from 'node:child_process';
import { delimiter, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Installation } from './installation.ts';
import { uniqueName } from './objects.ts';

/*
 * What `run.sh up` and `down` make of a real API server. No controller is there, so nobody else changes what is seen;
 * `test/integration/run-cluster` has the rest, which stubs can tell.
 */
// Each apply is a process of kubectl's that asks about every object.
jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '../..');

const installation = await Installation.start();
if ('skip' in installation) test.skip(`run.sh: ${installation.skip}`, () => undefined);
else describe('run.sh', () => runTests(installation));

function runTests(cluster: Installation): void {
  afterAll(() => cluster.close());

  /** Functions of scripts/cluster, as the verbs call them. */
  async function script(namespace: string, overlay: string, commands: string): Promise<string> {
    const parts = ['options', 'images', 'manifests'].map((part) => `source scripts/cluster/${part}.sh`);
    const variables = `verb=up context=contract namespace=${namespace} overlay=${overlay}`;
    const text = ['set -euo pipefail', ...parts, variables, commands, 'rm -r "$rendered"'].join('\n');
    const PATH = `${cluster.server.assets}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH, KUBECONFIG: cluster.server.kubeconfigPath };
    return (await promisify(execFile)('bash', ['-c', text], { cwd: root, env })).stdout;
  }
  const up = (namespace: string, overlay: string) => script(namespace, overlay, 'apply_manifests >/dev/null || exit');
  const field = (namespace: string, object: string, path: string): Promise<string> =>
    cluster.kubectl('get', object, '--namespace', namespace, '--output', `jsonpath={${path}}`);
  const replicas = async (namespace: string): Promise<string[]> => [
    await field(namespace, 'deployment/kvstore', '.spec.replicas'),
    await field(namespace, 'deployment/kvstore-proxy', '.spec.replicas'),
  ];

  /** To which `up` has come with the overlay `production`, for the first time. */
  const fresh = uniqueName();
  beforeAll(() => up(fresh, 'production'));

  test('an overlay with autoscalers begins with as many pods as they ask for at least', async () => {
    expect(await replicas(fresh)).toEqual(['3', '2']);
  });

  test('to it from one that says how many, no pod ends; and again', async () => {
    const namespace = uniqueName();
    await up(namespace, 'lab');
    await cluster.kubectl('scale', '--namespace', namespace, 'deployment/kvstore', '--replicas=5');
    await up(namespace, 'production');
    // With the number in kubectl's memory it would have been 1, and then the least that the autoscaler allows.
    expect(await replicas(namespace)).toEqual(['5', '2']);
    await up(namespace, 'production');
    expect(await replicas(namespace)).toEqual(['5', '2']);
  });

  test('the overlay of the last time is found on what it applied, in no pod, and taken again', async () => {
    const chosen = await script(fresh, '', 'choose_overlay; echo "$overlay"; rendered=$(mktemp -d)');
    expect(chosen.trim()).toBe('production');
    const pods = await field(fresh, 'deployment/kvstore', '.spec.template.metadata');
    expect(pods).toContain('app.kubernetes.io/name');
    expect(pods).not.toContain('kvstore.dev/overlay');
    expect((await script(uniqueName(), '', 'choose_overlay; echo "$overlay"; rendered=$(mktemp -d)')).trim()).toBe(
      'dev',
    );
  });

  test('a namespace of somebody else gets no label, and stays', async () => {
    const namespace = uniqueName();
    await cluster.createNamespace(namespace, { 'their.example/label': 'x' });
    await up(namespace, 'production');
    const labels = JSON.parse(await field(namespace, `namespace/${namespace}`, '.metadata.labels')) as object;
    expect(labels).toEqual({ 'their.example/label': 'x', 'kubernetes.io/metadata.name': namespace });
    await script(namespace, 'production', 'render; kube delete --kustomize "$rendered" >/dev/null');
    expect(await field(namespace, `namespace/${namespace}`, '.status.phase')).toBe('Active');
    expect(await cluster.kubectl('get', 'hpa,pdb,networkpolicy,service', '--namespace', namespace, '-o', 'name')).toBe(
      '',
    );
  });

  test('one that is made here is for restricted pods, and marked', async () => {
    const labels = JSON.parse(await field(fresh, `namespace/${fresh}`, '.metadata.labels')) as object;
    expect(labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'run.sh',
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  });

  test('a second installation has a node port of its own', async () => {
    const nodePort = (namespace: string) => field(namespace, 'service/kvstore-proxy', '.spec.ports[0].nodePort');
    await up('kvstore', 'dev');
    expect(await nodePort('kvstore')).toBe('30001');
    const namespace = uniqueName();
    await up(namespace, 'dev');
    const own = await nodePort(namespace);
    expect(Number(own)).toBeGreaterThanOrEqual(30000);
    expect(own).not.toBe('30001');
    await up(namespace, 'dev');
    expect(await nodePort(namespace)).toBe(own);
  });
}
