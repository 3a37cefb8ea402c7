import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Admission, type AdmissionPolicy, type AdmittedModule, admitModule, DEFAULT_POLICY } from './admission.ts';
import type { AdmissionProblem } from './admission-problem.ts';
import { leb } from './binary-reader.ts';
import { WASI_FUNCTIONS } from './imports.ts';
import { type GuestText, guest, guestText, IMPORTS, wat } from './testing/wat.ts';

const BODY = '(i32.const 0)';

function admitted(bytes: Uint8Array, policy?: AdmissionPolicy): AdmittedModule {
  const admission = admitModule(bytes, policy);
  if (!admission.ok) throw new Error(admission.problem.message);
  return admission.module;
}

function problemOf(admission: Admission): AdmissionProblem {
  if (admission.ok) throw new Error('the module was admitted');
  return admission.problem;
}

const refusal = (text: Partial<GuestText>): AdmissionProblem => problemOf(admitModule(guest({ body: BODY, ...text })));
const refusalOf = (text: string): AdmissionProblem => problemOf(admitModule(wat(text)));

const START = '(memory (export "memory") 1) (func (export "_start"))';

test('B-60: a batch guest is admitted with its functions, a WASI program as a stream guest', () => {
  const module = admitted(
    guest({ body: BODY, more: '(func (export "muster1_b") (param i32 i32 i32) (result i32) (i32.const 0))' }),
  );
  expect(module).toMatchObject({ abi: 'batch', functions: ['b', 'f'], features: [], memoryBytesMax: 512 * 1048576 });
  expect(WebAssembly.validate(module.bytes)).toBe(true);
  const program = admitted(
    wat(`(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) ${START})`),
  );
  expect(program).toMatchObject({ abi: 'stream', functions: [], imports: ['wasi_snapshot_preview1.fd_write'] });
});

test('B-61: bytes that are no module, or more than the limit', () => {
  expect(problemOf(admitModule(new Uint8Array(0)))).toMatchObject({ code: 'malformed' });
  expect(problemOf(admitModule(new TextEncoder().encode('(module (func))')))).toMatchObject({ code: 'malformed' });
  const module = guest({ body: BODY });
  expect(problemOf(admitModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0))).code).toBe('component');
  expect(problemOf(admitModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0)))).toMatchObject({ offset: 4 });
  expect(problemOf(admitModule(module, { ...DEFAULT_POLICY, moduleBytesMax: module.length - 1 })).code).toBe('too-large');
  expect(admitModule(module, { ...DEFAULT_POLICY, moduleBytesMax: module.length }).ok).toBe(true);
  expect(problemOf(admitModule(new Uint8Array(DEFAULT_POLICY.moduleBytesMax + 1)))).toMatchObject({
    code: 'too-large',
    message: 'the module has 32 MiB, 32 MiB are the most',
  });
});

test('B-62: only listed imports, with their types', () => {
  const env = problemOf(admitModule(wat(`(module (import "env" "abort" (func (param i32 i32 i32 i32))) ${START})`)));
  expect(env).toMatchObject({ code: 'import', message: 'the module imports the function env.abort, which no guest gets' });
  expect(env.hint).toContain('--use abort');
  expect(refusalOf(`(module (import "env" "memory" (memory 1)) (func (export "_start")))`).message).toContain(
    'the memory env.memory',
  );
  expect(refusalOf(`(module (import "wasi_snapshot_preview1" "constructor" (func)) ${START})`).code).toBe('import');
  expect(refusalOf(`(module (import "muster1" "toString" (func)) ${START})`).code).toBe('import');
  const wrong = IMPORTS.replace('(param i32 i32 i32)', '(param i32 i64 i32)');
  expect(refusal({ imports: wrong })).toMatchObject({
    code: 'import',
    message: 'the module imports muster1.emit as (i32, i64, i32) -> (), it is (i32, i32, i32) -> ()',
  });
  expect(refusalOf(`(module (import "muster1" "log" (func (param i32 i32 i32))) ${START})`).message).toContain('stream ABI');
  expect(WASI_FUNCTIONS).toHaveLength(46);
});

