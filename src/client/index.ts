/** The TypeScript client of kvstore. */
export { KvClient } from './kv-client.ts';
export { isKvError, KvError, type ClientErrorCode, type KvCurrent, type KvErrorCode } from './kv-error.ts';
export { KvEntry, type KvKeyInfo } from './kv-entry.ts';
export type {
  CallOptions,
  Condition,
  Consistency,
  CreateOptions,
  DeletePrefixOptions,
  KvClientOptions,
  KvFence,
  KvStay,
  PutOptions,
  ReadOptions,
  Ttl,
  WriteOptions,
} from './options.ts';
export type { KvKey, KvValue } from './values.ts';
export type { KvPage, ListOptions, PageOptions } from './lists.ts';
export type { GetOptions, HistoryOptions, KvHistory, KvVersion } from './past.ts';
export type { KeyWatchOptions, WatchOptions } from './watch.ts';
export type { KvWatchEvent } from './watch-events.ts';
export type { CacheOptions, KvCache, KvCacheStats } from './cache.ts';
export type { KvLock } from './lock.ts';
export type { KvLockHolder, LockOptions } from './locking.ts';
export type { KvCluster, KvReplica } from './cluster.ts';
export type {
  BatchOperation,
  BatchResult,
  BatchResults,
  KvComparison,
  KvCounted,
  KvTouched,
  KvWritten,
  OperationResult,
  OperationResults,
  Txn,
  TxnOperation,
  TxnResult,
} from './operations.ts';
