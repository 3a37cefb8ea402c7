/** Modules over REST: what is kept, what is refused and how, whose it is, and what a restart leaves. */
import { beforeAll, describe, expect, test } from 'vitest';
import { admitModule } from '../../shared/guest/admission.ts';
import { guest, wat } from '../../shared/guest/testing/wat.ts';
import { loadHashes } from '../../shared/hash.ts';
import type { Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { App } from '../app.ts';
import { moduleBlockId } from '../modules/module-record.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';

beforeAll(loadHashes);

const WASM = { 'content-type': 'application/wasm' };
/** Modules that differ by a constant. */
const wasm = (n = 0): Buffer => Buffer.from(guest({ body: `(drop (i32.const ${n})) (i32.const 0)` }));

const SOURCE = `export { muster1_abi, muster1_alloc, muster1_free } from 'muster';
export function muster1_nothing(event: i32, schema: usize, array: usize): i32 {
  return 0;
}
`;

interface Body {
  readonly digest: string;
  readonly modules: readonly { readonly digest: string; readonly owner: string }[];
}

async function upload(app: App, payload: Buffer, headers: object = {}, query = ''): Promise<{ status: number; body: Body }> {
  const response = await app.inject({ method: 'POST', url: `/v1/modules${query}`, payload, headers: { ...WASM, ...headers } });
  return { status: response.statusCode, body: response.json() };
}

const compile = async (app: App, source: string) =>
  (
    await app.inject({ method: 'POST', url: '/v1/modules', payload: { source, language: 'assemblyscript', name: 'mine' } })
  ).json();

test('a module is kept with what admission found, once; it survives a restart, and its bytes are a block', async () => {
  const { app, dataDir } = await testApp();
  const made = await upload(app, wasm(), {}, '?name=first');
  expect(made).toMatchObject({ status: 201, body: { abi: 'batch', functions: ['f'], owner: 'local', name: 'first' } });
  expect(await upload(app, wasm())).toMatchObject({ status: 200, body: { digest: made.body.digest } });
  const { digest } = made.body;
  const bytes = await app.grid.blocks.readStream(moduleBlockId(digest as Digest), 0, digest as Digest);
  expect(admitModule(bytes)).toMatchObject({ ok: true, module: { bytes } });
  await app.close();

  const again = (await testApp({ dataDir })).app;
  expect((await again.inject('/v1/modules')).json<Body>()).toEqual({ modules: [made.body] });
  expect((await again.inject(`/v1/modules/${digest}`)).json()).toEqual(made.body);
  expect(await again.grid.blocks.readStream(moduleBlockId(digest as Digest), 0, digest as Digest)).toEqual(bytes);
  expect((await again.inject({ method: 'DELETE', url: `/v1/modules/${digest}` })).statusCode).toBe(204);
  expect((await again.inject(`/v1/modules/${digest}`)).json()).toMatchObject({ status: 404, code: 'module-not-found' });
  expect(again.grid.blocks.has(moduleBlockId(digest as Digest))).toBe(false);
});

test('a stream program is one that exports _start', async () => {
  const { app } = await testApp();
  const program = Buffer.from(wat('(module (memory (export "memory") 1) (func (export "_start")))'));
  expect((await upload(app, program)).body).toMatchObject({ abi: 'stream', functions: [] });
});

describe('refused', () => {
  test('what admission refuses, with its hint', async () => {
    const { app } = await testApp();
    expect((await upload(app, Buffer.from('hello'))).body).toMatchObject({
      status: 400,
      code: 'module-malformed',
      detail: 'The bytes are no WebAssembly module.',
      hint: expect.stringContaining('.wasm'),
    });
  });

  test('another content type, and JSON of another form', async () => {
    const { app } = await testApp();
    const other = await app.inject({ method: 'POST', url: '/v1/modules', payload: 'x', headers: { 'content-type': 'text/css' } });
    expect(other.json()).toMatchObject({ status: 415, hint: expect.stringContaining('application/wasm') });
    const form = await app.inject({ method: 'POST', url: '/v1/modules', payload: { source: 'x', language: 'cobol' } });
    const detail = 'body.language must be "assemblyscript"; it is "cobol"';
    expect(form.json()).toMatchObject({ status: 400, code: 'invalid-request', detail });
    const none = await app.inject({ method: 'POST', url: '/v1/modules', payload: { source: 'x' } });
    expect(none.json()).toMatchObject({ detail: 'body must have "language": "assemblyscript"' });
  });

  test('guestModuleBytes: a module over the limit', async () => {
    const { app } = await testApp();
    expect((await upload(app, Buffer.alloc(LIMITS.guestModuleBytes + 1))).body).toMatchObject({ status: 413 });
  });

  test('modulesPerOwner, moduleBytesPerOwner: one more than an author may keep; others are not affected', async () => {
    const { app, adminToken } = await testApp({ limits: { modulesPerOwner: 2, moduleBytesPerOwner: 2 * wasm().length + 100 } });
    for (const n of [1, 2]) expect((await upload(app, wasm(n))).status).toBe(201);
    expect((await upload(app, wasm(2))).status).toBe(200);
    expect((await upload(app, wasm(3))).body).toMatchObject({ status: 409, code: 'modules-full' });
    const large = Buffer.from(guest({ body: `${'(drop (i32.const 7))'.repeat(500)} (i32.const 0)` }));
    const admin = { authorization: `Bearer ${adminToken}` };
    expect((await upload(app, large, admin)).body).toMatchObject({ status: 409, code: 'module-bytes-full' });
    expect((await upload(app, wasm(3), admin)).status).toBe(201);
  });
});

describe('AssemblyScript', () => {
  test('is compiled and kept', async () => {
    const { app } = await testApp();
    expect(await compile(app, SOURCE)).toMatchObject({
      abi: 'batch',
      functions: ['nothing'],
      name: 'mine',
      language: 'assemblyscript',
    });
  });

  test('an error has line and column, and what the compiler said', async () => {
    const { app } = await testApp();
    expect(await compile(app, SOURCE.replace('return 0', 'return nil'))).toMatchObject({
      status: 400,
      code: 'source-invalid',
      detail: expect.stringContaining("'nil'"),
      line: 3,
      column: 10,
      hint: expect.any(String),
      diagnostics: [{ severity: 'error', line: 3 }],
    });
  });

  test('a source over the limit', async () => {
    const { app } = await testApp();
    expect(await compile(app, `//${' '.repeat(LIMITS.compileSourceBytes)}`)).toMatchObject({
      status: 413,
      code: 'source-too-large',
    });
  });
});

test('modules are their owner’s and the admin’s; what the admin keeps all authors may use', async () => {
  const { app, adminToken } = await testApp();
  const token = (name: string) => app.grid.tokens.issue('author', name).then((t) => ({ authorization: `Bearer ${t}` }));
  const [ada, ben, admin] = [await token('ada'), await token('ben'), { authorization: `Bearer ${adminToken}` }];
  const { digest } = (await upload(app, wasm(1), ada)).body;
  const status = async (headers: object, method: 'GET' | 'DELETE' = 'GET') =>
    (await app.inject({ method, url: `/v1/modules/${digest}`, headers: { ...headers } })).statusCode;
  expect([await status(ada), await status(admin), await status(ben), await status(ben, 'DELETE')]).toEqual([200, 200, 404, 404]);
  // The same bytes may be anybody's; each deletes only their own.
  await upload(app, wasm(1), ben);
  expect(await status(ben, 'DELETE')).toBe(204);
  expect([await status(ben), await status(ada)]).toEqual([404, 200]);
  await upload(app, wasm(1), admin);
  expect([await status(ben), await status(ben, 'DELETE')]).toEqual([200, 403]);
  const list = async (headers: object) =>
    (await app.inject({ url: '/v1/modules', headers: { ...headers } })).json<Body>().modules;
  expect((await list(ada)).map(({ owner }) => owner)).toEqual(['admin', 'ada']);
  expect((await list(ben)).map(({ owner }) => owner)).toEqual(['admin']);
});

test('a module that a job holds keeps its bytes until the job ends', async () => {
  const { app } = await testApp();
  const { digest } = (await upload(app, wasm())).body;
  const { modules, blocks } = app.grid;
  const held = modules.hold([digest]);
  await modules.remove(digest, 'local');
  expect(blocks.has(moduleBlockId(digest as Digest))).toBe(true);
  if (!held.ok) throw new Error('not held');
  await held.release();
  expect(blocks.has(moduleBlockId(digest as Digest))).toBe(false);
  expect(modules.hold([digest])).toEqual({ ok: false, digest });
});
