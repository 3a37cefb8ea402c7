/** AssemblyScript kernels: web-worker-client/kernels/NAME.as.ts -> dist/kernels/NAME.wasm. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfInputs } from './inputs.mjs';

const FOLDER = 'web-worker-client/kernels';

const sources = (root) => {
  const folder = join(root, FOLDER);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.as.ts')) : [];
};

export const kernelsPart = {
  name: 'kernels',
  inputs: (root) =>
    digestOfInputs(root, [FOLDER, 'package-lock.json', 'scripts/build/kernels.mjs'], (name) => !name.endsWith('.test.ts')),
  async build(root) {
    const names = sources(root);
    if (names.length === 0) return [];
    const { default: asc } = await import('assemblyscript/asc');
    mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
    const made = [];
    for (const name of names) {
      const outFile = `dist/kernels/${name.slice(0, -'.as.ts'.length)}.wasm`;
      const { error, stderr } = await asc.main(
        [`${FOLDER}/${name}`, '--outFile', outFile, '-O3', '--runtime', 'stub', '--enable', 'simd', '--baseDir', root],
        {},
      );
      if (error) throw new Error(`kernel ${name} does not compile:\n${stderr.toString()}`);
      made.push(outFile);
    }
    return made;
  },
};
