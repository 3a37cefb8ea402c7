import { DEFAULT_DATA_DIR } from './data-dir.ts';
import type { CommandSpec } from './options.ts';

export const backupSpec: CommandSpec = {
  name: 'backup',
  summary: 'Copy all that a coordinator keeps',
  usage: '[options] FOLDER',
  positionals: 1,
  options: [{ name: 'data-dir', value: 'DIR', help: `Data directory of the coordinator (default ./${DEFAULT_DATA_DIR})` }],
  notes: [
    'FOLDER must not exist, or be empty. The coordinator may run meanwhile: the copy is as of one moment. It holds datasets, modules, ' +
      'results, jobs that have not ended, and the tokens: keep it as private as the data directory.',
  ],
  examples: ['muster backup ~/backups/monday', 'muster backup --data-dir ~/class /mnt/usb/class'],
};

export const restoreSpec: CommandSpec = {
  name: 'restore',
  summary: 'Make a data directory from a backup',
  usage: '[options] FOLDER',
  positionals: 1,
  options: [
    {
      name: 'data-dir',
      value: 'DIR',
      help: `Data directory to make (default ./${DEFAULT_DATA_DIR}); must not exist, or be empty`,
    },
  ],
  notes: ['FOLDER is what `muster backup` made; it is not changed. Jobs that had not ended go on when `muster serve` starts.'],
  examples: ['muster restore --data-dir ~/class-again ~/backups/monday'],
};
