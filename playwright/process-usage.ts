/** What a process of this machine uses, from /proc (Linux). */
import { readFileSync } from 'node:fs';

const MiB = 1024 * 1024;
/** Clock ticks of /proc/PID/stat; 100 a second on every Linux that Node supports. */
const TICK_MS = 10;

export interface ProcessUsage {
  readonly residentMiB: number;
  /** Highest resident memory so far. */
  readonly peakMiB: number;
  readonly cpuMs: number;
}

export function usageOf(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces and brackets: fields are counted after the last bracket. 14 and 15 are user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { residentMiB: (kib('VmRSS') * 1024) / MiB, peakMiB: (kib('VmHWM') * 1024) / MiB, cpuMs: ticks * TICK_MS };
}

/** Often enough to see a buffer that lives for the time of one slice. */
const LOOK_MS = 20;

/**
 * Looks at a process's resident memory until `work` is done: the most that it rose from any level it had before. Counted from the start
 * alone, a rise would hide in what the process gives back meanwhile of something earlier.
 */
export async function memoryGrowth<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly growthMiB: number; readonly result: T }> {
  let least = Number.POSITIVE_INFINITY;
  let growthMiB = 0;
  const look = (): void => {
    const { residentMiB } = usageOf(pid);
    least = Math.min(least, residentMiB);
    growthMiB = Math.max(growthMiB, residentMiB - least);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  try {
    const result = await work();
    look();
    return { growthMiB, result };
  } finally {
    clearInterval(timer);
  }
}
