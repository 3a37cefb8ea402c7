/**
 * AssemblyScript kernels: FOLDER/NAME/index.as.ts -> dist/kernels/NAME.mjs, whose default export is the WASM in base64. Slots and
 * the relay import theirs: so they are in every bundle that has these, and in tests, and nothing has to be fetched.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfInputs } from './inputs.mjs';

const FOLDERS = ['web-worker-client/kernels', 'coordinator/blocks/kernels'];
/** What several kernels are made of. */
const SHARED = 'shared/kernels';

const entries = (root) =>
  FOLDERS.flatMap((folder) => {
    const path = join(root, folder);
    const names = existsSync(path) ? readdirSync(path) : [];
    return names.map((name) => ({ name, entry: `${folder}/${name}/index.as.ts` }));
  }).filter(({ entry }) => existsSync(join(root, entry)));

export const kernelsPart = {
  name: 'kernels',
  inputs: (root) =>
    digestOfInputs(
      root,
      [...FOLDERS, SHARED, 'package-lock.json', 'scripts/build/kernels.mjs'],
      (name) => ![...FOLDERS, SHARED].some((folder) => name.startsWith(folder)) || name.endsWith('.as.ts'),
    ),
  async build(root) {
    const kernels = entries(root);
    if (kernels.length === 0) return [];
    const { default: asc } = await import('assemblyscript/asc');
    mkdirSync(join(root, 'dist', 'kernels'), { recursive: true });
    const made = [];
    for (const { name, entry } of kernels) {
      let wasm;
      const { error, stderr } = await asc.main(
        [entry, '--outFile', 'out.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'].concat([
          '--baseDir',
          root,
        ]),
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
