/** The Node code: the command, and the scripts that it starts as child processes and threads. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { digestOfInputs, isTestFile } from './inputs.mjs';

const ENTRIES = {
  main: 'coordinator/main.ts',
  'planner-child': 'coordinator/planner/child.ts',
  'ingest-child': 'coordinator/catalog/ingest-child.ts',
  headless: 'web-worker-client/headless/index.ts',
  'slot-entry': 'web-worker-client/headless/slot-entry.ts',
};

/** bench/NAME.bench.ts becomes dist/node/bench-NAME.js, which `muster bench NAME` loads. */
const BENCH = /^(.+)\.bench\.ts$/;

/** A running coordinator may still load a chunk of the build that it was started from. */
const KEEP_OLD_CHUNKS_MS = 24 * 3600_000;

export const nodePart = {
  name: 'node',
  inputs: (root) =>
    digestOfInputs(
      root,
      ['coordinator', 'shared', 'client', 'web-worker-client', 'bench', 'package-lock.json', 'scripts/build/node.mjs'],
      (name) => !isTestFile(name) && !name.endsWith('.md'),
    ),
  async build(root) {
    const { build } = await import('esbuild');
    const entryPoints = entriesIn(root);
    const outdir = join(root, 'dist', 'node');
    const result = await build({
      absWorkingDir: root,
      entryPoints,
      outdir,
      bundle: true,
      splitting: true,
      // Chunks lie beside the entries: code that looks for its neighbours by import.meta.url finds them from either.
      chunkNames: 'chunk-[name]-[hash]',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'warning',
      write: false,
    });
    mkdirSync(outdir, { recursive: true });
    for (const file of result.outputFiles) writeWhole(file.path, file.contents);
    removeOldChunks(outdir, new Set(result.outputFiles.map((file) => basename(file.path))));
    return result.outputFiles.map((file) => relative(root, file.path));
  },
};

function entriesIn(root) {
  const entries = Object.entries(ENTRIES).filter(([, file]) => existsSync(join(root, file)));
  const benches = existsSync(join(root, 'bench')) ? readdirSync(join(root, 'bench')) : [];
  for (const file of benches) {
    const name = BENCH.exec(file)?.[1];
    if (name) entries.push([`bench-${name}`, `bench/${file}`]);
  }
  return Object.fromEntries(entries);
}

/** Written aside and renamed, so that nobody ever loads half a file. */
function writeWhole(path, bytes) {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(aside, bytes);
  renameSync(aside, path);
}

function removeOldChunks(outdir, current) {
  const now = Date.now();
  for (const name of readdirSync(outdir)) {
    if (current.has(name)) continue;
    const path = join(outdir, name);
    if (now - statSync(path).mtimeMs > KEEP_OLD_CHUNKS_MS) rmSync(path, { recursive: true, force: true });
  }
}
