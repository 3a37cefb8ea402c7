/** Clocks of WASI: real time, monotonic, and the processor time of the process and of the thread. */
export const REALTIME_CLOCK = 0;
const CLOCKS = 4;

export const isClock = (id: number): boolean => id >= 0 && id < CLOCKS;
