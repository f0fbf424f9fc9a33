import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { World, type Tool } from './world.ts';

// A verb starts dozens of small processes, and some tests run several verbs.
jest.setTimeout(120_000);

let world: World;

afterEach(() => world.remove());

function machineWith(...tools: readonly Tool[]): World {
  world = new World(['docker', 'kubectl', ...tools]);
  // Which cluster was chosen is known before anything is built; the rest is another test's.
  return world.failAt('docker build *');
}

const chosen = (output: string) => /cluster: context (\S+),/.exec(output)?.[1];
/** Calls that change a cluster, or make one. */
const touching = (calls: readonly string[]) =>
  calls.filter((call) => /^(kubectl --context|(k3d|kind|minikube) (?!cluster list|get|profile list))/.test(call));

describe('the order of choice', () => {
  test('KV_CLUSTER comes before the current context and before other tools', async () => {
    machineWith('k3d', 'kind', 'minikube').addCluster('k3d', 'mine').addCluster('kind', 'mine').setCurrent('k3d-mine');
    expect(chosen((await world.run('up', { KV_CLUSTER: 'kind' })).output)).toBe('kind-mine');
  });

  test('--context comes before KV_CLUSTER', async () => {
    machineWith('k3d', 'kind').addCluster('k3d', 'mine').addCluster('kind', 'mine').setCurrent('k3d-mine');
    const run = await world.run('up --context k3d-mine', { KV_CLUSTER: 'kind' });
    expect(chosen(run.output)).toBe('k3d-mine');
  });

  test.each([
    ['one that an installed tool has made', 'kind-mine'],
    ["one whose API server listens on this machine's own address", 'lab'],
    ['one of a desktop product at a loopback address', 'docker-desktop'],
  ])('the current context comes before the first tool, if it is of this machine: %s', async (_what, current) => {
    machineWith('k3d', 'kind').addCluster('k3d', 'kvstore').addCluster('kind', 'mine').setCurrent(current);
    world.addContext('lab', 'https://10.255.0.1:6443').addContext('docker-desktop', 'https://127.0.0.1:6443');
    expect(chosen((await world.run('up --load-with loader')).output)).toBe(current);
  });

  test.each<[Tool[], string]>([
    [['k3d', 'kind', 'minikube'], 'k3d-kvstore'],
    [['kind', 'minikube'], 'kind-kvstore'],
    [['minikube'], 'kvstore'],
  ])('else the first tool installed of k3d, kind, minikube: %p', async (tools, context) => {
    machineWith(...tools);
    for (const tool of ['k3d', 'kind', 'minikube'] as const) world.addCluster(tool, 'kvstore');
    expect(chosen((await world.run('up')).output)).toBe(context);
  });

  test('KV_CLUSTER with another word is refused', async () => {
    machineWith('k3d');
    const run = await world.run('up', { KV_CLUSTER: 'eks' });
    expect(run.code).toBe(2);
    expect(run.errors).toContain('KV_CLUSTER is k3d, kind, minikube or current, not eks');
    expect(touching(run.calls)).toEqual([]);
  });
});

describe('a foreign context', () => {
  const foreign = 'https://api.production.example:6443';

  test.each([
    ['by its address', 'production', foreign],
    // A tunnel to a cluster far away has a loopback address, too.
    ['though its address is a loopback', 'production', 'https://127.0.0.1:6443'],
    ['though it has a name as of kind', 'kind-production', 'https://127.0.0.1:6443'],
    ['though it has the name of a desktop product', 'docker-desktop', foreign],
  ])('is left alone without --context: %s', async (_what, name, server) => {
    machineWith().addContext(name, server).setCurrent(name);
    for (const verb of ['up', 'status', 'test cluster', 'logs', 'down']) {
      const run = await world.run(verb);
      expect(run.code).toBe(1);
      expect(run.errors).toContain(`./run.sh ${verb} --context ${name}`);
      expect(touching(run.calls)).toEqual([]);
    }
  });

  test('is left alone though KV_CLUSTER says current', async () => {
    machineWith('kind').addContext('production', foreign).setCurrent('production');
    const run = await world.run('up', { KV_CLUSTER: 'current' });
    expect(run.errors).toContain('left alone');
    expect(touching(run.calls)).toEqual([]);
  });

  test('is passed over where a tool is installed, and stays the current one', async () => {
    machineWith('kind').addContext('production', foreign).setCurrent('production');
    const run = await world.run('up');
    expect(chosen(run.output)).toBe('kind-kvstore');
    expect(touching(run.calls).filter((call) => call.includes('production'))).toEqual([]);
    expect(world.get('current-context')).toBe('production');
  });

  test('is used with --context', async () => {
    machineWith('kind').addContext('production', foreign).addCluster('kind', 'kvstore').setCurrent('kind-kvstore');
    expect(chosen((await world.run('up --context production --registry r.example')).output)).toBe('production');
  });

  test('--context has to be one that there is', async () => {
    machineWith('kind').addContext('staging', foreign);
    const run = await world.run('up --context production');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('there is no context production; there are: staging');
  });
});

