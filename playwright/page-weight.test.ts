/** What a visitor downloads before the join click, from the pages as they are built for users. */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { pageWeight } from '../demo-site/testing/page-weight.ts';

const PAGES = resolve(import.meta.dirname, '..', 'dist', 'pages');
const MOST_BYTES = 40_000;

test('the volunteer page is at most 40 kB gzipped before joining', () => {
  const weight = pageWeight(PAGES, 'index.html');
  expect(weight.gzipBytes).toBeGreaterThan(1_000);
  expect(weight.gzipBytes).toBeLessThanOrEqual(MOST_BYTES);
});
