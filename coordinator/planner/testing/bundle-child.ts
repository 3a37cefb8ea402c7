/** Bundles the child's entry for tests, where nothing was built yet: plain Node 20 runs no TypeScript. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

let bundled: Promise<URL> | undefined;

/** The bundle lies under node_modules/.cache, so that its package imports resolve. Built once a process. */
export function bundledChild(): Promise<URL> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<URL> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const outfile = `${root}node_modules/.cache/muster/planner-child-${process.pid}.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL('../child.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    outfile,
    logLevel: 'error',
  });
  return pathToFileURL(outfile);
}
