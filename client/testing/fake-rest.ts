/** A coordinator's REST surface by hand, over node:http on a free port: routes are functions, requests are kept. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Route = (request: SeenRequest, response: ServerResponse) => void;

export interface FakeRest {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(body));
}

/** Routes are keyed `METHOD /path`, without the query. */
export async function startFakeRest(routes: { readonly [methodAndPath: string]: Route }): Promise<FakeRest> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const entry = { method, url, headers: request.headers, body: Buffer.concat(pieces).toString('utf8') };
      seen.push(entry);
      const route = routes[`${method} ${url.split('?')[0]}`];
      if (route === undefined) sendJson(response, 404, { code: 'not-found', title: 'No such thing', detail: url, status: 404 });
      else route(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
