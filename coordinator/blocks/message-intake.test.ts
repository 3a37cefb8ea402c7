/** Binary messages are taken off the socket whole, however they are cut; all else reaches ws as it came. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Held } from './held.ts';
import { MessageIntake } from './message-intake.ts';
import { arenaUsedBytes } from './message-memory.ts';

interface FrameSpec {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Uint8Array;
  readonly masked?: boolean;
  readonly reserved?: boolean;
}

function frame({ opcode, fin, payload, masked = true, reserved = false }: FrameSpec): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length > 65_535 ? 10 : length > 125 ? 4 : 2);
  head[0] = opcode | (fin ? 0x80 : 0) | (reserved ? 0x40 : 0);
  head[1] = (length > 65_535 ? 127 : length > 125 ? 126 : length) | (masked ? 0x80 : 0);
  if (length > 65_535) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length > 125) head.writeUInt16BE(length, 2);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = Buffer.from([7, 130, 0, 255]);
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => Math.imul(i, 2654435761) >>> 13);

function intakeOf(most: number | undefined = 1_000_000) {
  const held: Held[] = [];
  const passed: Buffer[] = [];
  const broken: string[] = [];
  const intake = new MessageIntake(
    { mostBytes: () => most, message: (message) => held.push(message), broken: (reason) => broken.push(reason) },
    (chunk) => passed.push(Buffer.from(chunk)),
  );
  /** What came is copied out and given back. */
  const messages = (): Uint8Array[] =>
    held.splice(0).map((message) => {
      const copy = message.bytes.slice();
      message.release();
      return copy;
    });
  return { intake, messages, passed: () => Buffer.concat(passed), broken };
}

test('messages in any fragments, with control and text frames between them, in chunks of any size', () => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 60_000, max: 140_000 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 90_000 }), (messages, chunkBytes) => {
      const before = arenaUsedBytes();
      const ping = frame({ opcode: 9, fin: true, payload: bytes(5) });
      const text = frame({ opcode: 1, fin: true, payload: bytes(300) });
      const sent: Buffer[] = [];
      for (const fragments of messages) {
        sent.push(text);
        fragments.forEach((length, i) => {
          sent.push(frame({ opcode: i === 0 ? 2 : 0, fin: i === fragments.length - 1, payload: bytes(length) }), ping);
        });
      }
      const all = Buffer.concat(sent);
      const { intake, messages: taken, passed, broken } = intakeOf();
      for (let at = 0; at < all.length; at += chunkBytes) intake.push(all.subarray(at, at + chunkBytes));
      const came = taken().map((message) => Buffer.from(message));
      const expected = messages.map((fragments) => Buffer.concat(fragments.map(bytes)));
      expect(came.length).toBe(expected.length);
      expect(came.every((message, i) => message.equals(expected[i] ?? message.subarray(1)))).toBe(true);
      expect(broken).toEqual([]);
      expect(passed().equals(Buffer.concat(messages.flatMap((fragments) => [text, ...fragments.map(() => ping)])))).toBe(true);
      expect(arenaUsedBytes()).toBe(before);
    }),
    { numRuns: 40 },
  );
});

test('what is not wanted, and a text in fragments, reach ws as they came', () => {
  const text = [
    frame({ opcode: 1, fin: false, payload: bytes(10) }),
    frame({ opcode: 0, fin: false, payload: bytes(200) }),
    frame({ opcode: 0, fin: true, payload: bytes(0) }),
  ];
  const binary = frame({ opcode: 2, fin: true, payload: bytes(400) });
  const wanting = intakeOf();
  for (const part of [...text, binary]) wanting.intake.push(part);
  expect(wanting.passed()).toEqual(Buffer.concat(text));
  expect(wanting.messages()).toEqual([bytes(400)]);
  const others = intakeOf(399);
  others.intake.push(Buffer.concat([binary, ...text]));
  expect(others.passed()).toEqual(Buffer.concat([binary, ...text]));
});

test.each([
  ['unmasked', { masked: false }],
  ['with a reserved bit', { reserved: true }],
])('a frame %s is for ws to refuse', (_, bad) => {
  const { intake, passed, messages } = intakeOf();
  const one = frame({ opcode: 2, fin: true, payload: bytes(300), ...bad });
  intake.push(one);
  expect(passed()).toEqual(one);
  expect(messages()).toEqual([]);
});

test.each([
  ['another message', { opcode: 2, fin: true, payload: bytes(10) }],
  ['a text', { opcode: 1, fin: true, payload: bytes(10) }],
  ['more than the limit', { opcode: 0, fin: true, payload: bytes(600) }],
  ['an unmasked fragment', { opcode: 0, fin: true, payload: bytes(10), masked: false }],
])('%s within a message ends the connection, and its memory comes back', (_, next) => {
  const before = arenaUsedBytes();
  const { intake, broken, messages } = intakeOf(1000);
  intake.push(frame({ opcode: 2, fin: false, payload: bytes(500) }));
  expect(arenaUsedBytes()).toBeGreaterThan(before);
  intake.push(frame(next));
  intake.push(frame({ opcode: 2, fin: true, payload: bytes(500) }));
  expect(broken).toHaveLength(1);
  expect(messages()).toEqual([]);
  expect(arenaUsedBytes()).toBe(before);
});

test('a socket that closes within a message gives its memory back', () => {
  const before = arenaUsedBytes();
  const { intake } = intakeOf();
  intake.push(frame({ opcode: 2, fin: true, payload: bytes(100_000) }).subarray(0, 70_000));
  expect(arenaUsedBytes()).toBeGreaterThan(before);
  intake.close();
  expect(arenaUsedBytes()).toBe(before);
});

test('beyond the arena messages are left to ws, as they came', () => {
  const before = arenaUsedBytes();
  const kept: Held[] = [];
  const passed: Buffer[] = [];
  const sink = { mostBytes: () => 1 << 20, message: (message: Held) => kept.push(message), broken: () => undefined };
  const intake = new MessageIntake(sink, (part) => passed.push(part));
  const one = frame({ opcode: 2, fin: true, payload: bytes(1 << 20) });
  for (let i = 0; i < 40; i++) intake.push(one);
  expect(kept.length).toBeGreaterThan(8);
  expect(Buffer.from(kept.at(-1)?.bytes ?? []).equals(bytes(1 << 20))).toBe(true);
  const left = Buffer.concat(passed);
  expect(left.equals(Buffer.concat(Array.from({ length: 40 - kept.length }, () => one)))).toBe(true);
  const taken = kept.length;
  for (const message of kept) message.release();
  expect(arenaUsedBytes()).toBe(before);
  intake.push(one);
  expect(kept.length).toBe(taken + 1);
  kept.at(-1)?.release();
});
