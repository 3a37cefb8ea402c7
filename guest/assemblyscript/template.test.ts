/** The template as a new user has it: module.ts and the SDK as muster.ts side by side, and the one command line. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { ascArguments, ascCommandLine } from '../../shared/guest/assemblyscript-build.ts';
import { openBytes } from '../../web-worker-client/guest/testing/open.ts';

const HERE = import.meta.dirname;
const MODULE = { source: 'module.ts', outFile: 'module.wasm' };

test('the template compiles by its command line, and runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-template-'));
  try {
    cpSync(join(HERE, 'template/module.ts'), join(folder, 'module.ts'));
    cpSync(join(HERE, 'index.ts'), join(folder, 'muster.ts'));
    const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
    execFileSync(process.execPath, [asc, ...ascArguments(MODULE)], { cwd: folder, stdio: 'pipe' });
    const guest = await openBytes(readFileSync(join(folder, 'module.wasm')), { function: 'square' });
    const out = await guest.batch(streamOf([{ wire: 'DOUBLE', values: [4] }]));
    expect(out.map((o) => rowsOf(o.stream))).toEqual([[[4, 16]]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the README gives that command line', () => {
  expect(readFileSync(join(HERE, 'template/README.md'), 'utf8')).toContain(ascCommandLine(MODULE));
});

test('the SDK has less than 150 lines', () => {
  expect(readFileSync(join(HERE, 'index.ts'), 'utf8').trimEnd().split('\n').length).toBeLessThan(150);
});
