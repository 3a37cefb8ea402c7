/** Design section 9 as a table: route x role x token x foreign Origin x foreign Host, for REST and both sockets. */
import { expect, test } from 'vitest';
import { PROTOCOL } from '../../shared/protocol/version.ts';
import { type TestApp, testApp } from '../sessions/testing/app-fixture.ts';
import { HELLO, TestSocket } from '../sessions/testing/fake-worker.ts';

type Who = 'anonymous' | 'wrong' | 'volunteer' | 'author' | 'admin';

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly least: 'open' | 'volunteer' | 'author' | 'admin';
  readonly payload?: object;
  /** Status when access is granted. */
  readonly ok: number;
}

const ROUTES: readonly Route[] = [
  { method: 'GET', url: '/healthz', least: 'open', ok: 200 },
  { method: 'GET', url: '/', least: 'open', ok: 404 },
  { method: 'GET', url: '/dashboard', least: 'open', ok: 404 },
  { method: 'GET', url: '/lessons', least: 'open', ok: 404 },
  { method: 'GET', url: '/openapi.json', least: 'volunteer', ok: 200 },
  { method: 'GET', url: '/metrics', least: 'author', ok: 200 },
  { method: 'GET', url: '/v1/datasets', least: 'author', ok: 200 },
  { method: 'GET', url: '/v1/datasets/none', least: 'author', ok: 404 },
  { method: 'DELETE', url: '/v1/datasets/none', least: 'author', ok: 404 },
  // The path does not exist: 400 from the catalogue says that access was granted.
  { method: 'POST', url: '/v1/datasets', least: 'admin', payload: { name: 'x', path: '/no/such/file.csv' }, ok: 400 },
  { method: 'GET', url: '/v1/modules', least: 'author', ok: 200 },
  { method: 'GET', url: '/v1/modules/none', least: 'author', ok: 404 },
  { method: 'DELETE', url: '/v1/modules/none', least: 'author', ok: 404 },
  // No source: 400 says that access was granted.
  { method: 'POST', url: '/v1/modules', least: 'author', payload: { language: 'assemblyscript' }, ok: 400 },
  { method: 'GET', url: '/v1/jobs', least: 'author', ok: 200 },
  { method: 'POST', url: '/v1/jobs', least: 'author', payload: { sql: 'chain 1' }, ok: 202 },
  { method: 'GET', url: '/v1/jobs/none', least: 'author', ok: 404 },
  { method: 'GET', url: '/v1/jobs/none/plan', least: 'author', ok: 404 },
  { method: 'GET', url: '/v1/jobs/none/result', least: 'author', ok: 404 },
  { method: 'DELETE', url: '/v1/jobs/none', least: 'author', ok: 404 },
  { method: 'POST', url: '/v1/jobs/none/dataset', least: 'author', payload: { name: 'x' }, ok: 404 },
  { method: 'GET', url: '/v1/cache', least: 'author', ok: 200 },
  { method: 'POST', url: '/v1/cache/find', least: 'author', payload: {}, ok: 400 },
  { method: 'DELETE', url: '/v1/cache/none', least: 'author', ok: 404 },
  { method: 'GET', url: '/v1/workers', least: 'author', ok: 200 },
  { method: 'POST', url: '/v1/workers/none/drain', least: 'admin', ok: 404 },
  { method: 'POST', url: '/v1/workers/none/close', least: 'admin', ok: 404 },
];

const RANK = { open: -1, volunteer: 0, author: 1, admin: 2 };

/** What must come out, from the rules alone. */
function expected(route: Route, who: Who, host: 'loopback' | 'advertised'): number {
  if (route.least === 'open') return route.ok;
  if (who === 'wrong') return 401;
  if (who === 'anonymous' && host === 'advertised') return 401;
  const role = who === 'anonymous' ? 'author' : who;
  return RANK[role] >= RANK[route.least] ? route.ok : 403;
}

