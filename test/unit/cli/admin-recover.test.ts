import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeInstallation } from './fake-installation.ts';
import { kv } from './kv.ts';

let installation: FakeInstallation;

beforeEach(() => {
  installation = new FakeInstallation();
});

afterEach(() => {
  installation.stop();
});

const recover = (...options: readonly string[]) => ['admin', 'recover', '--url', installation.proxyUrl, ...options];

describe('kv admin recover', () => {
  test('shows what each replica has, asks for the name of the one with the most, and has it begin', async () => {
    await installation.start({ 'kv-0': { lastIndex: 5 }, 'kv-1': { lastIndex: 9 }, 'kv-2': { lineage: null } });
    const run = await kv(recover(), { types: 'kv-1\n' });
    expect([run.exitCode, run.notes]).toEqual([0, '']);
    expect(run.questions).toEqual(["To go on, type the replica's name (kv-1): "]);
    const lines = run.out.split('\n');
    expect(lines[0]).toMatch(/^POD +DATA +ROLE +LINEAGE +LAST EPOCH +LAST INDEX +COMMITTED +KEYS +FROZEN$/);
    expect(lines[2]).toMatch(/^kv-1 +data-kv-1 +seeking +1\.first +3 +9 +6 +2 +yes$/);
    expect(lines[3]).toMatch(/^kv-2 .* no data /);
    expect(lines[4]).toBe('frozen, says kv-0, kv-1, kv-2: the Lease is not there');
    expect(run.out).toContain('None of the replicas has more than it.');
    expect(run.out).toContain('Lineage 2.kv-1.1 has begun: kv-1 leads epoch 5.\nWrites are taken again.\n');
    expect(installation.replica('kv-1').requests).toEqual([
      {
        shown: { lineage: { number: 1, id: 'first' }, lastEpoch: 3, lastIndex: 9 },
        record: null,
        silentPods: [],
        despite: [],
      },
    ]);
  });

  test('nothing is done if another name is typed', async () => {
    await installation.start({ 'kv-0': {} });
    const run = await kv(recover(), { types: 'kv-1' });
    expect([run.exitCode, run.notes]).toEqual([1, 'kv: That is not its name. Nothing was done.\n']);
    expect(installation.replica('kv-0').requests).toEqual([]);
  });

  test('without a terminal it needs --yes', async () => {
    await installation.start({ 'kv-0': {} });
    const run = await kv(recover());
    expect([run.exitCode, installation.replica('kv-0').requests]).toEqual([2, []]);
    expect(run.notes).toContain('--yes');
    expect((await kv(recover('--yes'))).exitCode).toBe(0);
  });

  test('--dry-run only shows', async () => {
    await installation.start({ 'kv-0': {} });
    const run = await kv(recover('--dry-run'), { types: 'kv-0' });
    expect([run.exitCode, run.questions, installation.replica('kv-0').requests]).toEqual([0, [], []]);
    expect(run.out).toContain('A new lineage would begin at kv-0');
  });

  test('-o json tells programs the same, with nothing else on standard output', async () => {
    await installation.start({ 'kv-0': {} });
    const run = await kv(recover('--yes', '-o', 'json'));
    expect(JSON.parse(run.out)).toMatchObject({
      replicas: [{ podName: 'kv-0', holding: { lastIndex: 7 }, frozen: 'the Lease is not there' }],
      unreached: [],
      chosen: 'kv-0/uid/data-kv-0',
      losses: [],
      begun: { lineage: { number: 2 }, epoch: 5 },
    });
  });

  test('addresses of replicas do as well, where a proxy cannot reach them or there is none', async () => {
    await installation.start({ 'kv-0': { lastIndex: 5 }, 'kv-1': { lastIndex: 9 } });
    const urls = ['kv-0', 'kv-1'].flatMap((name) => ['--url', `${installation.replica(name).url}/`]);
    expect((await kv(['admin', 'recover', ...urls, '--yes'])).exitCode).toBe(0);
    expect(installation.replica('kv-1').requests).toHaveLength(1);
  });

  test('KV_URL is where it looks if no --url is given', async () => {
    await installation.start({ 'kv-0': {} });
    const run = await kv(['admin', 'recover', '--dry-run'], { env: { KV_URL: installation.proxyUrl } });
    expect(run.exitCode).toBe(0);
  });

  test('of equals a leader that is frozen goes on rather than its follower', async () => {
    await installation.start({
      'kv-0': { frozen: null, role: 'following' },
      'kv-1': { role: 'leading', frozen: 'kv-2 does not answer' },
    });
    expect((await kv(recover('--yes'))).exitCode).toBe(0);
    expect(installation.replica('kv-1').requests).toHaveLength(1);
  });

  test('the record that the chosen one has seen is named', async () => {
    const version = { uid: 'lease', resourceVersion: '17' };
    await installation.start({ 'kv-0': { record: { kind: 'there', state: 'lost', version } } });
    await kv(recover('--yes'));
    expect(installation.replica('kv-0').requests[0]?.record).toEqual(version);
  });
});

