/** The author's library as `muster/client` brings it: one module without dependencies, and its declarations. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { digestOfInputs, filesBelow, isTestFile } from './inputs.mjs';
import { writeOutTypes } from './plain-types.mjs';

const inputsOf = (root, more = []) =>
  digestOfInputs(
    root,
    ['client', 'shared', 'package-lock.json', 'scripts/build/client.mjs', ...more],
    (name) => !isTestFile(name) && !name.endsWith('.md'),
  );

/** Runs in Node and in browsers alike. */
export const clientPart = {
  name: 'client',
  inputs: (root) => inputsOf(root),
  async build(root) {
    const { build } = await import('esbuild');
    const outfile = join('dist', 'client', 'index.js');
    await build({
      absWorkingDir: root,
      entryPoints: ['client/index.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'silent',
    });
    return [outfile, `${outfile}.map`];
  },
};

/** Only who installs the package needs these, and the compiler takes seconds: commands and tests don't wait for it. */
export const clientTypesPart = {
  name: 'client-types',
  inputs: (root) => inputsOf(root, ['scripts/build/plain-types.mjs', 'tsconfig.base.json']),
  async build(root, log) {
    const tsc = typescriptIn(root);
    if (tsc === undefined) {
      log('typescript is not installed: muster/client comes without declarations');
      return [];
    }
    const outDir = join(root, 'dist', 'client', 'types');
    rmSync(outDir, { recursive: true, force: true });
    const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', root, '--outDir', outDir];
    await run(root, [tsc, '-p', 'client', ...options]);
    writeOutTypes((await import('typescript')).default, root, outDir, filesBelow(outDir));
    return filesBelow(outDir).map((file) => relative(root, file));
  },
};

function typescriptIn(root) {
  try {
    return createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function run(root, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (piece) => {
      output += piece;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tsc ended with ${code}\n${output}`))));
  });
}
