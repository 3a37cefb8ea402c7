/** Checks the types of every folder with a tsconfig.json, two at a time. Prints what tsc prints; exits 1 when any fails. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow } from './build/inputs.mjs';

const AT_ONCE = 2;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

export function projectsIn(folder) {
  return filesBelow(folder)
    .filter((file) => basename(file) === 'tsconfig.json')
    .map((file) => relative(folder, file))
    .sort();
}

function check(project) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [tsc, '-p', project], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (piece) => {
      output += piece;
    });
    child.on('close', (code) => resolve({ project, ok: code === 0, output }));
  });
}

async function main() {
  if (!existsSync(join(root, 'node_modules'))) {
    console.error('types: node_modules is missing; run `npm ci` first');
    return 1;
  }
  const queue = projectsIn(root);
  let failed = 0;
  const work = async () => {
    for (let project = queue.shift(); project; project = queue.shift()) {
      const result = await check(project);
      console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${project}`);
      if (!result.ok) console.log(result.output);
      if (!result.ok) failed++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
