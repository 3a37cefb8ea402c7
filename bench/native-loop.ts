/** The sum of squares in native C, where gcc is installed: a process that measures itself on request. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = `#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }
int main(int argc, char **argv) {
  long n = atol(argv[1]);
  double *x = malloc(n * sizeof *x), last = 0;
  for (long i = 0; i < n; i++) x[i] = (i % 1000) * 0.5;
  for (int k = 0; k < 2; k++) {
    double t = now(), sum = 0;
    for (long i = 0; i < n; i++) sum += x[i] * x[i];
    if (sum > 0) last = now() - t;
  }
  printf("%f", last);
  return 0;
}`;

export interface NativeLoop {
  /** Milliseconds of the second run in a new process. */
  run(): number;
  close(): void;
}

/** Undefined where there is no gcc. */
export function nativeLoop(rows: number): NativeLoop | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'muster-native-'));
  const binary = join(folder, 'loop');
  const close = (): void => rmSync(folder, { recursive: true });
  writeFileSync(`${binary}.c`, SOURCE);
  try {
    execFileSync('gcc', ['-O3', '-march=native', '-o', binary, `${binary}.c`], { stdio: 'pipe' });
  } catch (error) {
    close();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { close, run: () => Number(execFileSync(binary, [String(rows)], { encoding: 'utf8' })) };
}