test('B-63: the exports of an ABI, with their types', () => {
  expect(refusalOf('(module (memory (export "memory") 1))').code).toBe('no-abi');
  const renamed = guestText({ body: BODY }).replace('"muster1_abi"', '"muster1_abj"');
  expect(refusalOf(renamed)).toMatchObject({ code: 'no-abi', message: expect.stringContaining('but not muster1_abi') });
  expect(refusalOf(guestText({ body: BODY }).replace('"muster1_f"', '"f"')).message).toBe('the module has no user function');
  expect(refusalOf(guestText({ body: BODY }).replace('"muster1_f"', '"muster1_f-g"')).message).toContain('is no name');
  expect(refusalOf(guestText({ body: BODY }).replace('"muster1_alloc"', '"alloc"')).message).toContain('does not export it');
  const wide = guestText({ body: BODY }).replace('(param $array i32)', '(param $array i64)');
  expect(refusalOf(wide).message).toBe(
    'muster1_f must be an exported function (i32, i32, i32) -> i32; the module has (i32, i32, i64) -> i32',
  );
});

test('B-64: one memory, defined and exported; its maximum is the policy’s', () => {
  expect(refusalOf('(module (func (export "_start")))').message).toBe('the module defines no memory');
  expect(refusalOf('(module (memory 1) (func (export "_start")))').message).toContain('does not export its memory');
  expect(refusal({ memory: '9000' })).toMatchObject({ code: 'memory', message: expect.stringContaining('512 MiB are the most') });
  for (const [memory, pages] of [
    ['1', 8192],
    ['1 10', 10],
    ['1 65536', 8192],
  ] as const) {
    const module = admitted(guest({ body: BODY, memory }));
    expect(module.memoryBytesMax).toBe(pages * 65536);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), {
      muster1: { emit() {}, log() {}, fail() {}, progress() {} },
    });
    const { grow } = { grow: (by: number) => (instance.exports.memory as WebAssembly.Memory).grow(by) };
    expect(() => grow(pages)).toThrow(RangeError);
    if (pages === 10) expect(grow(9)).toBe(1);
  }
});

test('B-65: tables are bounded, too', () => {
  expect(refusal({ more: '(table 2000000 funcref)' }).code).toBe('table');
  expect(refusal({ more: '(table 1 funcref)'.repeat(9) }).message).toBe('the module has 9 tables, 8 are the most');
  const module = admitted(guest({ body: BODY, more: '(table (export "t") 1 funcref)' }));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), {
    muster1: { emit() {}, log() {}, fail() {}, progress() {} },
  });
  expect(() => (instance.exports.t as WebAssembly.Table).grow(1_048_576)).toThrow(RangeError);
});

test.each([
  ['threads', { memory: '1 2 shared' }, 'threads'],
  ['threads', { body: '(drop (i32.atomic.load (i32.const 0))) (i32.const 0)' }, 'atomic'],
  ['relaxed SIMD', { body: '(drop (f32x4.relaxed_min (v128.const i64x2 0 0) (v128.const i64x2 0 0))) (i32.const 0)' }, 'relaxed'],
  ['memory64', { memory: 'i64 1' }, '64-bit memory'],
  ['multi-memory', { more: '(memory $second 1)' }, 'more than one memory'],
  ['GC types', { more: '(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))' }, 'garbage-collected'],
  ['GC references', { body: '(drop (ref.null none)) (i32.const 0)' }, 'garbage-collected'],
  ['GC instructions', { body: '(drop (ref.i31 (i32.const 1))) (i32.const 0)' }, 'garbage-collected'],
  ['tail calls', { body: '(return_call $g)', more: '(func $g (result i32) (i32.const 0))' }, 'tail calls'],
  ['new exceptions', { body: '(block $l (try_table (catch_all $l))) (i32.const 0)' }, 'exceptions in the new encoding'],
] as const)('B-66: refuses %s (%#)', (_, text, words) => {
  const problem = problemOf(admitModule(guest({ body: BODY, ...text }, { gc: true })));
  expect(problem.code).toBe('feature');
  expect(problem.message).toContain(words);
  expect(problem.offset).toBeGreaterThan(8);
  expect(problem.hint).not.toBe('');
});

test('B-66: says in which function a refused instruction stands', () => {
  const problem = refusal({ body: '(drop (i32.atomic.load (i32.const 0))) (i32.const 0)' });
  // Four imports, abi and alloc come first.
  expect(problem.function).toBe(6);
  expect(problem.message).toContain('in function 6, at byte');
});

