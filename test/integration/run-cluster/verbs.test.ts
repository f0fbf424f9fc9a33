import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeProxy } from './fake-proxy.ts';
import { World } from './world.ts';

// A verb starts dozens of small processes, and some tests run several verbs.
jest.setTimeout(120_000);

let world: World;
let proxy: FakeProxy;

beforeEach(async () => {
  proxy = new FakeProxy();
  const port = String(await proxy.start());
  world = new World(['kubectl', 'kind']).addCluster('kind', 'kvstore').set('node-port', port).set('applied', '');
});

afterEach(async () => {
  world.remove();
  await proxy.stop();
});

const kubectl = 'kubectl --context kind-kvstore --namespace kvstore';

describe('status', () => {
  test('shows pods, leader, set and address, and ends with 0', async () => {
    const run = await world.run('status');
    expect(run.code).toBe(0);
    expect(run.output).toContain('cluster: context kind-kvstore, namespace kvstore');
    expect(run.output).toContain('leader: kvstore-a, epoch 1; in sync: kvstore-a kvstore-b');
    expect(run.output).toContain(`address: http://127.0.0.1:${world.get('node-port')}`);
    expect(run.calls).toContain(`${kubectl} get pods --selector app.kubernetes.io/part-of=kvstore --output wide`);
  });

  test.each([
    ['fewer pods are ready than there should be', 'kvstore 3 2\nkvstore-proxy 2 2\n'],
    // kubectl leaves out a number that is 0.
    ['none is', 'kvstore 3 3\nkvstore-proxy 2 \n'],
  ])('ends with 1 if %s', async (_what, replicas) => {
    const run = await world.set('replicas', replicas).run('status');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('not all pods are ready');
  });

  test('says where no address answers how it is reached', async () => {
    const run = await world.set('node-port', '').run('status');
    expect(run.code).toBe(0);
    expect(run.output).toContain(`reach it: ${kubectl} port-forward service/kvstore-proxy 8001`);
  });

  test('says that nothing is installed', async () => {
    await world.set('namespace', '').run('down');
    const run = await world.run('status');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('nothing is installed there. ./run.sh up does it');
  });
});

describe('test cluster', () => {
  test('checks writes, reads, conditions and the end of the leader, and leaves nothing behind', async () => {
    const run = await world.set('successor', 'kvstore-b').run('test cluster');
    expect(run.output).not.toContain('failed ');
    expect(run.output.trimEnd()).toMatch(/\n14 passed, 0 failed$/);
    expect(run.code).toBe(0);
    expect(run.calls).toContain(`${kubectl} delete pod kvstore-a --grace-period=0 --force --wait=false`);
    expect(proxy.written.size).toBeGreaterThanOrEqual(21);
    expect(proxy.values.size).toBe(0);
  });

  test('notices an acknowledged write that was lost', async () => {
    // The first two are of the checks of single keys, these of the leader's end.
    proxy.losesWrite = 9;
    const run = await world.set('successor', 'kvstore-b').run('test cluster');
    expect(run.code).toBe(1);
    expect(run.output).toContain('failed  every acknowledged write is read');
    expect(run.output.trimEnd()).toMatch(/\n13 passed, 1 failed$/);
  });

  test('notices a value that is not the newest', async () => {
    proxy.losesWrite = 2;
    const run = await world.set('successor', 'kvstore-b').run('test cluster');
    expect(run.code).toBe(1);
    expect(run.output).toContain('failed  the value is the second');
  });

  test('notices conditions that are not heeded', async () => {
    proxy.ignoresConditions = true;
    const run = await world.set('successor', 'kvstore-b').run('test cluster');
    expect(run.code).toBe(1);
    expect(run.output).toContain('failed  If-None-Match: * writes nothing over a value (last answer: 200');
    expect(run.output).toContain('failed  POST writes nothing over a value (last answer: 200');
    expect(run.output).toContain('failed  it writes nothing once that value has changed (last answer: 200');
  });

  test('says that the pod of the leader could not be deleted', async () => {
    const run = await world.set('leader', 'kvstore-a').failAt('kubectl * delete pod *').run('test cluster');
    expect(run.code).toBe(1);
    expect(run.errors).toContain("the leader's pod, kvstore-a, could not be deleted");
  });

  test('is not the tests of the repository, and they are not it', async () => {
    const [cluster, repository] = [await world.run('test cluster --help'), await world.run('test --help')];
    expect(cluster.output).toContain('Checks the store that runs in a cluster');
    expect(repository.output).toContain('Installs what is needed and runs the tests');
    expect(repository.output).toContain('./run.sh test cluster');
  });
});

