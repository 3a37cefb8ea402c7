/** The pages: vite's build, compressed beside, put in place in one step. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { compressFolder } from './compress.mjs';
import { digestOfInputs, filesBelow, isTestFile } from './inputs.mjs';

const CONFIGS = ['vite.config.ts', 'demo-site/vite.config.ts'];

export const pagesPart = {
  name: 'pages',
  inputs: (root) =>
    digestOfInputs(
      root,
      [
        ...CONFIGS.filter((config) => !config.includes('/')),
        'demo-site',
        // Lessons run the examples, and show their sources.
        'examples',
        'web-worker-client',
        'client',
        'shared',
        'package-lock.json',
        'scripts/build/pages.mjs',
        'scripts/build/compress.mjs',
      ],
      (name) => !isTestFile(name) && !name.endsWith('.md') && !name.startsWith('web-worker-client/headless/'),
    ),
  async build(root, log) {
    const config = CONFIGS.find((name) => existsSync(join(root, name)));
    if (!config) {
      log('no vite config in this tree: no pages are built');
      return [];
    }
    const { build } = await import('vite');
    const next = join(root, 'dist', '.pages-next');
    rmSync(next, { recursive: true, force: true });
    await build({ configFile: join(root, config), logLevel: 'warn', build: { outDir: next, emptyOutDir: true } });
    await compressFolder(root, next, log);
    const pages = join(root, 'dist', 'pages');
    const old = join(root, 'dist', `.pages-old-${process.pid}`);
    if (existsSync(pages)) renameSync(pages, old);
    renameSync(next, pages);
    rmSync(old, { recursive: true, force: true });
    return filesBelow(pages).map((file) => relative(root, file));
  },
};