test('B-67: features that all browsers have', () => {
  const body = `(drop (i32.extend8_s (i32.const 1))) (drop (i32.trunc_sat_f64_s (f64.const 1)))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (drop (ref.is_null (ref.null func)))
    (v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
      (v128.load8_lane 3 (i32.const 0) (v128.const i32x4 1 2 3 4)) (v128.const i64x2 0 0)))
    (try (do (call $fail (i32.const 0) (i32.const 0))) (catch_all)) (i32.const 0)`;
  const module = admitted(guest({ body }));
  expect(module.features).toEqual([
    'bulk-memory',
    'exceptions',
    'reference-types',
    'saturating-float',
    'sign-extension',
    'simd128',
  ]);
  expect(WebAssembly.validate(module.bytes)).toBe(true);
  const strict = admitModule(guest({ body }), { ...DEFAULT_POLICY, exceptions: false });
  expect(problemOf(strict).message).toContain('exceptions');
});

const custom = (name: string, bytes: number): Uint8Array => {
  const body = [...leb(name.length), ...new TextEncoder().encode(name)];
  return Uint8Array.of(0, ...leb(body.length + bytes), ...body, ...new Uint8Array(bytes));
};

test('B-68: custom sections go, but for names; admitting twice changes nothing', () => {
  const plain = guest({ body: BODY });
  const larger = new Uint8Array([...plain, ...custom('.debug_info', 1000), ...custom('name', 0)]);
  const once = admitted(larger);
  expect(once.bytes.length).toBeLessThan(plain.length + 30);
  expect(admitted(once.bytes)).toEqual(once);
  const dynamic = new Uint8Array([...plain, ...custom('dylink.0', 3)]);
  expect(problemOf(admitModule(dynamic)).message).toContain('dynamic linking');
});

const SAMPLE = guest({
  body: '(call $log (i32.const 1) (i32.const 8) (i32.const 5)) (block $a (br_table $a $a (local.get $event))) (i32.const 0)',
  more: '(data (i32.const 8) "hello") (table 2 funcref) (elem (i32.const 0) $log $log) (global $g f64 (f64.const 1.5))',
});

test('whatever the bytes, the answer is a value; what is admitted and valid stays valid', () => {
  const header = SAMPLE.slice(0, 8);
  const noise = fc.uint8Array({ maxLength: 200 }).map((tail) => new Uint8Array([...header, ...tail]));
  const cut = fc.nat(SAMPLE.length).map((length) => SAMPLE.slice(0, length));
  const flips = fc.array(fc.tuple(fc.nat(SAMPLE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
    const bytes = SAMPLE.slice();
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
  const spliced = fc
    .tuple(fc.nat(SAMPLE.length), fc.nat(SAMPLE.length), fc.uint8Array({ maxLength: 12 }))
    .map(([from, to, put]) => new Uint8Array([...SAMPLE.slice(0, from), ...put, ...SAMPLE.slice(to)]));
  fc.assert(
    fc.property(fc.oneof(noise, cut, flips, spliced, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const admission = admitModule(bytes);
      if (!admission.ok) {
        expect(admission.problem.hint).not.toBe('');
        return;
      }
      if (WebAssembly.validate(bytes as BufferSource)) expect(WebAssembly.validate(admission.module.bytes)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('counts that lie do not make it loop or allocate', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
  for (let id = 1; id <= 13; id++) {
    expect(admitModule(Uint8Array.of(...SAMPLE.slice(0, 8), id, huge.length, ...huge)).ok).toBe(false);
  }
  // One function with four thousand million locals, in few bytes.
  expect(admitModule(Uint8Array.of(...SAMPLE.slice(0, 8), 10, 11, 1, 9, 1, ...huge, 0x7f, 0x0b, 0x0b)).ok).toBe(false);
});

test('three megabytes take far less than a second', () => {
  const line = '(local.set $event (i32.add (local.get $event) (i32.load offset=1234 (local.get $event))))';
  const functions = Array.from({ length: 300 }, (_, i) => `(func $x${i} (param $event i32) ${line.repeat(950)})`).join('');
  const bytes = guest({ body: BODY, more: functions });
  expect(bytes.length).toBeGreaterThan(3_000_000);
  const startedMs = performance.now();
  expect(admitModule(bytes).ok).toBe(true);
  // Measured at 30 to 70 ms; the bound leaves room for a busy machine.
  expect(performance.now() - startedMs).toBeLessThan(1000);
});
