import type { CommandSpec } from './options.ts';
import { TARGET_OPTIONS } from './target.ts';

export const workerSpec: CommandSpec = {
  name: 'worker',
  summary: 'Donate this machine without a browser',
  usage: '[options]',
  positionals: 0,
  options: [
    ...TARGET_OPTIONS,
    { name: 'slots', value: 'N', help: 'Tasks that run at once (default: half the cores)' },
    { name: 'name', value: 'NAME', help: "What the dashboard calls it (default: this machine's name)" },
    { name: 'memory-per-slot', value: 'SIZE', help: "Memory limit of each slot's engine (default 768MiB)" },
    {
      name: 'store-dir',
      value: 'DIR',
      help: 'Keep fetched data here between runs (default: a temporary folder); one worker a folder',
    },
    { name: 'store-cap', value: 'SIZE', help: 'Most that it keeps of what tasks made and read (default 2GiB)' },
  ],
  notes: ['It runs until Ctrl-C, reconnects when the coordinator comes back, and hands its task back when it leaves.'],
  examples: ['muster worker --slots 2', 'muster worker --url http://192.168.1.20:7077 --token TOKEN --memory-per-slot 2GiB'],
};
