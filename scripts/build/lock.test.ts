import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withBuildLock } from './lock.mjs';

let root: string;
let lock: string;
let said: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-lock-'));
  lock = join(root, 'dist', '.build-lock');
  said = [];
  mkdirSync(join(root, 'dist'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const build = (work: () => Promise<unknown> = async () => 'built') =>
  withBuildLock(root, (line: string) => said.push(line), work);

/** Sets the lock's last touch back, as time would. */
function age(ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(lock, then, then);
}

it('is taken from a process that is gone, at once', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(lock, `${child.pid} token`);
  expect(await build()).toBe('built');
  expect(said).toEqual([]);
});

it.each([
  ['nobody has signed it', ''],
  ['its process id belongs to somebody else by now', `${process.pid} token`],
  ['it holds noise', '\u0000\u0000'],
])('is taken when it was not touched for long: %s', async (_why, content) => {
  writeFileSync(lock, content);
  age(61_000);
  expect(await build()).toBe('built');
});

describe('as time passes', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  });
  afterEach(() => vi.useRealTimers());

  it('it is left alone while its holder touches it, and passes on when the build ends', async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const order: string[] = [];
    const first = build(async () => {
      await finished;
      order.push('first');
    });
    const second = build(async () => order.push('second'));
    // Four times as long as an untouched lock would stand.
    await vi.advanceTimersByTimeAsync(240_000);
    expect(order).toEqual([]);
    finish();
    await first;
    await vi.advanceTimersByTimeAsync(1_000);
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(said).toEqual(['another build is running; waiting for it']);
    expect(readdirSync(join(root, 'dist'))).toEqual([]);
  });

  it('held for too long by a living build, it is an error that names the process and the file, and the lock stays', async () => {
    let finish = (): void => undefined;
    const first = build(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    const words = new RegExp(`process ${process.pid}.*300 s.*End that process, or delete .*build-lock`);
    const second = expect(build()).rejects.toThrow(words);
    await vi.advanceTimersByTimeAsync(301_000);
    await second;
    expect(existsSync(lock)).toBe(true);
    finish();
    await first;
    expect(existsSync(lock)).toBe(false);
  });
});

it('of several that find it stale, one builds at a time', async () => {
  writeFileSync(lock, '');
  age(61_000);
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all(Array.from({ length: 8 }, () => build(work)));
  expect(most).toBe(1);
  expect(existsSync(lock)).toBe(false);
});

it('goes when the build fails', async () => {
  await expect(build(() => Promise.reject(new Error('does not compile')))).rejects.toThrow('does not compile');
  expect(existsSync(lock)).toBe(false);
});
