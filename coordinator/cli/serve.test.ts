import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { packageRoot } from './package-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-serve-'));
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command as users start it. `ready` resolves with stdout's first line, `ended` with everything. */
function muster(...args: string[]) {
  // Straight to the built code: the tests' setup has built it, and pages are not needed here.
  const start = `import(${JSON.stringify(join(packageRoot(), 'dist/node/main.js'))}).then(async (m) => process.exit(await m.main(process.argv.slice(1))))`;
  const child = spawn(process.execPath, ['-e', start, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  cleanUp.push(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (piece) => {
      stdout += piece;
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
    ended.then(() => reject(new Error(`ended before it was ready: ${stderr}`)));
  });
  ready.catch(() => undefined);
  return { child, ready, ended };
}

const dataDir = (name: string) => join(folder, name);

it('prints the ready line alone on stdout, answers, and leaves on SIGTERM', async () => {
  const serve = muster('serve', '--port', '0', '--data-dir', dataDir('a'));
  const line = await serve.ready;
  expect(line).toMatch(/^muster ready http:\/\/127\.0\.0\.1:\d+$/);
  const url = line.replace('muster ready ', '');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(JSON.parse(readFileSync(join(dataDir('a'), 'coordinator.json'), 'utf8'))).toEqual({ pid: serve.child.pid, url });
  serve.child.kill('SIGTERM');
  const { code, stdout } = await serve.ended;
  expect(code).toBe(0);
  expect(stdout).toBe(`${line}\n`);
});

it('is found by `muster sql` through its data directory, with the admin token', async () => {
  const serve = muster('serve', '--port', '0', '--data-dir', dataDir('b'));
  await serve.ready;
  const { code, stderr } = await muster('sql', '--data-dir', dataDir('b'), 'SELECT *\nFORM nothing').ended;
  expect(code).toBe(1);
  expect(stderr).toContain('LINE 2: FORM nothing');
  serve.child.kill('SIGINT');
  expect((await serve.ended).code).toBe(0);
});

it('shows how others join with --lan', async () => {
  const serve = muster('serve', '--port', '0', '--data-dir', dataDir('c'), '--lan', '--advertise', 'grid.test');
  await serve.ready;
  serve.child.kill('SIGTERM');
  const { stderr } = await serve.ended;
  expect(stderr).toMatch(/http:\/\/grid\.test:\d+\/#t=\S+/);
  expect(stderr).toMatch(/[▀▄█]{5}/);
});

it('says which port is in use', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { code, stdout, stderr } = await muster('serve', '--port', String(port), '--data-dir', dataDir('d')).ended;
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain(`muster serve: port ${port} is in use`);
  expect(stderr).toContain('--port');
});

it('refuses a data directory that it cannot write', async () => {
  writeFileSync(join(folder, 'a-file'), '');
  // Below a file even root can't make a folder.
  const { code, stderr } = await muster('serve', '--port', '0', '--data-dir', join(folder, 'a-file', 'data')).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('data directory');
  expect(stderr).toContain('--data-dir');
});

it('refuses a second coordinator on one data directory', async () => {
  const serve = muster('serve', '--port', '0', '--data-dir', dataDir('e'));
  await serve.ready;
  const { code, stderr } = await muster('serve', '--port', '0', '--data-dir', dataDir('e')).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('Another coordinator uses the data directory');
});

it.each([
  [['serve', '--prot', '1'], 'Did you mean --port?'],
  [['serve', '--port', 'x'], 'whole number'],
  [['serve', '--disk-cap', '1MiB'], '--disk-cap must lie between 64 MiB'],
  [['worker', '--store-cap', 'much'], '--store-cap takes a size'],
  [['srve'], 'Did you mean muster serve?'],
  [['sql', 'SELECT', '1'], 'Quote the whole query'],
])('%j exits 2 and says why', async (args, text) => {
  const { code, stdout, stderr } = await muster(...args).ended;
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(text);
});

it.each(['serve', 'worker', 'sql', 'demo', 'bench'])('%s has help', async (command) => {
  const { code, stdout } = await muster(command, '--help').ended;
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: muster ${command}`);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
});
