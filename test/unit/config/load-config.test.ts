import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { KvstoreConfig, ProcessName } from '../../../src/config/config.ts';
import { helpOf, optionsReference } from '../../../src/config/help.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { flagOf, optionNames, options } from '../../../src/config/table.ts';
import { defaultLimits, defaultTimes, type GroupLimits, type GroupTimes } from '../../../src/core/group/options.ts';

const pod = { KV_POD_NAME: 'kvstore-0', KV_POD_UID: 'uid-0', KV_POD_IP: '10.0.0.7' };

function kvstore(env: Record<string, string> = {}, argv: readonly string[] = []): KvstoreConfig {
  const outcome = loadConfig('kvstore', { ...pod, ...env }, argv);
  if (outcome.kind !== 'config') throw new Error(JSON.stringify(outcome));
  return outcome.config;
}

function refusal(process: ProcessName, env: Record<string, string>, argv: readonly string[] = []): string {
  const outcome = loadConfig(process, env, argv);
  return outcome.kind === 'invalid' ? outcome.message : outcome.kind;
}

test('the defaults are those of the core, and their shapes are too', () => {
  const config = kvstore();
  const times: GroupTimes = config.groupTimes;
  const limits: GroupLimits = config.groupLimits;
  expect(times).toEqual(defaultTimes);
  expect(limits).toEqual(defaultLimits);
});

test('a flag wins over its variable, a variable over its alias, an alias over the default', () => {
  expect(kvstore().kubernetes.leaseName).toBe('kvstore');
  expect(kvstore({ KV_LEASE_NAME: 'a' }).kubernetes.leaseName).toBe('a');
  expect(kvstore({ KV_LEASE_NAME: 'a' }, ['--lease-name', 'b']).kubernetes.leaseName).toBe('b');
  expect(kvstore({ KV_LEASE_NAME: 'a' }, ['--lease-name=b']).kubernetes.leaseName).toBe('b');
  expect(kvstore({ POD_NAME: 'alias' }).pod.name).toBe('kvstore-0');
  expect(kvstore({ POD_NAME: 'alias', KV_POD_NAME: '' }).pod.name).toBe('alias');
});

test('variables of the earlier services mean what they meant', () => {
  const { groupLimits } = kvstore({ WRITE_QUORUM: '1', REPLICAS: '3' });
  expect([groupLimits.minInSync, groupLimits.inSyncMax]).toEqual([1, 3]);
  const own = kvstore({ WRITE_QUORUM: '1', KV_MIN_IN_SYNC: '3', REPLICAS: '3', KV_IN_SYNC_MAX: '4' }).groupLimits;
  expect([own.minInSync, own.inSyncMax]).toEqual([3, 4]);
  expect(refusal('kvstore', { ...pod, WRITE_QUORUM: 'all' })).toBe(
    'WRITE_QUORUM: "all" is not allowed; allowed: a whole number from 1 to 15',
  );
});

test('an empty variable counts as not set', () => {
  expect(kvstore({ KV_LEASE_DURATION: ' ' }).groupTimes.leaseMs).toBe(1000);
});

test('durations and sizes take units', () => {
  expect(kvstore({ KV_WRITE_WAIT: '1.5s' }).groupTimes.writeWaitMs).toBe(1500);
  expect(kvstore({ KV_WRITE_WAIT: '2500' }).groupTimes.writeWaitMs).toBe(2500);
  expect(kvstore({ KV_SESSION_IDLE: '2h' }).groupTimes.sessionIdleMs).toBe(7_200_000);
  expect(kvstore({ KV_MEMORY_MAX: '1.5Gi' }).groupLimits.memoryBytesMax).toBe(1.5 * 2 ** 30);
  expect(kvstore({ KV_MEMORY_MAX: '300MB' }).groupLimits.memoryBytesMax).toBe(300e6);
  expect(kvstore({ KV_MEMORY_MAX: '64MiB' }).groupLimits.memoryBytesMax).toBe(64 * 2 ** 20);
});

