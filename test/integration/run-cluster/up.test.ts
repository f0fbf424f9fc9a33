import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeProxy } from './fake-proxy.ts';
import { World, type Run, type Tool } from './world.ts';

// A verb starts dozens of small processes, and some tests run several verbs.
jest.setTimeout(120_000);

let world: World;
let proxy: FakeProxy;
let port: number;

beforeEach(async () => {
  proxy = new FakeProxy();
  port = await proxy.start();
});

afterEach(async () => {
  world.remove();
  await proxy.stop();
});

/** A machine with a cluster of each of the tools, at whose node port the proxy answers. */
function machineWith(...tools: ('k3d' | 'kind' | 'minikube')[]): World {
  world = new World(['docker', 'kubectl', ...tools]).set('node-port', String(port)).set('proxy-port', String(port));
  for (const tool of tools) world.addCluster(tool, 'kvstore');
  return world;
}

const callsOf = (run: Run, start: string) => run.calls.filter((call) => call.startsWith(start));
const IMAGES = ['kvstore:run-0123456789ab', 'kvstore-proxy:run-0123456789ab'] as const;

test('up builds, loads, applies, waits, writes and reads once, and says how to reach it', async () => {
  machineWith('kind');
  const run = await world.run('up');
  expect(run.errors).toBe('');
  expect(run.code).toBe(0);
  const steps = ['docker build', 'kind load', 'kubectl.* apply', 'kubectl.* rollout status'];
  const order = steps.map((step) => run.calls.findIndex((call) => new RegExp(`^${step}`).test(call)));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
  expect(callsOf(run, 'docker build')).toEqual([
    'docker build --tag kvstore:latest --file Dockerfile.kvstore .',
    'docker build --tag kvstore-proxy:latest --file Dockerfile.proxy .',
  ]);
  expect(run.calls.filter((call) => call.includes('rollout status'))).toEqual([
    'kubectl --context kind-kvstore --namespace kvstore rollout status deployment/kvstore --timeout=180s',
    'kubectl --context kind-kvstore --namespace kvstore rollout status deployment/kvstore-proxy --timeout=180s',
  ]);
  expect([...proxy.written]).toEqual(['run.sh/up']);
  expect(proxy.values.size).toBe(0);
  expect(run.output).toContain(`address  http://127.0.0.1:${port}`);
  expect(run.output).toContain(`curl http://127.0.0.1:${port}/v1/keys/greeting`);
});

test('what is applied is an overlay of k8s/overlays, with the namespace and the images of this run', async () => {
  machineWith('kind');
  await world.run('up --overlay lab --namespace elsewhere');
  expect(world.get('applied')).toBe(
    [
      'apiVersion: kustomize.config.k8s.io/v1beta1',
      'kind: Kustomization',
      'namespace: elsewhere',
      'resources: [../../k8s/overlays/lab]',
      'images:',
      "  - { name: kvstore, newName: 'kvstore', newTag: 'run-0123456789ab' }",
      "  - { name: kvstore-proxy, newName: 'kvstore-proxy', newTag: 'run-0123456789ab' }",
      '',
    ].join('\n'),
  );
});

describe('images get there', () => {
  test.each<[Tool, string[]]>([
    ['k3d', [`k3d image import --cluster kvstore ${IMAGES[0]} ${IMAGES[1]}`]],
    ['kind', [`kind load docker-image --name kvstore ${IMAGES[0]} ${IMAGES[1]}`]],
    [
      'minikube',
      [`minikube --profile kvstore image load ${IMAGES[0]}`, `minikube --profile kvstore image load ${IMAGES[1]}`],
    ],
  ])('by %s', async (tool, calls) => {
    machineWith(tool as 'kind');
    const run = await world.run('up');
    expect(run.code).toBe(0);
    expect(run.calls.filter((call) => / load |import/.test(call))).toEqual(calls);
  });

  test('by a command of the user, which is given an archive', async () => {
    machineWith().addContext('lab', 'https://10.255.0.1:6443').setCurrent('lab');
    const run = await world.run(`up --load-with 'loader'`);
    expect(run.code).toBe(0);
    expect(run.calls.find((call) => call.startsWith('docker save'))).toMatch(
      new RegExp(`^docker save --output \\S+/images.tar ${IMAGES[0]} ${IMAGES[1]}$`),
    );
    expect(run.calls.find((call) => call.startsWith('loader'))).toMatch(/^loader \S+\/images\.tar$/);
  });

  test('by a registry, whose names the manifests then have', async () => {
    machineWith('kind').addContext('managed', 'https://api.example');
    const run = await world.run('up --context managed --registry registry.example:5000/team/ --overlay lab');
    expect(run.code).toBe(0);
    expect(callsOf(run, 'docker push')).toEqual(
      IMAGES.map((image) => `docker push registry.example:5000/team/${image}`),
    );
    expect(world.get('applied')).toContain("newName: 'registry.example:5000/team/kvstore', newTag: 'run-0123456789ab'");
    expect(run.calls.filter((call) => /kind load|docker save/.test(call))).toEqual([]);
  });

  test('by themselves, where the cluster runs what docker has built', async () => {
    machineWith().addContext('docker-desktop', 'https://kubernetes.docker.internal:6443').setCurrent('docker-desktop');
    const run = await world.run('up');
    expect(run.code).toBe(0);
    expect(run.calls.filter((call) => /push|save|load/.test(call))).toEqual([]);
  });

  test('or nothing is built: how to is asked first', async () => {
    machineWith().addContext('lab', 'https://10.255.0.1:6443').setCurrent('lab');
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('--registry HOST/PATH');
    expect(run.errors).toContain('--load-with');
    expect(callsOf(run, 'docker build')).toEqual([]);
  });
});

