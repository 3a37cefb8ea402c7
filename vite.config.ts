/** Builds the pages into dist/pages: one folder a page, everything else hashed under assets/ and cacheable for ever. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const site = resolve(import.meta.dirname, 'demo-site');

export default defineConfig({
  root: site,
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // The engine's glue mentions eval in paths that it never takes here; the policy and the tests in Chromium see to that.
  worker: { format: 'es', rolldownOptions: { checks: { eval: false } } },
  resolve: {
    // The blocking bindings for browsers are in the package but not among its exports.
    alias: {
      '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs': resolve(
        import.meta.dirname,
        'node_modules/@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs',
      ),
    },
  },
  build: {
    outDir: resolve(import.meta.dirname, 'dist/pages'),
    emptyOutDir: true,
    // What every browser with SIMD and module workers has (Chrome 91, Firefox 114, Safari 16.4).
    target: ['chrome91', 'firefox114', 'safari16.4'],
    manifest: true,
    // The content security policy has no room for inlined scripts, and data: URLs only for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The engine's wasm is 36 MB and meant to be.
    chunkSizeWarningLimit: 2_000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        volunteer: resolve(site, 'index.html'),
        dashboard: resolve(site, 'dashboard/index.html'),
        lessons: resolve(site, 'lessons/index.html'),
      },
    },
  },
});
