import { isIPv6 } from 'node:net';
import type { Config, EmbeddedConfig, KvstoreConfig, ProcessName, ProxyConfig } from './config.ts';
import { helpOf } from './help.ts';
import { nameOf, relationsOf } from './relations.ts';
import {
  flagOf,
  isDerived,
  optionNames,
  options,
  type DerivedFrom,
  type Machine,
  type Option,
  type OptionName,
  type OptionValues,
} from './table.ts';

export type LoadOutcome<P extends ProcessName> =
  | { readonly kind: 'config'; readonly config: Extract<Config, { process: P }> }
  /** `--help` was asked for. */
  | { readonly kind: 'help'; readonly text: string }
  /** The process must not start; the message names the option, the value and what is allowed. */
  | { readonly kind: 'invalid'; readonly message: string };

/** Compiles flags (they win), variables and defaults into the frozen configuration of one process. */
export function loadConfig<P extends ProcessName>(
  process: P,
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
  machine: Machine = { memoryLimitBytes: null, fileBytes: () => 0 },
): LoadOutcome<P> {
  const faults: string[] = [];
  const flags = parseFlags(process, argv, faults);
  if (flags === 'help') return { kind: 'help', text: helpOf(process) };

  const values = resolve({ process, machine, datasetBytes: 0, memoryBytesMax: 0 }, env, flags, faults);
  if (faults.length === 0) {
    for (const relation of relationsOf(process)) {
      if (relation.holds(values)) continue;
      const given = relation.between.map((name) => `${nameOf(name)} is ${printed(name, values)}`);
      faults.push(`${given.join(', ')}: required is that ${relation.text}`);
    }
  }
  if (faults.length > 0) return { kind: 'invalid', message: faults.join('\n') };

  const config = { kvstore: kvstoreConfig, proxy: proxyConfig, embedded: embeddedConfig }[process](values);
  return { kind: 'config', config: deepFreeze(config) as Extract<Config, { process: P }> };
}

/** `--name value` and `--name=value`; a toggle alone is true. */
function parseFlags(process: ProcessName, argv: readonly string[], faults: string[]): Map<string, string> | 'help' {
  if (argv.includes('--help') || argv.includes('-h')) return 'help';
  const byFlag = new Map(optionNames.map((name) => [flagOf(options[name]), options[name] as Option<unknown>]));
  const flags = new Map<string, string>();
  for (let at = 0; at < argv.length; at += 1) {
    const [flag = '', ...rest] = (argv[at] ?? '').split('=');
    const option = byFlag.get(flag);
    if (option === undefined || !option.processes.includes(process)) {
      faults.push(`${JSON.stringify(argv[at])} is no option of ${process}; --help lists them`);
      continue;
    }
    const next = argv[at + 1];
    if (rest.length > 0) flags.set(flag, rest.join('='));
    else if (next !== undefined && !next.startsWith('--')) {
      flags.set(flag, next);
      at += 1;
    } else if (option.type.unit === 'true or false') flags.set(flag, 'true');
    else faults.push(`${flag}: a value is missing; allowed: ${option.type.allowed}`);
  }
  return flags;
}

function resolve(
  from: DerivedFrom,
  env: Readonly<Record<string, string | undefined>>,
  flags: ReadonlyMap<string, string>,
  faults: string[],
): OptionValues {
  const values: Record<string, unknown> = {};
  const settle = (name: OptionName, derivedFrom: DerivedFrom) => {
    const option = options[name] as Option<unknown>;
    values[name] = valueOf(option, derivedFrom, env, flags, faults);
  };
  settle('datasetFile', from);
  const datasetFile = values['datasetFile'];
  const datasetBytes = typeof datasetFile === 'string' && datasetFile !== '' ? from.machine.fileBytes(datasetFile) : 0;
  settle('memoryBytesMax', { ...from, datasetBytes });
  const memoryBytesMax = typeof values['memoryBytesMax'] === 'number' ? values['memoryBytesMax'] : 0;
  for (const name of optionNames) {
    if (name !== 'datasetFile' && name !== 'memoryBytesMax') settle(name, { ...from, datasetBytes, memoryBytesMax });
  }
  return values as OptionValues;
}

function valueOf<T>(
  option: Option<T>,
  from: DerivedFrom,
  env: Readonly<Record<string, string | undefined>>,
  flags: ReadonlyMap<string, string>,
  faults: string[],
): T | undefined {
  const fallback = option.default;
  const byDefault = isDerived(fallback) ? fallback.derive(from) : fallback;
  if (!option.processes.includes(from.process)) return byDefault;

  const flag = flagOf(option);
  // An empty variable counts as not set: manifests and compose files leave them so.
  const variable = [option.variable, ...(option.aliases ?? [])].find((name) => (env[name] ?? '').trim() !== '');
  const given = flags.get(flag) ?? (variable === undefined ? undefined : env[variable]?.trim());
  if (given === undefined) {
    if (fallback === undefined) faults.push(`${option.variable} (${flag}) must be given: ${option.help}`);
    return byDefault;
  }
  const value = option.type.parse(given);
  if (value !== null) return value;
  const source = flags.has(flag) ? flag : variable;
  faults.push(`${String(source)}: ${JSON.stringify(given)} is not allowed; allowed: ${option.type.allowed}`);
  return byDefault;
}

