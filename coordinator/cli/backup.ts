/** `muster backup` and `muster restore`: the data directory as a copy, and back. */
import { resolve } from 'node:path';
import { backUp, type CopySums, restoreBackup } from '../store/backup.ts';
import { DEFAULT_DATA_DIR } from './data-dir.ts';
import { UsageError } from './errors.ts';
import type { Arguments } from './options.ts';
import type { Terminal } from './terminal.ts';

export async function backupCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const [dataDir, folder] = [dataDirOf(args), folderOf(args, 'Where to? muster backup FOLDER')];
  const { isRunning, ...sums } = await backUp(dataDir, folder);
  if (isRunning) terminal.note('The coordinator runs: the copy is as of the moment when it was begun.');
  terminal.print(`${dataDir} is copied to ${folder}: ${words(sums)}\n`);
  return 0;
}

export async function restoreCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const [dataDir, folder] = [dataDirOf(args), folderOf(args, 'From where? muster restore FOLDER')];
  const { madeAt, ...sums } = await restoreBackup(folder, dataDir);
  terminal.print(`${dataDir} is as it was on ${madeAt}: ${words(sums)}\n`);
  terminal.note(`Start it with: muster serve --data-dir ${dataDir}`);
  return 0;
}

const dataDirOf = (args: Arguments): string => resolve(args.text('data-dir') ?? DEFAULT_DATA_DIR);

function folderOf(args: Arguments, hint: string): string {
  const [folder] = args.positionals;
  if (folder === undefined || folder === '') throw new UsageError('a folder is missing', hint);
  return resolve(folder);
}

function words({ files, bytes }: CopySums): string {
  return `${files} files and the store, ${(bytes / 1024 ** 2).toFixed(1)} MiB.`;
}
