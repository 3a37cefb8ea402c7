/** Bundles the child's entry for tests, where nothing was built yet: plain Node 20 runs no TypeScript. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The bundle lies under node_modules/.cache, so that its package imports resolve. */
export async function bundledCompileChild(): Promise<URL> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const outfile = `${root}node_modules/.cache/muster/compile-child-${process.pid}.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL('../compile-child.ts', import.meta.url))],
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
