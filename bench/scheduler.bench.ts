/** `muster bench scheduler`: what the scheduler can do. */
import { type BenchOptions, save } from './grid-bench.ts';
import { printWire, schedulerWire } from './scheduler-wire.ts';

export const summary = 'The scheduler through real WebSockets: tasks a second, overhead of a task, idle sessions, joins';

export async function run(options: BenchOptions): Promise<number> {
  const wire = await schedulerWire(options);
  printWire(wire, options.print);
  save('scheduler', { wire }, options);
  return 0;
}
