import { totalmem } from 'node:os';

/**
 * The memory that this process may use by its cgroup (v1 or v2, as libuv reads it), bytes; null if there is no limit.
 * Without one the kernel tells "unlimited" as 0 or as a number beyond the machine's memory.
 */
export function memoryLimitBytes(limit = process.constrainedMemory(), machineBytes = totalmem()): number | null {
  return limit > 0 && limit < machineBytes ? limit : null;
}
