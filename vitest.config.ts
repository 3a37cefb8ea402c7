import { defineConfig } from 'vitest/config';

const SKIPPED = ['node_modules/**', 'dist/**'];
/** Those that open real tabs. */
const BROWSER = ['playwright/**/*.test.ts', 'examples/on-tabs.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...SKIPPED, ...BROWSER],
          // Tests that start child processes run what is built, never a stale build.
          globalSetup: ['scripts/test-setup.mjs'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          exclude: SKIPPED,
          globalSetup: ['scripts/test-setup-browser.mjs'],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
