import { readdirSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Installation } from './installation.ts';
import { uniqueName } from './objects.ts';
import { PROMETHEUS_OPERATOR_TYPES } from './prometheus-operator.ts';

/*
 * Every folder of k8s/ as a real API server takes it: strictly, without a warning, in a namespace that admits only what
 * Pod Security calls restricted.
 */
const K8S = resolve(import.meta.dirname, '../../k8s');
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const foldersIn = (folder: string): string[] => readdirSync(join(K8S, folder)).map((name) => `${folder}/${name}`);

const installation = await Installation.start();
if ('skip' in installation) test.skip(`manifests: ${installation.skip}`, () => undefined);
else describe('manifests', () => manifestTests(installation));

function manifestTests(cluster: Installation): void {
  let scratch: string;

  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(join(tmpdir(), 'kvstore-manifests-')));
    for (const type of PROMETHEUS_OPERATOR_TYPES) {
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      expect((await cluster.admin.post(path, type)).status).toBe(201);
    }
    const names = PROMETHEUS_OPERATOR_TYPES.map(({ metadata }) => `crd/${metadata.name}`);
    await cluster.kubectl('wait', '--for=condition=Established', '--timeout=20s', ...names);
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await rm(scratch, { recursive: true });
  });

  /** The folder, in a namespace of its own if it names none. */
  async function placed(folder: string): Promise<{ readonly namespace: string; readonly rendered: string }> {
    const rendered = await cluster.kubectl('kustomize', folder);
    const named = /^ {2}namespace: (\S+)$/m.exec(rendered)?.[1];
    const namespace = named ?? uniqueName();
    await cluster.createNamespace(namespace, RESTRICTED);
    return { namespace, rendered };
  }

  const apply = (folder: string, namespace: string, ...more: readonly string[]): Promise<string> =>
    cluster.kubectl('apply', '--server-side', '--validate=strict', '-k', folder, '-n', namespace, ...more);

  /** A component by itself says nothing: it is put on the base. */
  async function onBase(component: string): Promise<string> {
    const folder = await mkdtemp(join(scratch, 'on-base-'));
    const at = (path: string): string => relative(folder, join(K8S, path));
    await writeFile(
      join(folder, 'kustomization.yaml'),
      `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [${at('base')}]
components: [${at(component)}]
`,
    );
    return folder;
  }

  const checked = async (folder: string): Promise<void> => {
    const { namespace, rendered } = await placed(folder);
    await apply(folder, namespace, '--dry-run=server');
    await apply(folder, namespace);
    // What stands there is what was said: nothing is defaulted away, nothing would change with every apply.
    expect(await cluster.kubectl('diff', '--server-side', '-k', folder, '-n', namespace)).toBe('');
    expect(await cluster.kubectl('kustomize', folder)).toBe(rendered);
  };

  test.each(['base', ...foldersIn('overlays')])(
    '%s is taken as it is, and stays as it is',
    (folder) => checked(join(K8S, folder)),
    60_000,
  );

  test.each(foldersIn('components'))(
    '%s on the base is taken as it is, and stays as it is',
    async (component) => checked(await onBase(component)),
    60_000,
  );

  // The scheduler scores a node by such wishes only if it has the labels of all of them, and many nodes have no zone.
  test.each(['base', ...foldersIn('overlays')])(
    '%s wishes pods to be spread by nothing but the node',
    async (folder) => {
      const rendered = await cluster.kubectl('kustomize', join(K8S, folder));
      const constraints = rendered.matchAll(/topologyKey: (\S+)\n +whenUnsatisfiable: (\S+)/g);
      const found = Array.from(constraints, ([, topologyKey]) => topologyKey);
      expect(found).toEqual(['kubernetes.io/hostname', 'kubernetes.io/hostname']);
    },
  );

  test('install.yaml is what the base renders to', async () => {
    const path = join(K8S, 'install.yaml');
    const namespace = uniqueName();
    await cluster.createNamespace(namespace, RESTRICTED);
    await apply(join(K8S, 'base'), namespace);
    expect(await cluster.kubectl('diff', '--server-side', '-f', path, '-n', namespace)).toBe('');
  });

  describe('these checks see', () => {
    const change = async (patch: string): Promise<string> => {
      const folder = await onBase('components/pdb');
      const path = join(folder, 'kustomization.yaml');
      const target = '  - target: { kind: Deployment, name: kvstore }\n    patch: |-\n';
      const base = relative(folder, join(K8S, 'base'));
      await writeFile(path, `resources: [${base}]\npatches:\n${target}${patch.replace(/^/gm, '      ')}\n`);
      return folder;
    };

    test('an unknown field', async () => {
      const folder = await change('- op: add\n  path: /spec/template/spec/hostNetwrk\n  value: true');
      const { namespace } = await placed(folder);
      await expect(apply(folder, namespace, '--dry-run=server')).rejects.toThrow('hostNetwrk');
    });

    test('a pod that is not restricted', async () => {
      const path = '/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation';
      const folder = await change(`- op: replace\n  path: ${path}\n  value: true`);
      const { namespace } = await placed(folder);
      await expect(apply(folder, namespace, '--dry-run=server')).rejects.toThrow('would violate PodSecurity');
    });

    test('what does not stand there as it was said', async () => {
      const { namespace } = await placed(join(K8S, 'base'));
      await apply(join(K8S, 'base'), namespace);
      const folder = await change('- op: add\n  path: /spec/minReadySeconds\n  value: 7');
      await expect(cluster.kubectl('diff', '--server-side', '-k', folder, '-n', namespace)).rejects.toMatchObject({
        code: 1,
        stdout: expect.stringContaining('minReadySeconds: 7'),
      });
    });
  });
}