test('a bad value is refused with the option, the value and what is allowed', () => {
  expect(refusal('kvstore', { ...pod, KV_WRITE_WAIT: 'soon' })).toBe(
    'KV_WRITE_WAIT: "soon" is not allowed; allowed: a duration from 100ms to 2m, such as 250ms, 5s, 10m',
  );
  expect(refusal('proxy', {}, ['--http-port', '70000'])).toBe(
    '--http-port: "70000" is not allowed; allowed: a whole number from 0 to 65535',
  );
  expect(refusal('kvstore', { ...pod, KV_UNCLEAN_RECOVERY: 'yes' })).toContain('one of auto, strict, never');
  expect(refusal('kvstore', { ...pod, KV_POD_IP: 'kvstore-0' })).toContain('an IPv4 or IPv6 address');
  expect(refusal('proxy', { KV_KUBERNETES_URL: 'localhost' })).toContain('an http:// or https:// address');
  expect(refusal('kvstore', { ...pod, KV_ADVERTISE_PEER: 'fe80::1:7000' })).toContain('IPv6 host in brackets');
});

test('every fault is told at once', () => {
  expect(refusal('proxy', { KV_READ_WAIT: 'x', KV_WRITE_WAIT: 'y' }).split('\n')).toHaveLength(2);
});

test('an option that must be given is missed by name', () => {
  expect(refusal('kvstore', { KV_POD_IP: '::1', KV_POD_UID: 'u' })).toContain('KV_POD_NAME (--pod-name) must be given');
});

test('an unknown flag, one of another process and one without a value are refused', () => {
  expect(refusal('proxy', {}, ['--lease-nam', 'x'])).toContain('"--lease-nam" is no option of proxy');
  expect(refusal('proxy', {}, ['--peer-port', '7000'])).toContain('"--peer-port" is no option of proxy');
  expect(refusal('proxy', {}, ['--lease-name'])).toContain('--lease-name: a value is missing');
});

test('a variable of another process is no business of this one', () => {
  expect(loadConfig('proxy', { KV_PEER_PORT: 'tcp://10.0.0.1:80' }, []).kind).toBe('config');
});

test.each([
  ['KV_LEASE_DURATION is whole seconds', { KV_LEASE_DURATION: '1500ms' }],
  ['KV_LEASE_RENEWAL is less than KV_LEASE_DURATION', { KV_LEASE_RENEWAL: '1s' }],
  ['KV_LEASE_RETRY is less than KV_LEASE_RENEWAL', { KV_LEASE_RETRY: '300ms' }],
  ['KV_HEARTBEAT is less than KV_ELECTION_TIMEOUT', { KV_HEARTBEAT: '800ms', KV_REMOVAL_TIMEOUT: '1s' }],
  ['KV_MIN_IN_SYNC is at most KV_IN_SYNC_MAX', { KV_MIN_IN_SYNC: '4', KV_IN_SYNC_MAX: '3' }],
  ['KV_VALUE_BYTES_MAX is at most KV_INFLIGHT_BYTES_MAX', { KV_VALUE_BYTES_MAX: '16Mi' }],
  ['KV_POD_IP is set, or', { KV_POD_IP: '' }],
  ['neither is 0', { KV_HTTP_PORT: '0' }],
])('related options are checked together: %s', (rule, env) => {
  const message = refusal('kvstore', { ...pod, ...env });
  expect(message).toContain(rule);
  for (const variable of Object.keys(env)) {
    if (rule.includes(variable)) expect(message).toContain(`${variable} (--`);
  }
});

test('the embedded API listens beyond the loopback only when told to', () => {
  expect(refusal('embedded', { KV_HTTP_HOST: '0.0.0.0' })).toContain('KV_ALLOW_REMOTE');
  expect(loadConfig('embedded', { KV_HTTP_HOST: '0.0.0.0' }, ['--allow-remote']).kind).toBe('config');
  expect(loadConfig('embedded', { KV_HTTP_HOST: '::1' }, []).kind).toBe('config');
});

test('others are told the pod address and ports, IPv6 in brackets, unless told otherwise', () => {
  expect(kvstore().addresses).toEqual({ peer: '10.0.0.7:7000', http: '10.0.0.7:8000' });
  expect(kvstore({ KV_POD_IP: 'fd00::7', KV_PEER_PORT: '7001' }).addresses.peer).toBe('[fd00::7]:7001');
  expect(kvstore({ KV_ADVERTISE_HTTP: 'host:1' }).addresses).toEqual({ peer: '10.0.0.7:7000', http: 'host:1' });
});

