/** `muster bench scheduler`: what the scheduler can do, its core alone and through real WebSockets. */
import { type BenchOptions, save } from './grid-bench.ts';
import { printCore, schedulerCore } from './scheduler-core.ts';
import { printWire, schedulerWire } from './scheduler-wire.ts';

export const summary = 'The scheduler: its core alone; through real WebSockets: tasks a second, overhead, idle sessions, joins';

export async function run(options: BenchOptions): Promise<number> {
  const core = await schedulerCore(options);
  printCore(core, options.print);
  const wire = await schedulerWire(options);
  printWire(wire, options.print);
  save('scheduler', { core, wire }, options);
  return 0;
}
