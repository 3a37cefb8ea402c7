/** All commands. Each is loaded when it is called, so that `muster sql` does not load a coordinator. */
import { backupSpec, restoreSpec } from './backup-spec.ts';
import { benchSpec } from './bench-spec.ts';
import { demoSpec } from './demo/spec.ts';
import type { Arguments, CommandSpec } from './options.ts';
import { serveSpec } from './serve-spec.ts';
import { sqlSpec } from './sql-spec.ts';
import type { Terminal } from './terminal.ts';
import { workerSpec } from './worker-spec.ts';

export type RunCommand = (args: Arguments, terminal: Terminal) => Promise<number>;

export interface Command {
  readonly spec: CommandSpec;
  readonly load: () => Promise<RunCommand>;
}

export const COMMANDS: readonly Command[] = [
  { spec: serveSpec, load: async () => (await import('./serve.ts')).serveCommand },
  { spec: workerSpec, load: async () => (await import('./worker.ts')).workerCommand },
  { spec: sqlSpec, load: async () => (await import('./sql.ts')).sqlCommand },
  { spec: demoSpec, load: async () => (await import('./demo/demo.ts')).demoCommand },
  { spec: backupSpec, load: async () => (await import('./backup.ts')).backupCommand },
  { spec: restoreSpec, load: async () => (await import('./backup.ts')).restoreCommand },
  { spec: benchSpec, load: async () => (await import('./bench.ts')).benchCommand },
];
