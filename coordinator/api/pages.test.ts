/** Static pages: policy, caching, compressed copies, and nothing beyond the folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir, testApp } from '../sessions/testing/app-fixture.ts';

async function pages(): Promise<string> {
  const dir = await tempDir();
  for (const page of ['dashboard', 'lessons']) await mkdir(join(dir, page));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), '<!doctype html><title>join</title>');
  await writeFile(join(dir, 'dashboard/index.html'), '<!doctype html><title>dashboard</title>');
  await writeFile(join(dir, 'lessons/index.html'), '<!doctype html><title>lessons</title>');
  await writeFile(join(dir, 'assets/link-abc123.js'), 'plain');
  await writeFile(join(dir, 'assets/link-abc123.js.br'), 'brotli');
  await writeFile(join(dir, 'assets/link-abc123.js.gz'), 'gzip');
  await writeFile(join(dir, 'secret.txt'), 'not meant');
  return dir;
}

test('pages come under the policy and are never cached, hashed assets for ever', async () => {
  const { app } = await testApp({ pagesDir: await pages() });
  for (const [url, title] of [
    ['/', 'join'],
    ['/dashboard', 'dashboard'],
    ['/dashboard/', 'dashboard'],
    ['/lessons', 'lessons'],
  ]) {
    const page = await app.inject({ url: url ?? '' });
    expect(page.body).toContain(title);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(page.headers['cache-control']).toBe('no-cache');
  }
  const script = await app.inject('/assets/link-abc123.js');
  expect(script.headers['content-type']).toContain('javascript');
  expect(script.headers['content-security-policy']).toContain("default-src 'none'");
  expect(script.headers['cache-control']).toContain('immutable');
  expect(script.headers['x-content-type-options']).toBe('nosniff');
});

test('compressed copies go to browsers that take them', async () => {
  const { app } = await testApp({ pagesDir: await pages() });
  const get = (encoding: string) => app.inject({ url: '/assets/link-abc123.js', headers: { 'accept-encoding': encoding } });
  expect(await get('gzip, deflate, br')).toMatchObject({ body: 'brotli', headers: { 'content-encoding': 'br' } });
  expect(await get('gzip, deflate')).toMatchObject({ body: 'gzip', headers: { 'content-encoding': 'gzip' } });
  expect((await get('identity')).body).toBe('plain');
});

test('nothing else of the folder, and nothing outside it', async () => {
  const { app } = await testApp({ pagesDir: await pages() });
  for (const url of [
    '/secret.txt',
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/none.js',
  ]) {
    const response = await app.inject({ url });
    expect([403, 404], url).toContain(response.statusCode);
    expect(response.body).not.toContain('not meant');
    expect(response.headers['cache-control'] ?? '').not.toContain('immutable');
  }
});

test('without built pages the rest works and / says what to do', async () => {
  const { app } = await testApp();
  expect((await app.inject('/')).json()).toMatchObject({ status: 404, code: 'pages-not-built', hint: expect.any(String) });
});
