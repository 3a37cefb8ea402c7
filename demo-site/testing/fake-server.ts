/** Serves built pages under the real content security policy, with canned /v1 answers: to look at pages without a coordinator. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { API, type Canned } from './canned.ts';

export const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface FakeServer {
  readonly url: string;
  close(): Promise<void>;
}

function sendFile(folder: string, path: string, response: ServerResponse): void {
  const wanted = normalize(path).replace(/^(\.\.[/\\])+/, '');
  let file = join(folder, wanted);
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': CSP });
  createReadStream(file).pipe(response);
}

/** `api` answers `METHOD /path` keys; everything else is a file of `folder`. */
export async function startFakeServer(folder: string, api: { readonly [route: string]: Canned } = API): Promise<FakeServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname;
    const canned = api[`${request.method} ${path}`] ?? api[`${request.method} ${path.replace(/job-\w+/, ':id')}`];
    if (canned !== undefined) {
      request.resume();
      canned(request, response);
    } else if (path.startsWith('/v1/')) {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'not-found', title: 'Not in the fake', detail: path, status: 404 }));
    } else sendFile(folder, path, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
