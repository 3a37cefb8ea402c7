/** A file holds one thing: sources longer than 320 lines fail. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow } from './build/inputs.mjs';

export const LONGEST_LINES = 320;
const SOURCES = /\.(ts|tsx|mjs|cjs|js)$/;
const FOLDERS = [
  'bin',
  'scripts',
  'shared',
  'coordinator',
  'web-worker-client',
  'client',
  'demo-site',
  'examples',
  'playwright',
  'bench',
];

export function tooLong(root, folders = FOLDERS) {
  return folders
    .flatMap((folder) => filesBelow(join(root, folder)))
    .filter((file) => SOURCES.test(file))
    .map((file) => ({ file: relative(root, file), lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_LINES);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = tooLong(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const { file, lines } of found)
    console.error(`${file}: ${lines} lines, ${LONGEST_LINES} at most; split it by what it holds`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
