import { mkdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../../..');
let built: Promise<string> | undefined;

/** Bundles the ingest child for tests, once a process; answers its path. */
export function ingestChildForTests(): Promise<string> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<string> {
  // Under node_modules, so that the packages it imports are found. Test files run side by side: the bundle appears whole.
  const dir = join(ROOT, 'node_modules/.cache/muster-tests');
  await mkdir(dir, { recursive: true });
  const outfile = join(dir, 'ingest-child.mjs');
  const unfinished = join(dir, `${process.pid}.mjs`);
  await build({
    entryPoints: [join(ROOT, 'coordinator/catalog/ingest-child.ts')],
    outfile: unfinished,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
    logLevel: 'silent',
  });
  await rename(unfinished, outfile);
  return outfile;
}
