/**
 * Modules that may not run: refused when they are uploaded, with what to do about it; and refused again by a real tab, where a
 * coordinator had let them pass.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guest, guestText, wat } from '../shared/guest/testing/wat.ts';
import { digestOf } from '../shared/hash.ts';
import { LIMITS } from '../shared/limits.ts';
import { GuestLab } from './guest-lab.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const DONE = '(i32.const 0)';
const RELAXED = '(drop (f32x4.relaxed_madd (v128.const i64x2 0 0) (v128.const i64x2 0 0) (v128.const i64x2 0 0)))';
const oversized = (): Bytes => {
  const bytes = new Uint8Array(LIMITS.guestModuleBytes + 1);
  bytes.set(guest({ body: DONE }));
  return bytes;
};

/** Name, bytes, the upload's code, and words of both refusals. */
const MODULES: readonly (readonly [string, Bytes, string, RegExp])[] = [
  [
    'a forbidden import',
    guest({ imports: '(import "env" "fetch" (func $fetch))', body: `(call $fetch) ${DONE}` }),
    'module-import',
    /fetch/,
  ],
  [
    'shared memory',
    wat(
      guestText({ body: DONE, memory: '4 8' }).replace('(memory (export "memory") 4 8)', '(memory (export "memory") 4 8 shared)'),
    ),
    'module-feature',
    /shared memory/,
  ],
  ['relaxed SIMD', guest({ body: `${RELAXED} ${DONE}` }), 'module-feature', /relaxed SIMD/],
  ['malformed bytes', guest({ body: DONE }).slice(0, -20), 'module-malformed', /./],
  ['an oversized module', oversized(), 'body-too-large', /32 MiB/],
];

let lab: GuestLab;

beforeAll(async () => {
  lab = await GuestLab.start({ forged: MODULES.map(([, bytes]) => bytes) });
}, 60_000);

afterAll(() => lab.close());

for (const [name, bytes, code, words] of MODULES) {
  test(name, async () => {
    const refused = await lab.upload(bytes);
    expect(refused).toMatchObject({ code, hint: expect.any(String) });
    expect(JSON.stringify(refused)).toMatch(words);
    const module = digestOf(bytes);
    const answer = await lab.survives((options) => lab.guest({ kind: 'batch', module, function: 'f' }, { options }));
    expect(answer).toMatchObject({ code: 'guest-module', detail: expect.stringMatching(words) });
  });
}