function printed(name: OptionName, values: OptionValues): string {
  const value = values[name];
  return value === '' ? 'not set' : (options[name] as Option<unknown>).type.print(value);
}

function kvstoreConfig(of: OptionValues): KvstoreConfig {
  return {
    process: 'kvstore',
    log: { level: of.logLevel },
    kubernetes: kubernetesConfig(of),
    pod: { name: of.podName, uid: of.podUid },
    addresses: {
      peer: of.advertisePeer || joinHostPort(of.podIp, of.peerPort),
      http: of.advertiseHttp || joinHostPort(of.podIp, of.httpPort),
    },
    http: httpConfig(of),
    peer: {
      host: of.peerHost,
      port: of.peerPort,
      connectionsMax: of.peerConnectionsMax,
      queueBytesMax: of.peerQueueBytesMax,
    },
    groupTimes: {
      heartbeatMs: of.heartbeatMs,
      renewMs: of.renewMs,
      retryMs: of.retryMs,
      leaseMs: of.leaseMs,
      electionMs: of.electionMs,
      removalMs: of.removalMs,
      readStalenessMs: of.readStalenessMs,
      writeWaitMs: of.writeWaitMs,
      readWaitMs: of.readWaitMs,
      sessionIdleMs: of.sessionIdleMs,
      idempotencyKeptMs: of.idempotencyKeptMs,
      readmitMinMs: of.readmitMinMs,
      readmitMaxMs: of.readmitMaxMs,
    },
    groupLimits: {
      minInSync: of.minInSync,
      inSyncMax: of.inSyncMax,
      memoryBytesMax: of.memoryBytesMax,
      uncommittedEntriesMax: of.uncommittedEntriesMax,
      uncommittedBytesMax: of.uncommittedBytesMax,
      logBytesMax: Math.max(of.logBytesMax, of.watchHistoryBytes),
      logEntriesMax: Math.max(of.logEntriesMax, of.watchHistoryEntries),
      inflightBytesMax: of.inflightBytesMax,
      snapshotChunkBytes: of.snapshotChunkBytes,
      sessionsMax: of.sessionsMax,
      outcomesPerSessionMax: of.outcomesPerSessionMax,
      idempotencyKeysMax: of.idempotencyKeysMax,
      tombstonesMax: of.tombstonesMax,
      historyLimit: of.historyLimit,
      eviction: of.eviction,
      waitingReadsMax: of.waitingReadsMax,
      watchersMax: of.watchersMax,
    },
    dataset: of.datasetFile === '' ? null : { file: of.datasetFile, malformedLinesMax: of.datasetMalformedMax },
    uncleanRecovery: of.uncleanRecovery,
    valueBytesMax: of.valueBytesMax,
    gracePeriodMs: of.gracePeriodMs,
    endWithParent: of.endWithParent,
  };
}

function proxyConfig(of: OptionValues): ProxyConfig {
  return {
    process: 'proxy',
    log: { level: of.logLevel },
    kubernetes: kubernetesConfig(of),
    http: httpConfig(of),
    writeWaitMs: of.writeWaitMs,
    readWaitMs: of.readWaitMs,
    repeatMs: of.repeatMs,
    hedgeMs: of.hedgeMs,
    queueRequestsMax: of.queueRequestsMax,
    queueBytesMax: of.queueBytesMax,
    valueBytesMax: of.valueBytesMax,
    gracePeriodMs: of.gracePeriodMs,
    endWithParent: of.endWithParent,
  };
}

function embeddedConfig(of: OptionValues): EmbeddedConfig {
  return {
    process: 'embedded',
    log: { level: of.logLevel },
    http: { host: of.httpHost, port: of.httpPort },
    dataDirectory: of.dataDirectory === '' ? null : of.dataDirectory,
    allowRemote: of.allowRemote,
    watchHistoryMax: of.watchHistoryMax,
    endWithParent: of.endWithParent,
  };
}

function kubernetesConfig(of: OptionValues): KvstoreConfig['kubernetes'] {
  return {
    url: of.kubernetesUrl === '' ? null : of.kubernetesUrl,
    namespace: of.namespace === '' ? null : of.namespace,
    leaseName: of.leaseName,
    podSelector: of.podSelector,
    peerService: of.peerService,
    callTimeoutMs: of.apiTimeoutMs,
    watchSilenceMs: of.apiWatchSilenceMs,
  };
}

function httpConfig(of: OptionValues): KvstoreConfig['http'] {
  return {
    host: of.httpHost,
    port: of.httpPort,
    connectionsMax: of.connectionsMax,
    pipelineMax: of.pipelineMax,
    requestTimeoutMs: of.requestTimeoutMs,
    idleTimeoutMs: of.idleTimeoutMs,
  };
}

function joinHostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner as object);
  }
  return Object.freeze(value);
}
