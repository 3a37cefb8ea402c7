/** Bundles the entry of a child process for tests, where nothing was built yet: plain Node 20 runs no TypeScript. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Under node_modules, so that package imports resolve. */
export const bundleOf = (name: string): string => `${root}node_modules/.cache/muster/${name}-${process.pid}.mjs`;

/** `name`: the bundle's. */
export async function bundledEntry(entry: URL, name: string): Promise<URL> {
  const outfile = bundleOf(name);
  await build({
    entryPoints: [fileURLToPath(entry)],
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
