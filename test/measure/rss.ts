import { readFileSync } from 'node:fs';

/** Resident memory of a process in bytes; NaN if it does not run. Linux. */
export function rssBytesOf(pid: number | null): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return 1024 * Number(kib ?? NaN);
  } catch {
    return NaN;
  }
}
