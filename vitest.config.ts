import { defineConfig } from 'vitest/config';

const SKIPPED = ['node_modules/**', 'dist/**'];

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
          exclude: [...SKIPPED, 'playwright/**'],
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
          include: ['playwright/**/*.test.ts'],
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