async function tokensOf({ app, adminToken }: TestApp): Promise<{ readonly [W in Who]: string | undefined }> {
  const { tokens } = app.grid;
  const [author, volunteer] = [await tokens.joinToken('author'), await tokens.joinToken('volunteer')];
  return { anonymous: undefined, wrong: 'muster-admin-guessed', volunteer, author, admin: adminToken };
}

const WHO: readonly Who[] = ['anonymous', 'wrong', 'volunteer', 'author', 'admin'];
const HOSTS = { loopback: 'localhost:7077', advertised: 'muster.school.example:7077' } as const;

test('route x role x token x Host', async () => {
  const fixture = await testApp({ advertise: ['muster.school.example'] });
  const tokens = await tokensOf(fixture);
  const wrong: string[] = [];
  for (const route of ROUTES) {
    for (const who of WHO) {
      for (const host of ['loopback', 'advertised'] as const) {
        const token = tokens[who];
        const { method, url, payload } = route;
        const response = await fixture.app.inject({
          method,
          url,
          ...(payload && { payload }),
          headers: { host: HOSTS[host], ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        });
        const status = expected(route, who, host);
        if (response.statusCode !== status) wrong.push(`${method} ${url} ${who} ${host}: ${response.statusCode}, not ${status}`);
        if (status >= 400) expect(response.headers['content-type'], url).toContain('application/problem+json');
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('a foreign Origin or Host is refused on every route, whatever the token', async () => {
  const fixture = await testApp({ advertise: ['muster.school.example'] });
  const { admin } = await tokensOf(fixture);
  for (const { method, url, payload } of ROUTES) {
    for (const headers of [
      { host: 'localhost:7077', origin: 'https://evil.example' },
      { host: 'localhost:7077', origin: 'null' },
      // The same name on another port is another origin.
      { host: 'localhost:7077', origin: 'http://localhost:5173' },
      { host: 'evil.example' },
      { host: 'localhost.evil.example:7077' },
      { host: 'localhost@evil.example' },
    ]) {
      const authorization = `Bearer ${admin}`;
      const response = await fixture.app.inject({
        method,
        url,
        ...(payload && { payload }),
        headers: { ...headers, authorization },
      });
      expect(response.statusCode, `${method} ${url} ${JSON.stringify(headers)}`).toBe(403);
    }
  }
});

test('our own Origin, and one that --allow-origin names, may ask', async () => {
  const { app } = await testApp({ allowOrigins: ['https://lab.example'] });
  const own = await app.inject({ url: '/v1/jobs', headers: { host: 'localhost:7077', origin: 'http://localhost:7077' } });
  expect(own.statusCode).toBe(200);
  const shared = await app.inject({ url: '/v1/jobs', headers: { host: 'localhost:7077', origin: 'https://lab.example' } });
  expect(shared.headers['access-control-allow-origin']).toBe('https://lab.example');
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/v1/jobs',
    headers: { host: 'localhost:7077', origin: 'https://lab.example', 'access-control-request-method': 'POST' },
  });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
});

test('an image or script tag of another site, which sends no Origin, gets nothing', async () => {
  const { app } = await testApp();
  const headers = { host: 'localhost:7077', 'sec-fetch-site': 'cross-site' };
  expect((await app.inject({ url: '/v1/jobs', headers })).json()).toMatchObject({ status: 403, code: 'origin-not-allowed' });
  // Following a link to the page itself is fine.
  expect((await app.inject({ url: '/healthz', headers })).statusCode).toBe(200);
});

test('a peer of the network that writes a loopback Host is not taken for this machine', async () => {
  const { app } = await testApp({ lan: true });
  const response = await app.inject({ url: '/v1/jobs', headers: { host: 'localhost:7077' }, remoteAddress: '192.168.1.20' });
  expect(response.json()).toMatchObject({ status: 401, code: 'token-missing' });
});

test('jobs are seen by their owner and the admin; what the admin owns, all authors may read', async () => {
  const { app, adminToken } = await testApp();
  const ada = await app.grid.tokens.issue('author', 'ada');
  const ben = await app.grid.tokens.issue('author', 'ben');
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const submit = async (token: string): Promise<string> => {
    const response = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 1' }, headers: as(token) });
    return response.json<{ jobId: string }>().jobId;
  };
  const [adas, admins] = [await submit(ada), await submit(adminToken)];
  const status = async (token: string, url: string, method: 'GET' | 'DELETE' = 'GET') =>
    (await app.inject({ method, url, headers: as(token) })).statusCode;
  expect(await status(ada, `/v1/jobs/${adas}`)).toBe(200);
  expect(await status(adminToken, `/v1/jobs/${adas}`)).toBe(200);
  for (const path of ['', '/plan', '/result']) expect(await status(ben, `/v1/jobs/${adas}${path}`)).toBe(404);
  expect(await status(ben, `/v1/jobs/${adas}`, 'DELETE')).toBe(404);
  expect(await status(ben, `/v1/jobs/${admins}`)).toBe(200);
  expect(await status(ben, `/v1/jobs/${admins}`, 'DELETE')).toBe(403);
  const list = await app.inject({ url: '/v1/jobs', headers: as(ben) });
  expect(list.json<{ jobs: { jobId: string }[] }>().jobs.map((job) => job.jobId)).toEqual([admins]);
});

interface SocketCase {
  readonly name: string;
  readonly headers?: { readonly [name: string]: string };
  readonly token?: 'wrong' | 'volunteer' | 'author' | 'admin';
  /** A close code, `in`, or an HTTP status of the refused upgrade. */
  readonly session: number | 'in' | 'http 403';
  readonly data: number | 'http 403';
}

const ADVERTISED = { host: 'muster.school.example' };
const SOCKETS: readonly SocketCase[] = [
  { name: 'loopback without token', session: 'in', data: 4401 },
  { name: 'loopback, wrong token', token: 'wrong', session: 4401, data: 4401 },
  { name: 'loopback, volunteer', token: 'volunteer', session: 'in', data: 4401 },
  { name: 'advertised Host without token', headers: ADVERTISED, session: 4401, data: 4401 },
  { name: 'advertised Host, wrong token', headers: ADVERTISED, token: 'wrong', session: 4401, data: 4401 },
  { name: 'advertised Host, volunteer', headers: ADVERTISED, token: 'volunteer', session: 'in', data: 4401 },
  { name: 'advertised Host, author', headers: ADVERTISED, token: 'author', session: 'in', data: 4401 },
  { name: 'advertised Host, admin', headers: ADVERTISED, token: 'admin', session: 'in', data: 4401 },
  { name: 'foreign Origin', headers: { origin: 'https://evil.example' }, token: 'admin', session: 4403, data: 4403 },
  { name: 'foreign Host', headers: { host: 'evil.example' }, token: 'admin', session: 'http 403', data: 'http 403' },
];

test.each(SOCKETS)('sockets: $name', async ({ headers, token, session, data }) => {
  const fixture = await testApp({ advertise: ['muster.school.example'] });
  const tokens = await tokensOf(fixture);
  const base = fixture.url.replace('http', 'ws');
  const hello = { ...HELLO, ...(token && { token: tokens[token] }) };
  expect(await outcome(`${base}/v1/session`, hello, headers)).toBe(session);
  // No session stands behind it: the data socket lets nobody in by Host or token alone.
  const dataHello = { type: 'hello', protocol: PROTOCOL, role: 'data', sessionId: 'ses-none', dataKey: 'guess' };
  expect(await outcome(`${base}/v1/data`, dataHello, headers)).toBe(data);
});

async function outcome(url: string, hello: object, headers: SocketCase['headers']): Promise<number | string> {
  const socket = new TestSocket(url, { ...(headers && { headers }) });
  try {
    await socket.open();
  } catch (error) {
    return (error as Error).message.replace('Unexpected server response: ', 'http ');
  }
  socket.say(hello);
  const first = await Promise.race([socket.next().then(() => 'in'), socket.closed.then(({ code }) => code)]).catch(
    async () => (await socket.closed).code,
  );
  socket.socket.terminate();
  return first;
}
