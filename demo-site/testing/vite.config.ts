/** The pages with a fake grid behind the join button, for looking at them without a coordinator. */
import { resolve } from 'node:path';
import { mergeConfig } from 'vite';
import base from '../../vite.config.ts';

export default mergeConfig(base, {
  resolve: {
    alias: [{ find: /.*\/web-worker-client\/join-grid\.ts$/, replacement: resolve(import.meta.dirname, 'fake-grid.ts') }],
  },
  build: { outDir: resolve(import.meta.dirname, '../../dist/pages-fake') },
});
