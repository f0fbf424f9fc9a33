import { readFileSync } from 'node:fs';

/** Resident memory of a process in bytes; NaN if it does not run. Linux. */
export const rssBytesOf = (pid: number | null): number => statusBytes(pid, 'VmRSS');

/** The most that it ever was. */
export const peakRssBytesOf = (pid: number | null): number => statusBytes(pid, 'VmHWM');

/** Processor time that a process has used so far, in ms: what others do on the machine is no part of it. NaN if it does not run. */
export function processorMsOf(pid: number | null): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    // 100 ticks a second.
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return NaN;
  }
}

function statusBytes(pid: number | null, field: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN);
  } catch {
    return NaN;
  }
}