describe('what would be lost is said', () => {
  test('a pod that answers nobody is named, and the replica is told that the operator knows', async () => {
    await installation.start({ 'kv-0': {} });
    installation.unreachable = [{ podName: 'kv-1', peerAddress: '10.0.0.2:7000', reason: 'no answer' }];
    const run = await kv(recover('--yes'));
    expect(run.out).toContain('kv-1  no answer: no answer');
    expect(run.out).toContain('- kv-1 did not answer (no answer): what only it holds is lost');
    expect(installation.replica('kv-0').requests[0]?.silentPods).toEqual(['kv-1']);
  });

  test('a pod that answers the proxy, but not here, may still object', async () => {
    await installation.start({ 'kv-0': {}, 'kv-1': {} });
    installation.replica('kv-1').url = 'http://127.0.0.1:9';
    const run = await kv(recover('--yes'));
    expect(run.out).toContain('- kv-1 lives, but cannot be asked from here');
    expect(installation.replica('kv-0').requests[0]?.silentPods).toEqual([]);
  });

  test('what only another has, where the operator insists on less', async () => {
    await installation.start({ 'kv-0': { lastIndex: 5 }, 'kv-1': { lastIndex: 9 } });
    const refused = await kv(recover('--yes', '--replica', 'kv-0'));
    expect([refused.exitCode, installation.replica('kv-0').requests]).toEqual([4, []]);
    expect(refused.notes).toContain('kv-1 has more of the data than kv-0');
    const run = await kv(recover('--yes', '--replica', 'kv-0', '--despite', 'more-elsewhere'));
    expect(run.exitCode).toBe(0);
    expect(run.out).toContain('kv-1 has entry 9 of epoch 3 in lineage 1.first: what follows entry 5 of epoch 3');
    expect(installation.replica('kv-0').requests[0]?.despite).toEqual(['more-elsewhere']);
  });

  test('two histories of one number: the operator has to say which one goes on', async () => {
    await installation.start({ 'kv-0': {}, 'kv-1': { lineage: { number: 1, id: 'other' } } });
    expect(await kv(recover('--yes'))).toMatchObject({ exitCode: 4 });
    const run = await kv(recover('--yes', '--replica', 'kv-1'));
    expect(run.exitCode).toBe(0);
    expect(run.out).toContain(
      'kv-0 holds another history, entry 7 of epoch 3 in lineage 1.first: all of it is dropped.',
    );
  });
});

describe('what is refused', () => {
  test('a leader works: there is nothing to recover', async () => {
    await installation.start({ 'kv-0': { frozen: null, role: 'leading', takesWrites: true }, 'kv-1': {} });
    const run = await kv(recover('--yes', '--replica', 'kv-1', '--despite', 'not-frozen'));
    expect(run).toMatchObject({
      exitCode: 4,
      notes: 'kv: Nothing is to be recovered: kv-0 leads, and takes writes.\n',
    });
  });

  test('nobody is frozen, unless that is set aside', async () => {
    await installation.start({ 'kv-0': { frozen: null } });
    const run = await kv(recover('--yes'));
    expect([run.exitCode, installation.replica('kv-0').requests]).toEqual([4, []]);
    expect(run.notes).toContain('--despite not-frozen');
    expect((await kv(recover('--yes', '--despite', 'not-frozen'))).exitCode).toBe(0);
  });

  test('a replica that has not read the Lease knows nothing to go by', async () => {
    await installation.start({ 'kv-0': { record: { kind: 'unknown' } } });
    expect(await kv(recover('--yes'))).toMatchObject({ exitCode: 6 });
  });

  test('a name that nobody has', async () => {
    await installation.start({ 'kv-0': {} });
    expect(await kv(recover('--yes', '--replica', 'kv-7'))).toMatchObject({
      exitCode: 4,
      notes: 'kv: kv-7 is not among the replicas that answer: kv-0.\n',
    });
  });

  test.each([
    [409, 4],
    [503, 6],
  ])('what the replica answers with %d ends with %d, in its own words', async (status, exitCode) => {
    await installation.start({ 'kv-0': {} });
    const problem = { status, code: 'view-outdated', detail: 'Another record stands there. Look again.' };
    installation.replica('kv-0').answer = { status, body: problem };
    expect(await kv(recover('--yes'))).toMatchObject({ exitCode, notes: `kv: ${problem.detail}\n` });
  });

  test('no replica answers: it says what came of each address, and what to do', async () => {
    await installation.start({});
    installation.unreachable = [{ podName: 'kv-0', peerAddress: '10.0.0.1:7000', reason: 'refused' }];
    const run = await kv([...recover('--yes'), '--url', 'http://127.0.0.1:9']);
    expect(run.exitCode).toBe(6);
    expect(run.notes).toContain('kv-0: refused');
    expect(run.notes).toContain('http://127.0.0.1:9: ');
    expect(run.notes).toContain('--url http://HOST:PORT');
  });
});

describe('usage', () => {
  test.each([
    [['admin', 'recover', '--nonsense']],
    [['admin', 'recover', '--url', 'kvstore']],
    [['admin', 'recover', '-o', 'xml']],
    [['admin', 'recover', '--despite', 'leader-works']],
    [['admin', 'recover', '--yes', '--dry-run']],
    [['admin']],
    [['got', 'k']],
  ])('%j ends with 2, and says how it is used', async (argv) => {
    const run = await kv(argv);
    expect([run.exitCode, run.out]).toEqual([2, '']);
    expect(run.notes).toContain('kv ');
  });

  test.each([[['--help']], [[]], [['admin', 'recover', '--help']]])('%j shows help', async (argv) => {
    const run = await kv(argv);
    expect([run.exitCode, run.notes]).toEqual([0, '']);
    expect(run.out).toContain('admin recover');
  });
});
