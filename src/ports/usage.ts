/** What a process takes of what it may have, in percent, over the last second or more. */
export interface ProcessUsage {
  /** Of one core: two busy ones are 200. */
  readonly cpuPercent: number;
  /** Resident, of the limit of its cgroup, else of the machine's memory. */
  readonly memoryPercent: number;
}

/** How busy a machine is, everything that runs on it taken together, in percent. */
export interface MachineUsage {
  /** Of all cores, over the last second or more. */
  readonly cpuPercent: number;
  /** What programs could not get any more. */
  readonly memoryPercent: number;
  /** Of the file system at the root, as far as it is not reserved. */
  readonly diskPercent: number;
}