describe('a cluster is made', () => {
  test.each<[Tool, string, string]>([
    ['k3d', 'k3d-kvstore', 'k3d cluster create kvstore --port 127.0.0.1:30001:30001@server:0 '],
    ['kind', 'kind-kvstore', 'kind create cluster --name kvstore --wait 2m --config -'],
    ['minikube', 'kvstore', 'minikube start --profile kvstore --keep-context'],
  ])('if there is none: %s', async (tool, context, call) => {
    machineWith(tool);
    const run = await world.run('up');
    expect(chosen(run.output)).toBe(context);
    expect(run.calls.filter((made) => made.startsWith(call))).toHaveLength(1);
    if (tool === 'kind') expect(world.get('kind-config')).toContain('hostPort: 30001, listenAddress: 127.0.0.1');
  });

  test.each<[Tool]>([['k3d'], ['kind'], ['minikube']])('not if there is one: %s', async (tool) => {
    machineWith(tool).addCluster(tool as 'kind', 'mine');
    const run = await world.run('up');
    expect(chosen(run.output)).toBe(tool === 'minikube' ? 'mine' : `${tool}-mine`);
    expect(touching(run.calls).filter((call) => !call.startsWith('kubectl'))).toEqual([]);
  });

  test('not by verbs that only look, nor by down', async () => {
    machineWith('k3d');
    for (const verb of ['status', 'test cluster', 'logs', 'down']) {
      const run = await world.run(verb);
      expect(run.code).toBe(verb === 'down' ? 0 : 1);
      expect(touching(run.calls)).toEqual([]);
    }
  });

  test('if asked, though there are others and one of them is current', async () => {
    machineWith('kind').addCluster('kind', 'mine').setCurrent('kind-mine');
    const run = await world.run('up --create');
    expect(chosen(run.output)).toBe('kind-kvstore');
    expect(world.has('clusters/kind/kvstore')).toBe(true);
    expect(world.get('current-context')).toBe('kind-mine');
  });

  test('once: asked again, it is found', async () => {
    machineWith('kind').addCluster('kind', 'mine').addCluster('kind', 'kvstore');
    const run = await world.run('up --create');
    expect(chosen(run.output)).toBe('kind-kvstore');
    expect(run.calls.filter((call) => call.startsWith('kind create'))).toEqual([]);
  });

  test('and which one is not guessed where there are several', async () => {
    machineWith('k3d').addCluster('k3d', 'one').addCluster('k3d', 'two');
    const run = await world.run('up');
    expect(run.errors).toContain('k3d has several clusters, and none is called kvstore');
    expect(touching(run.calls)).toEqual([]);
  });

  test('a failure of the tool ends it', async () => {
    machineWith('k3d').failAt('k3d cluster create *');
    const run = await world.run('up');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('k3d could not create the cluster');
  });
});

test.each<[Tool, string]>([
  ['k3d', 'k3d cluster start kvstore'],
  ['kind', 'docker start 4711'],
  ['minikube', 'minikube start --profile kvstore --keep-context'],
])('a cluster that was stopped is started: %s', async (tool, call) => {
  machineWith(tool)
    .addCluster(tool as 'kind', 'kvstore')
    .set('asleep', '');
  const run = await world.run('up');
  expect(run.calls).toContain(call);
  expect(chosen(run.output)).toBe(tool === 'minikube' ? 'kvstore' : `${tool}-kvstore`);
});

test('one that no tool can start is said to be silent', async () => {
  machineWith().addContext('production', 'https://api.production.example').set('asleep', '');
  const run = await world.run('up --context production --registry r.example');
  expect(run.errors).toContain('the API server of production (https://api.production.example) does not answer');
});

describe('a tool that is missing gets a hint', () => {
  const url = {
    docker: 'docs.docker.com',
    kubectl: 'kubernetes.io',
    k3d: 'k3d.io',
    kind: 'kind.sigs',
    minikube: 'minikube.sigs',
  };

  test.each<[Tool, string, Record<string, string>]>([
    ['kubectl', 'status', {}],
    ['docker', 'up', {}],
    ['k3d', 'up', { KV_CLUSTER: 'k3d' }],
    ['kind', 'status', { KV_CLUSTER: 'kind' }],
    ['minikube', 'down', { KV_CLUSTER: 'minikube' }],
  ])('%s', async (tool, verb, environment) => {
    const rest = (['docker', 'kubectl', 'k3d', 'kind', 'minikube'] as const).filter((other) => other !== tool);
    world = new World(rest);
    const run = await world.run(verb, environment);
    expect(run.code).toBe(1);
    expect(run.errors).toContain(`${tool} is missing. Install it: https://`);
    expect(run.errors).toContain(url[tool]);
    expect(touching(run.calls)).toEqual([]);
  });

  test('no tool and no context: all of them are named', async () => {
    machineWith();
    const run = await world.run('up');
    expect(run.code).toBe(1);
    for (const tool of ['k3d', 'kind', 'minikube'] as const) expect(run.errors).toContain(url[tool]);
  });

  test('a docker without its daemon', async () => {
    machineWith('k3d').failAt('docker version');
    expect((await world.run('up')).errors).toContain('its daemon does not answer');
  });
});