test('a namespace that is not there is made, for restricted pods, and marked as made here', async () => {
  machineWith('kind');
  const run = await world.run('up');
  const kubectl = 'kubectl --context kind-kvstore --namespace kvstore';
  expect(run.calls.filter((call) => / (create|label) namespace /.test(call))).toEqual([
    `${kubectl} create namespace kvstore`,
    `${kubectl} label namespace kvstore app.kubernetes.io/managed-by=run.sh pod-security.kubernetes.io/enforce=restricted`,
  ]);
});

test('whoever may neither look at namespaces nor make one can have been given one', async () => {
  machineWith('kind').failAt('kubectl * get namespace *').failAt('kubectl * create namespace *');
  const run = await world.run('up');
  expect(run.code).toBe(0);
  expect(world.has('applied')).toBe(true);
});

test('again, it changes nothing: the same images, the same manifests, no other cluster', async () => {
  machineWith('kind');
  await world.run('up');
  const applied = world.get('applied');
  const run = await world.run('up');
  expect(run.code).toBe(0);
  expect(world.get('applied')).toBe(applied);
  expect(run.calls.filter((call) => / create | delete /.test(call))).toEqual([]);
});

test('an image that has changed has another tag, so that its pods are replaced', async () => {
  machineWith('kind');
  await world.run('up');
  world.set('sources', 'fedcba9876543210');
  await world.run('up');
  expect(world.get('applied')).toContain("newTag: 'run-fedcba987654'");
});

test('options for docker build are handed on', async () => {
  machineWith('kind');
  const run = await world.run('up --build-option --network=host --build-option=--platform=linux/amd64');
  expect(callsOf(run, 'docker build')[0]).toBe(
    'docker build --network=host --platform=linux/amd64 --tag kvstore:latest --file Dockerfile.kvstore .',
  );
});

describe('the way to the proxy', () => {
  test('is a port-forward where no address answers', async () => {
    machineWith('kind').set('node-port', '');
    const run = await world.run('up');
    expect(run.code).toBe(0);
    expect([...proxy.written]).toEqual(['run.sh/up']);
    expect(run.output).toContain(
      'kubectl --context kind-kvstore --namespace kvstore port-forward service/kvstore-proxy 8001',
    );
    expect(run.output).toContain('curl http://127.0.0.1:8001/v1/keys/greeting');
  });

  test('is not an address at which another installation answers', async () => {
    const other = new FakeProxy();
    other.lineageId = 'somebody else';
    const otherPort = await other.start();
    try {
      machineWith('kind').set('node-port', String(otherPort));
      const run = await world.run('up');
      expect(run.code).toBe(0);
      expect([...proxy.written]).toEqual(['run.sh/up']);
      expect([...other.written]).toEqual([]);
    } finally {
      await other.stop();
    }
  });
});

describe('a failure shows pods, events, describe and previous logs', () => {
  test.each([
    ['kubectl * apply *', 'the manifests could not be applied'],
    ['kubectl * rollout status deployment/kvstore *', 'not all pods became ready'],
    ['kubectl * rollout status deployment/kvstore-proxy *', 'not all pods became ready'],
    ['kubectl * port-forward *', 'the proxy cannot be reached'],
  ])('of %s', async (pattern, message) => {
    machineWith('kind').set('node-port', '').failAt(pattern);
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain(message);
    expectDiagnosis(run);
  });

  test('of the write: it was acknowledged, and cannot be read', async () => {
    machineWith('kind');
    proxy.losesWrite = 1;
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('a write and a read through the proxy did not work: GET was answered with 404');
    expectDiagnosis(run);
  });

  test('though a part of it cannot be had', async () => {
    machineWith('kind').failAt('kubectl * apply *').failAt('kubectl * get events *').failAt('kubectl * --previous *');
    expectDiagnosis(await world.run('up'));
  });

  function expectDiagnosis(run: Run): void {
    const kubectl = 'kubectl --context kind-kvstore --namespace kvstore';
    const selector = '--selector app.kubernetes.io/part-of=kvstore';
    expect(run.calls).toEqual(
      expect.arrayContaining([
        `${kubectl} get pods ${selector} --output wide`,
        `${kubectl} get events --sort-by .lastTimestamp`,
        `${kubectl} describe pods ${selector}`,
        `${kubectl} logs pod/kvstore-a --previous --tail 50`,
        `${kubectl} logs pod/kvstore-proxy-a --previous --tail 50`,
        `${kubectl} logs pod/kvstore-a --tail 50`,
      ]),
    );
  }
});

test.each([
  ['docker build *--file Dockerfile.kvstore *', 'the image kvstore could not be built'],
  ['docker build *--file Dockerfile.proxy *', 'the image kvstore-proxy could not be built'],
  ['kind load *', 'kind could not load the images'],
])('what fails before the cluster is touched changes nothing there: %s', async (pattern, message) => {
  machineWith('kind').failAt(pattern);
  const run = await world.run('up');
  expect(run.code).toBe(1);
  expect(run.errors).toContain(message);
  expect(world.has('applied')).toBe(false);
});

test.each([
  ['up --overlay nonsense', 'there is no overlay nonsense; there are: dev, lab'],
  ['up --nonsense', 'unknown option: --nonsense'],
  ['up --registry', '--registry takes a value'],
  ['up --create --context kind-kvstore', 'not together with --context'],
  ['up --timeout soon', '--timeout takes a number of seconds'],
  ['logs --lines many', '--lines takes a number'],
  ['up --namespace Not/This', 'is not a name of a namespace'],
])('a wrong call ends with 2 and touches nothing: %s', async (words, message) => {
  machineWith('kind');
  const run = await world.run(words);
  expect(run.code).toBe(2);
  expect(run.errors).toContain(message);
  expect(callsOf(run, 'kubectl --context')).toEqual([]);
});
