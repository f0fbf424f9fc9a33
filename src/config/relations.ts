import type { ProcessName } from './config.ts';
import { flagOf, options, type OptionName, type OptionValues } from './table.ts';

/** What must hold between options; checked in the processes that have all of them. */
export interface Relation {
  readonly between: readonly OptionName[];
  /** Ends the sentence "required is that …". */
  readonly text: string;
  readonly holds: (values: OptionValues) => boolean;
}

export const relations: readonly Relation[] = [
  {
    between: ['leaseMs'],
    text: 'KV_LEASE_DURATION is whole seconds, as Kubernetes counts it',
    holds: (of) => of.leaseMs % 1000 === 0,
  },
  less('renewMs', 'leaseMs'),
  less('retryMs', 'renewMs'),
  less('heartbeatMs', 'electionMs'),
  less('heartbeatMs', 'removalMs'),
  less('heartbeatMs', 'readStalenessMs'),
  atMost('readmitMinMs', 'readmitMaxMs'),
  atMost('minInSync', 'inSyncMax'),
  atMost('valueBytesMax', 'uncommittedBytesMax'),
  atMost('valueBytesMax', 'inflightBytesMax'),
  atMost('valueBytesMax', 'logBytesMax'),
  atMost('valueBytesMax', 'peerQueueBytesMax'),
  atMost('valueBytesMax', 'queueBytesMax'),
  atMost('repeatMs', 'writeWaitMs'),
  less('hedgeMs', 'readWaitMs'),
  less('uncommittedBytesMax', 'memoryBytesMax'),
  less('logBytesMax', 'memoryBytesMax'),
  less('watchHistoryBytes', 'memoryBytesMax'),
  {
    between: ['podIp', 'advertisePeer', 'advertiseHttp'],
    text: 'KV_POD_IP is set, or KV_ADVERTISE_PEER and KV_ADVERTISE_HTTP both: others must be told where this replica is',
    holds: (of) => of.podIp !== '' || (of.advertisePeer !== '' && of.advertiseHttp !== ''),
  },
  {
    between: ['httpPort', 'peerPort'],
    text: 'KV_HTTP_PORT and KV_PEER_PORT are two ports and neither is 0, for others are told them',
    holds: (of) => of.httpPort !== 0 && of.peerPort !== 0 && of.httpPort !== of.peerPort,
  },
  {
    between: ['httpHost', 'allowRemote'],
    text: 'KV_HTTP_HOST is a loopback address, or KV_ALLOW_REMOTE true: the embedded API trusts everybody who reaches it',
    holds: (of) => of.allowRemote || /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(of.httpHost),
  },
];

export function relationsOf(process: ProcessName): readonly Relation[] {
  return relations.filter((relation) => relation.between.every((name) => options[name].processes.includes(process)));
}

/** Both names of an option, for messages. */
export function nameOf(name: OptionName): string {
  return `${options[name].variable} (${flagOf(options[name])})`;
}

type NumberOption = { [Name in OptionName]: OptionValues[Name] extends number ? Name : never }[OptionName];

function less(small: NumberOption, large: NumberOption): Relation {
  return {
    between: [small, large],
    text: `${options[small].variable} is less than ${options[large].variable}`,
    holds: (of) => of[small] < of[large],
  };
}

function atMost(small: NumberOption, large: NumberOption): Relation {
  return {
    between: [small, large],
    text: `${options[small].variable} is at most ${options[large].variable}`,
    holds: (of) => of[small] <= of[large],
  };
}
