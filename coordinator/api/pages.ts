/** The built pages: HTML never cached, hashed assets for ever, compressed copies where the browser takes them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { plugin } from './plugin.ts';
import { Problem } from './problem.ts';

/** Pages, worker scripts and everything else that is served: no inline script, nothing from elsewhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGES: readonly (readonly [url: string, file: string])[] = [
  ['/', 'index.html'],
  ['/dashboard', 'dashboard/index.html'],
  ['/lessons', 'lessons/index.html'],
];

export interface PagesOptions {
  readonly dir: string | undefined;
}

export const securityHeaders = plugin<object>({ name: 'muster-headers' }, (app) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cross-origin-resource-policy', 'same-origin');
  });
});

export const pageRoutes = plugin<PagesOptions>(
  { name: 'muster-pages', dependencies: ['muster-access', 'muster-headers'] },
  async (app, { dir }) => {
    const built = dir !== undefined && existsSync(dir);
    if (built) {
      await app.register(fastifyStatic, {
        root: dir,
        // Only what is listed below and under assets/: a folder of pages holds nothing secret, but nothing more is meant.
        serve: false,
        preCompressed: true,
        cacheControl: false,
        decorateReply: true,
      });
      if (existsSync(join(dir, 'assets'))) {
        app.get('/assets/*', { config: { access: 'open' }, schema: { hide: true } }, async (request, reply) => {
          const { '*': file } = request.params as { readonly '*': string };
          reply.header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'Accept-Encoding');
          // A root of its own: `..` in the rest of the URL must not lead to the folder above.
          return reply.sendFile(file, join(dir, 'assets'));
        });
      }
    }
    for (const [url, file] of PAGES) {
      app.get(url, { config: { access: 'open' }, schema: { hide: true } }, async (_request, reply) => {
        if (!built || !existsSync(join(dir, file))) throw notBuilt();
        reply.header('cache-control', 'no-cache').header('vary', 'Accept-Encoding');
        return reply.sendFile(file);
      });
    }
  },
);

function notBuilt(): Problem {
  return new Problem({
    status: 404,
    code: 'pages-not-built',
    title: 'The pages are not built',
    detail: 'The coordinator runs without its pages.',
    hint: 'Run `npm run build` and start it again; the REST interface works without them.',
  });
}
