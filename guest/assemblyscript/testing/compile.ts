/** For tests and benches: compiles an AssemblyScript guest of this folder. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { ascArguments } from '../../../shared/guest/assemblyscript-build.ts';

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));

/** `source`: relative to `folder`, which is guest/assemblyscript. Throws with the compiler's messages. */
export async function compileGuestSource(source: string, folder: string = FOLDER): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [...ascArguments({ source, outFile: 'out.wasm', sdk: 'index.ts' }), '--baseDir', folder],
    {
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm') && typeof contents !== 'string') wasm = contents;
      },
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`${source} does not compile:\n${stderr.toString()}`);
  return new Uint8Array(wasm);
}
