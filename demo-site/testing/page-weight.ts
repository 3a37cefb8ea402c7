/** What a page loads before anybody clicks: its HTML and, from vite's manifest, all scripts and styles that it imports at once. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

interface ManifestEntry {
  readonly file: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
}

export interface PageWeight {
  readonly files: readonly { readonly file: string; readonly gzipBytes: number }[];
  readonly gzipBytes: number;
}

/** `pages` is a build's folder, `html` a page's path in it (and in the manifest). */
export function pageWeight(pages: string, html: string): PageWeight {
  const manifestFile = join(pages, '.vite', 'manifest.json');
  if (!existsSync(manifestFile)) throw new Error(`${manifestFile} is missing: build the pages first (npm run build)`);
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as { readonly [key: string]: ManifestEntry };
  const names = new Set([html]);
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const entry = manifest[key];
    if (entry === undefined) throw new Error(`the manifest has no ${key}`);
    if (seen.has(key)) return;
    seen.add(key);
    names.add(entry.file);
    for (const css of entry.css ?? []) names.add(css);
    for (const next of entry.imports ?? []) visit(next);
  };
  visit(html);
  const files = [...names].map((file) => ({ file, gzipBytes: gzipSync(readFileSync(join(pages, file)), { level: 9 }).length }));
  return { files, gzipBytes: files.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0) };
}