describe('logs', () => {
  test.each([
    ['logs', 'app.kubernetes.io/part-of=kvstore', '--tail 200 --max-log-requests 50'],
    ['logs kvstore --follow', 'app.kubernetes.io/name=kvstore', '--tail 200 --max-log-requests 50 --follow'],
    [
      'logs proxy --previous --lines 5',
      'app.kubernetes.io/name=kvstore-proxy',
      '--tail 5 --max-log-requests 50 --previous --ignore-errors',
    ],
  ])('%s', async (words, selector, rest) => {
    const run = await world.run(words);
    expect(run.code).toBe(0);
    expect(run.calls.at(-1)).toBe(`${kubectl} logs --selector ${selector} --prefix ${rest}`);
  });
});

describe('down', () => {
  test('deletes the pods, then their rights and the rest, then the Lease that no replica is left to write again', async () => {
    const run = await world.set('namespace', '').run('down');
    expect(run.code).toBe(0);
    expect(world.has('applied')).toBe(false);
    const deletes = run.calls.filter((call) => / delete |for=delete/.test(call));
    const selector = '--selector app.kubernetes.io/part-of=kvstore';
    expect(deletes.map((call) => call.replace(/\S*cluster\.\w+/, 'FOLDER'))).toEqual([
      `${kubectl} delete deployments ${selector}`,
      `${kubectl} wait --for=delete pod ${selector} --timeout=120s`,
      `${kubectl} delete --kustomize FOLDER --ignore-not-found`,
      `${kubectl} delete lease kvstore --ignore-not-found`,
    ]);
    expect(run.output).toContain('The cluster kvstore of kind is still there');
  });

  test('deletes the namespace only if up has made it', async () => {
    await world.set('namespace', '').run('down');
    expect(world.has('namespace')).toBe(true);
    await world.set('namespace-is-ours', '').run('down');
    expect(world.has('namespace')).toBe(false);
  });

  test('deletes what up has applied last, and no Namespace among it', async () => {
    await world.set('namespace', '').set('overlay', 'production').run('down');
    expect(world.get('deleted')).toContain('resources: [../../k8s/overlays/production]');
    expect(world.get('deleted')).toMatch(/target: \{ kind: Namespace \}\n.*\$patch: delete/);
    await world.set('overlay', 'production').run('down --overlay lab');
    expect(world.get('deleted')).toContain('resources: [../../k8s/overlays/lab]');
  });

  test('knows that still when it was cut short after the pods', async () => {
    world.set('namespace', '').set('overlay', 'production').failAt('kubectl * wait *');
    expect((await world.run('down')).code).toBe(1);
    await world.set('fails', '').run('down');
    expect(world.get('deleted')).toContain('resources: [../../k8s/overlays/production]');
  });

  test('whoever may not look at namespaces can have been given one', async () => {
    const run = await world.failAt('kubectl * get namespace *').run('down');
    expect(run.errors).toBe('');
    expect(run.code).toBe(0);
    expect(run.calls).toContain(`${kubectl} delete lease kvstore --ignore-not-found`);
    expect(run.calls.filter((call) => call.includes('delete namespace'))).toEqual([]);
  });

  test('again: finds nothing to do', async () => {
    const run = await world.run('down');
    expect(run.code).toBe(0);
    expect(run.output).toContain('the namespace is not there: nothing to do');
    expect(run.calls.filter((call) => / delete /.test(call))).toEqual([]);
  });

  test('an API server that does not answer is not taken for an empty one', async () => {
    const run = await world.set('asleep', '').run('down');
    expect(run.code).toBe(1);
    expect(run.errors).toContain('the API server does not answer');
  });

  test('deletes a cluster if asked, and only one that up makes', async () => {
    const refused = await world.addCluster('kind', 'mine').run('down --delete-cluster --context kind-mine');
    expect(refused.code).toBe(1);
    expect(world.has('clusters/kind/mine')).toBe(true);
    const run = await world.run('down --delete-cluster');
    expect(run.code).toBe(0);
    expect(run.calls).toContain('kind delete cluster --name kvstore');
    expect(world.has('clusters/kind/kvstore')).toBe(false);
  });
});
