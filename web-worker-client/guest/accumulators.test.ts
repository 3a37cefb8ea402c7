/** Accumulators of batch guests, by the rules of guest/SPEC.md. */
import { expect, test } from 'vitest';
import { COUNTING, type GuestText } from '../../shared/guest/testing/wat.ts';
import { LIMITS } from '../../shared/limits.ts';
import { AccumulatorBook } from './accumulator-book.ts';
import { failing, ONE, openBytes, atBatch as plainly } from './testing/open.ts';

const atBatch = (body: string, rest: Partial<GuestText> = {}): Uint8Array => plainly(body, { imports: COUNTING, ...rest });
const text = (at: number, value: string): string => `(data (i32.const ${at}) "${value}")`;
const add = (at: number, bytes: number, amount: string): string =>
  `(call $add (i32.const ${at}) (i32.const ${bytes}) (f64.const ${amount}))`;

test('B-47: amounts add up by name, over all calls', async () => {
  const accumulators = new AccumulatorBook();
  const body = [add(200, 4, '1'), add(210, 5, '-0.5'), add(200, 4, '2')].join('\n');
  const guest = await openBytes(atBatch(body, { more: text(200, 'rows') + text(210, 'caf\\c3\\a9') }), { accumulators });
  await guest.batch(ONE);
  await guest.batch(ONE);
  guest.close();
  expect(accumulators.sums()).toEqual({ café: -1, rows: 6 });
});

test('B-47: a name that is not UTF-8, or not in the memory, is a failure', async () => {
  const { error } = await failing(atBatch(add(200, 2, '1'), { more: text(200, '\\ff\\fe') }), 'guest-accumulator');
  expect(error.failure).toMatchObject({ reason: 'author', message: 'add: the name is not UTF-8' });
  await failing(atBatch(add(-10, 64, '1')), 'guest-abi');
});

test('B-48: names over the limit, no name, amounts that are not finite', async () => {
  const long = LIMITS.accumulatorNameBytes + 1;
  const named = { more: text(200, 'n'.repeat(long)) };
  await failing(atBatch(add(200, long, '1'), named), 'guest-accumulator');
  await failing(atBatch(add(200, 0, '1'), named), 'guest-accumulator');
  await failing(atBatch(add(200, 3, 'inf'), named), 'guest-accumulator');
  await failing(atBatch(add(200, 3, 'nan'), named), 'guest-accumulator');
  const accumulators = new AccumulatorBook();
  const guest = await openBytes(atBatch(add(200, long - 1, '1'), named), { accumulators });
  await guest.batch(ONE);
  expect(accumulators.sums()).toEqual({ ['n'.repeat(long - 1)]: 1 });
});

test('B-48: more accumulators than a task may have', async () => {
  const count = LIMITS.accumulatorsPerTask;
  const names = Array.from({ length: count + 1 }, (_, i) => String(i).padStart(3, '0'));
  const body = names.map((_, i) => add(200 + 3 * i, 3, '1'));
  const more = text(200, names.join(''));
  const { error } = await failing(atBatch(body.join('\n'), { more }), 'guest-accumulator');
  expect(error.failure.message).toBe(`the task adds to more than ${count} accumulators`);
  const guest = await openBytes(atBatch(body.slice(1).join('\n'), { more }));
  await guest.batch(ONE);
});
