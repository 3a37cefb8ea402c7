/** The Node code: the command with all that it loads, and the scripts that it starts as child processes and threads. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { digestOfInputs, isTestFile } from './inputs.mjs';

/** A running coordinator may still load a chunk of the build that it was started from. */
const KEEP_OLD_CHUNKS_MS = 24 * 3600_000;
/** bench/NAME.bench.ts becomes dist/node/bench-NAME.js, which `muster bench NAME` loads. */
const BENCH = /^(.+)\.bench\.ts$/;
/** bench/NAME.process.ts becomes dist/node/NAME.js, which a bench runs in processes of its own. */
const PROCESS = /^(.+)\.process\.ts$/;
const EVERYTHING = ['coordinator', 'shared', 'client', 'web-worker-client', 'examples', 'bench', 'playwright', 'guest'];

/** One file each: a child starts faster, and one that does not compile leaves the others alone. */
export const nodeParts = [
  child('planner-child', 'coordinator/planner/child.ts', ['coordinator', 'shared']),
  child('ingest-child', 'coordinator/catalog/ingest-child.ts', ['coordinator', 'shared']),
  child('compile-child', 'coordinator/modules/compile-child.ts', ['coordinator', 'shared']),
  child('store-thread', 'coordinator/store/store-thread.ts', ['coordinator', 'shared']),
  child('slot-entry', 'web-worker-client/headless/slot-entry.ts', ['web-worker-client', 'shared']),
  {
    name: 'node',
    inputs: (root) => inputsOf(root, EVERYTHING),
    build: (root) => bundle(root, entriesIn(root), true),
  },
];

function child(name, entry, folders) {
  return {
    name,
    inputs: (root) => inputsOf(root, folders),
    build: (root, log) => {
      if (existsSync(join(root, entry))) return bundle(root, { [name]: entry }, false);
      log(`${entry} is not in this tree: no ${name}`);
      return [];
    },
  };
}

const inputsOf = (root, folders) =>
  digestOfInputs(
    root,
    [...folders, 'package-lock.json', 'scripts/build/node.mjs'],
    (name) => !isTestFile(name) && !name.endsWith('.md'),
  );

function entriesIn(root) {
  const entries = { main: 'coordinator/main.ts' };
  const headless = 'web-worker-client/headless/index.ts';
  if (existsSync(join(root, headless))) entries.headless = headless;
  for (const file of existsSync(join(root, 'bench')) ? readdirSync(join(root, 'bench')) : []) {
    const name = BENCH.exec(file)?.[1];
    if (name) entries[`bench-${name}`] = `bench/${file}`;
    const own = PROCESS.exec(file)?.[1];
    if (own) entries[own] = `bench/${file}`;
  }
  return entries;
}

async function bundle(root, entryPoints, splitting) {
  const { build } = await import('esbuild');
  const outdir = join(root, 'dist', 'node');
  const result = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    splitting,
    // Chunks lie beside the entries: code that looks for its neighbours by import.meta.url finds them from either.
    chunkNames: 'chunk-[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  for (const file of result.outputFiles) writeWhole(file.path, file.contents);
  if (splitting) removeOldChunks(outdir, new Set(result.outputFiles.map((file) => basename(file.path))));
  return result.outputFiles.map((file) => relative(root, file.path));
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
    const path = join(outdir, name);
    if (!name.startsWith('chunk-') || current.has(name)) continue;
    if (now - statSync(path).mtimeMs > KEEP_OLD_CHUNKS_MS) rmSync(path, { force: true });
  }
}
