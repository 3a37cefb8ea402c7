import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compressFolder } from './build/compress.mjs';
import { digestOfInputs, isTestFile } from './build/inputs.mjs';
import { buildStale } from './build.mjs';
import { tooLong } from './lengths.mjs';
import { countsOf } from './test.mjs';

let root: string;
let built: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-build-'));
  built = [];
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'a.ts'), 'one');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const part = (name: string, fails = false) => ({
  name,
  inputs: (from: string) => digestOfInputs(from, ['src'], (file: string) => !isTestFile(file)),
  build: async (from: string) => {
    if (fails) throw new Error('does not compile');
    built.push(name);
    writeFileSync(join(from, 'dist', `${name}.js`), '');
    return [`dist/${name}.js`];
  },
});

const build = (options = {}) => buildStale({ root, parts: [part('x')], log: () => undefined, ...options });

describe('the build', () => {
  it('builds once, and not again for nothing: a touched file, a test', async () => {
    expect(await build()).toEqual(['x']);
    utimesSync(join(root, 'src', 'a.ts'), new Date(0), new Date(0));
    writeFileSync(join(root, 'src', 'a.test.ts'), 'a test');
    expect(await build()).toEqual([]);
    expect(built).toEqual(['x']);
  });

  it('builds again when a source changed, came or went, and when its output is gone', async () => {
    await build();
    writeFileSync(join(root, 'src', 'a.ts'), 'two');
    expect(await build()).toEqual(['x']);
    writeFileSync(join(root, 'src', 'b.ts'), '');
    expect(await build()).toEqual(['x']);
    rmSync(join(root, 'src', 'b.ts'));
    expect(await build()).toEqual(['x']);
    rmSync(join(root, 'dist', 'x.js'));
    expect(await build()).toEqual(['x']);
    writeFileSync(join(root, 'dist', '.stamps', 'x.json'), '{"inp');
    expect(await build()).toEqual(['x']);
  });

  it('lets one build at a time, and the second finds nothing stale', async () => {
    const ends = await Promise.all([build(), build()]);
    expect(ends.flat()).toEqual(['x']);
  });

  it('takes over the lock of a build that was killed', async () => {
    mkdirSync(join(root, 'dist'));
    // No process has this number: it is beyond Linux's largest.
    writeFileSync(join(root, 'dist', '.build-lock'), '99999999');
    expect(await build()).toEqual(['x']);
  });

  it('fails with the part that fails, or goes on when told to, and tries it again', async () => {
    const parts = [part('bad', true), part('good')];
    await expect(build({ parts })).rejects.toThrow('does not compile');
    expect(await build({ parts, keepGoing: true })).toEqual(['good']);
    await expect(build({ parts })).rejects.toThrow('does not compile');
  });
});

describe('compression', () => {
  it('puts .br and .gz beside what is worth it, once per content', async () => {
    const folder = join(root, 'pages');
    mkdirSync(folder);
    const text = 'muster '.repeat(500);
    writeFileSync(join(folder, 'a.js'), text);
    writeFileSync(join(folder, 'small.js'), 'x');
    writeFileSync(join(folder, 'picture.png'), text);
    await compressFolder(root, folder, () => undefined);
    expect(brotliDecompressSync(readFileSync(join(folder, 'a.js.br'))).toString()).toBe(text);
    expect(gunzipSync(readFileSync(join(folder, 'a.js.gz'))).toString()).toBe(text);
    expect(() => readFileSync(join(folder, 'small.js.br'))).toThrow();
    expect(() => readFileSync(join(folder, 'picture.png.br'))).toThrow();
  });
});

it('finds files that hold too much', () => {
  writeFileSync(join(root, 'src', 'long.ts'), 'x\n'.repeat(321));
  writeFileSync(join(root, 'src', 'fine.ts'), 'x\n'.repeat(320));
  expect(tooLong(root, ['src'])).toEqual([{ file: join('src', 'long.ts'), lines: 321 }]);
});

it('counts a test file that does not load as a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{}] },
  ];
  expect(countsOf({ numPassedTests: 1, numFailedTests: 0, testResults })).toEqual({ passed: 1, failed: 1 });
});