test('without KV_MEMORY_MAX half of the cgroup limit is taken, less in a small container, and the log a quarter of that', () => {
  const limitsIn = (memoryLimitMi: number) => {
    const outcome = loadConfig('kvstore', pod, [], { memoryLimitBytes: memoryLimitMi * 2 ** 20, fileBytes: () => 0 });
    if (outcome.kind !== 'config') throw new Error(JSON.stringify(outcome));
    const { memoryBytesMax, logBytesMax } = outcome.config.groupLimits;
    return [memoryBytesMax / 2 ** 20, logBytesMax / 2 ** 20];
  };
  expect(limitsIn(4096)).toEqual([2048, 32]);
  expect(limitsIn(384)).toEqual([192, 32]);
  expect(limitsIn(256)).toEqual([64, 16]);
  expect(limitsIn(64)).toEqual([16, 4]);
});

test('without KV_MEMORY_MAX half of what the data file leaves is taken', () => {
  const sizes: Record<string, number> = { '/data/pairs': 1024 * 2 ** 20 };
  const memoryMaxIn = (memoryLimitMi: number | null, env: Record<string, string>) => {
    const memoryLimitBytes = memoryLimitMi === null ? null : memoryLimitMi * 2 ** 20;
    const machine = { memoryLimitBytes, fileBytes: (path: string) => sizes[path] ?? 0 };
    const outcome = loadConfig('kvstore', { ...pod, ...env }, [], machine);
    if (outcome.kind !== 'config') throw new Error(JSON.stringify(outcome));
    return outcome.config.groupLimits.memoryBytesMax / 2 ** 20;
  };
  expect(memoryMaxIn(4096, { KV_DATASET: '/data/pairs' })).toBe(1536);
  expect(memoryMaxIn(1280, { KV_DATASET: '/data/pairs' })).toBe(64);
  expect(memoryMaxIn(512, { KV_DATASET: '/data/pairs' })).toBe(16);
  expect(memoryMaxIn(4096, { KV_DATASET: '/data/none' })).toBe(2048);
  expect(memoryMaxIn(null, { KV_DATASET: '/data/pairs' })).toBe(512);
  expect(memoryMaxIn(4096, { KV_DATASET: '/data/pairs', KV_MEMORY_MAX: '2Gi' })).toBe(2048);
});

test('a proxy in a small container holds fewer bytes, in a large one no more than by default', () => {
  const held = (memoryLimitBytes: number | null) => {
    const outcome = loadConfig('proxy', {}, [], { memoryLimitBytes, fileBytes: () => 0 });
    if (outcome.kind !== 'config') throw new Error(JSON.stringify(outcome));
    return outcome.config.queueBytesMax / 2 ** 20;
  };
  expect([held(256 * 2 ** 20), held(4 * 2 ** 30), held(null)]).toEqual([64, 128, 128]);
});

test('a configuration cannot be changed', () => {
  expect(() => Object.assign(kvstore().groupTimes, { leaseMs: 1 })).toThrow(TypeError);
});

test('help names every option of a process and no other', () => {
  for (const process of ['kvstore', 'proxy', 'embedded'] as const) {
    const outcome = loadConfig(process, {}, ['--help']);
    expect(outcome).toEqual({ kind: 'help', text: helpOf(process) });
    for (const name of optionNames) {
      const named = helpOf(process).includes(`${flagOf(options[name])} (${options[name].variable})\n`);
      expect([name, named]).toEqual([name, options[name].processes.includes(process)]);
    }
  }
});

test('every default that is not derived is allowed by its own row', () => {
  for (const process of ['kvstore', 'proxy', 'embedded'] as const) {
    expect(loadConfig(process, process === 'kvstore' ? pod : {}, []).kind).toBe('config');
  }
});

test('docs/reference/options.md is what `npm run docs` makes of the table', () => {
  const page = readFileSync(new URL('../../../docs/reference/options.md', import.meta.url), 'utf8');
  expect(page).toBe(optionsReference());
});
