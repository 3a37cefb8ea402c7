/**
 * AssemblyScript kernels: web-worker-client/kernels/NAME/index.as.ts -> dist/kernels/NAME.mjs, whose default export is the WASM in
 * base64. Slots import it: so it is in every bundle that has slots, and in tests, and nothing has to be fetched.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfInputs } from './inputs.mjs';

const FOLDER = 'web-worker-client/kernels';

const entries = (root) => {
  const folder = join(root, FOLDER);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => existsSync(join(folder, name, 'index.as.ts')));
};

export const kernelsPart = {
  name: 'kernels',
  inputs: (root) =>
    digestOfInputs(
      root,
      [FOLDER, 'package-lock.json', 'scripts/build/kernels.mjs'],
      (name) => !name.startsWith(FOLDER) || name.endsWith('.as.ts'),
    ),
  async build(root) {
    const names = entries(root);
    if (names.length === 0) return [];
    const { default: asc } = await import('assemblyscript/asc');
    mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
    const made = [];
    for (const name of names) {
      let wasm;
      const { error, stderr } = await asc.main(
        [
          `${FOLDER}/${name}/index.as.ts`,
          '--outFile',
          'out.wasm',
          '-O3',
          '--noAssert',
          '--runtime',
          'stub',
          '--enable',
          'simd',
        ].concat(['--baseDir', root]),
        {
          writeFile: (_, contents) => {
            wasm = contents;
          },
        },
      );
      if (error) throw new Error(`kernel ${name} does not compile:\n${stderr.toString()}`);
      const outFile = `dist/kernels/${name}.mjs`;
      writeFileSync(join(root, outFile), `export default '${Buffer.from(wasm).toString('base64')}';\n`);
      made.push(outFile);
    }
    return made;
  },
};
