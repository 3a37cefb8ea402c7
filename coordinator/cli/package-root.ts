/** Where the package lies, from the bundle in dist/node as from the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from './errors.ts';

let found: string | undefined;

/** The folder of Muster's own package.json. */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)));
  return found;
}

function search(from: string): string {
  if (existsSync(join(from, 'package.json')) && existsSync(join(from, 'bin', 'muster.mjs'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new CommandError("Muster's own package folder is not above its code", 'Install the package again.');
  return search(parent);
}

export function versionOf(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/**
 * A built script of dist/node. Commands whose code lives in a folder that the coordinator may not import (workers, benches) are
 * entries of their own and loaded by path.
 */
export function builtScript(name: string): string {
  return join(packageRoot(), 'dist', 'node', `${name}.js`);
}

/** The scripts that a coordinator starts as child processes and threads. */
export function childEntries(): { planner: string; ingest: string; slot: string } {
  return { planner: builtScript('planner-child'), ingest: builtScript('ingest-child'), slot: builtScript('slot-entry') };
}

export function pagesFolder(): string {
  return join(packageRoot(), 'dist', 'pages');
}
