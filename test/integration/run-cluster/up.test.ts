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
      'labels: [{ pairs: { kvstore.dev/overlay: lab } }]',
      'patches:',
      '  - target: { kind: Namespace }',
      "    patch: '{ apiVersion: v1, kind: Namespace, metadata: { name: any }, $patch: delete }'",
      '  - target: { kind: Service, name: kvstore-proxy }',
      "    patch: '{ apiVersion: v1, kind: Service, metadata: { name: kvstore-proxy }, spec: { ports: [{ port: 8001, nodePort: null }] } }'",
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

test('a namespace that is not there is made, for restricted pods and marked as made here, at once or not at all', async () => {
  machineWith('kind');
  const run = await world.run('up --namespace elsewhere');
  const kubectl = 'kubectl --context kind-kvstore --namespace elsewhere';
  expect(run.calls.filter((call) => / (create|label) /.test(call))).toEqual([`${kubectl} create --filename -`]);
  expect(world.get('namespace')).toBe(
    [
      'apiVersion: v1',
      'kind: Namespace',
      'metadata:',
      '  name: elsewhere',
      '  labels:',
      '    app.kubernetes.io/managed-by: run.sh',
      '    pod-security.kubernetes.io/enforce: restricted',
      '',
    ].join('\n'),
  );
});

test('a namespace that is there is left as it is', async () => {
  machineWith('kind').set('namespace', '');
  const run = await world.run('up --overlay production');
  expect(run.code).toBe(0);
  expect(run.calls.filter((call) => / (create|label) /.test(call))).toEqual([]);
  // `production` has a Namespace for those who apply it by themselves.
  expect(world.get('applied')).toMatch(/target: \{ kind: Namespace \}\n.*\$patch: delete/);
});

test('whoever may neither look at namespaces nor make one can have been given one', async () => {
  machineWith('kind').failAt('kubectl * get namespace *').failAt('kubectl * create --filename -');
  const run = await world.run('up');
  expect(run.code).toBe(0);
  expect(world.has('applied')).toBe(true);
});

describe('the overlay', () => {
  const applied = () => /k8s\/overlays\/([\w-]+)/.exec(world.get('applied'))?.[1];

  test('is dev at first, then the one of the last time', async () => {
    machineWith('kind');
    await world.run('up');
    expect(applied()).toBe('dev');
    await world.run('up --overlay production');
    expect(applied()).toBe('production');
    const run = await world.run('up');
    expect(run.output).toContain('overlay: production\n');
    expect(applied()).toBe('production');
    await world.run('up --overlay=lab');
    expect(applied()).toBe('lab');
  });

  test('is not changed without a word about what stays of the other', async () => {
    machineWith('kind');
    expect((await world.run('up --overlay production')).output).not.toContain('It was');
    expect((await world.run('up')).output).not.toContain('It was');
    const run = await world.run('up --overlay dev');
    expect(run.output).toContain('It was production. What only that one has, such as autoscalers,');
  });

  test('is one of another checkout: which is asked, and nothing touched', async () => {
    machineWith('kind').set('overlay', 'of-my-own');
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain(
      'is of the overlay of-my-own, which is not here. Name one by --overlay; there are: dev, lab',
    );
    expect(callsOf(run, 'docker build')).toEqual([]);
  });

  test('is not guessed where it cannot be asked', async () => {
    machineWith('kind').failAt('kubectl * get service kvstore-peers *');
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('it could not be seen what runs in the namespace kvstore');
    expect(world.has('applied')).toBe(false);
  });
});

describe('where an autoscaler decides how many', () => {
  const kubectl = 'kubectl --context kind-kvstore --namespace kvstore';
  const deployment = (name: string, spec: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\nspec:\n${spec}  template:\n    spec:\n      containers:\n      - name: x\n`;

  test('the pods that it asks for at least are there before the first write, and no fewer than there were', async () => {
    machineWith('kind')
      .set('autoscalers', 'kvstore=3 kvstore-proxy=2 ')
      .set('replicas', 'kvstore 1 1\nkvstore-proxy 5 5\n');
    const run = await world.run('up --overlay production');
    expect(run.code).toBe(0);
    const at = (part: string) => run.calls.findIndex((call) => call.includes(part));
    expect(run.calls.filter((call) => call.includes(' scale '))).toEqual([
      `${kubectl} scale deployment/kvstore --replicas=3`,
    ]);
    expect(at(' apply --kustomize')).toBeLessThan(at(' scale '));
    expect(at(' scale ')).toBeLessThan(at(' rollout status '));
  });

  test('also where there are none', async () => {
    // kubectl leaves out a number that is 0.
    machineWith('kind').set('autoscalers', 'kvstore=3 ').set('replicas', 'kvstore  \nkvstore-proxy 2 2\n');
    const run = await world.run('up --overlay production');
    expect(run.calls).toContain(`${kubectl} scale deployment/kvstore --replicas=3`);
  });

  test('a failure to have them is one of up', async () => {
    machineWith('kind').set('autoscalers', 'kvstore=3 ').set('replicas', 'kvstore 1 1\n').failAt('kubectl * scale *');
    const run = await world.run('up --overlay production');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('the manifests could not be applied');
  });

  test('the number that the last apply gave is forgotten first: else it would become 1', async () => {
    const fixed = deployment('kvstore', '  replicas: 3\n  selector: {}\n');
    machineWith('kind')
      .set('rendering', [deployment('kvstore', ''), deployment('kvstore-proxy', '')].join('---\n'))
      .set('last-applied/kvstore', fixed)
      .set('last-applied/kvstore-proxy', deployment('kvstore-proxy', ''));
    const run = await world.run('up --overlay production');
    expect(run.code).toBe(0);
    expect(
      run.calls.filter((call) => / apply /.test(call)).map((call) => call.replace(/\S*cluster\.\w+/, 'FOLDER')),
    ).toEqual([
      `${kubectl} apply view-last-applied deployment/kvstore --output yaml`,
      `${kubectl} apply set-last-applied --filename -`,
      `${kubectl} apply view-last-applied deployment/kvstore-proxy --output yaml`,
      `${kubectl} apply --kustomize FOLDER`,
    ]);
    expect(world.get('last-applied/set')).toBe(deployment('kvstore', '  selector: {}\n'));
  });

  test('nothing is forgotten of a Deployment that says how many', async () => {
    const fixed = deployment('kvstore', '  replicas: 3\n');
    machineWith('kind').set('rendering', fixed).set('last-applied/kvstore', fixed);
    const run = await world.run('up');
    expect(run.calls.filter((call) => call.includes('last-applied'))).toEqual([]);
  });
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

test('a build that fails says that docker may lack BuildKit only where it does', async () => {
  machineWith('kind').failAt('docker build *');
  expect((await world.run('up')).errors).not.toContain('buildx');
  world.failAt('docker buildx version');
  expect((await world.run('up')).errors).toContain('docker has no BuildKit: install its plugin buildx');
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
