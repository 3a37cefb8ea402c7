import { expect, test } from 'vitest';
import { TestClock } from '../sessions/testing/clock.ts';
import { keptAlive } from './keep-alive.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What comes is said by the test. */
function scene() {
  const clock = new TestClock();
  const coming: (() => Promise<Uint8Array | undefined>)[] = [];
  let wake: () => void = () => undefined;
  let isReturned = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        while (coming.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const value = await coming.shift()?.();
        if (!value) return;
        yield value;
      }
    } finally {
      isReturned = true;
    }
  }
  const say = (come: () => Promise<Uint8Array | undefined>): void => {
    coming.push(come);
    wake();
  };
  const stream = keptAlive(body(), clock, 100);
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await stream.next();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { clock, say, stream, next, isReturned: () => isReturned };
}

test('while nothing comes it gives a byte at a time of what it held back, and in the end all is there', async () => {
  const { clock, say, next } = scene();
  say(async () => bytes('hello'));
  let text = (await next()) ?? '';
  expect(text).toBe('h');
  for (const byte of ['e', 'l']) {
    const silent = next();
    await Promise.resolve();
    clock.advance(100);
    expect(await silent).toBe(byte);
    text += byte;
  }
  say(async () => bytes(' world'));
  say(async () => undefined);
  for (let piece = await next(); piece !== undefined; piece = await next()) text += piece;
  expect(text).toBe('hello world');
});

test('large pieces pass, but for a small rest', async () => {
  const { say, stream } = scene();
  say(async () => new Uint8Array(1_000_000));
  expect(((await stream.next()).value ?? []).length).toBeGreaterThan(990_000);
});

test('what fails fails, and what is left early is ended', async () => {
  const broken = scene();
  broken.say(async () => bytes('ab'));
  expect(await broken.next()).toBe('a');
  broken.say(() => Promise.reject(new Error('lost')));
  await expect(broken.next()).rejects.toThrow('lost');
  const left = scene();
  left.say(async () => bytes('ab'));
  await left.next();
  await left.stream.return();
  expect(left.isReturned()).toBe(true);
});
