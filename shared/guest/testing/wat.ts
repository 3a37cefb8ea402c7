/** For tests: WebAssembly from its text form, and batch guests with little writing. */
import binaryen from 'assemblyscript/binaryen';

/**
 * Assembles a module in the text form; nothing is validated. With GC, Binaryen gives reference types names that only engines
 * with GC can read.
 */
export function wat(text: string, { gc = false }: { readonly gc?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  try {
    const { All, GC } = binaryen.Features;
    module.setFeatures(gc ? All : All & ~GC);
    return new Uint8Array(module.emitBinary());
  } finally {
    module.dispose();
  }
}

/** Imports of a batch guest in the text form. */
export const IMPORTS = `
  (import "muster1" "emit" (func $emit (param i32 i32 i32)))
  (import "muster1" "log" (func $log (param i32 i32 i32)))
  (import "muster1" "fail" (func $fail (param i32 i32)))
  (import "muster1" "progress" (func $progress (param f64)))`;

/** Of one that counts, too. */
export const COUNTING = `${IMPORTS}
  (import "muster1" "add" (func $add (param i32 i32 f64)))`;

export interface GuestText {
  /** What the function `muster1_f` does; locals $event, $schema and $array. It must leave an i32, or nothing and return. */
  readonly body: string;
  /** More of the module: functions, data, globals. */
  readonly more?: string;
  /** Limits of the memory, in pages. */
  readonly memory?: string;
  readonly imports?: string;
  /** What alloc does instead; its parameter is $n. */
  readonly allocBody?: string;
}

const ALLOC = `(local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get $n)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $enough (i32.ne (i32.const -1)
        (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $n) (i32.const 16))))))
      (return (i32.const 0)))
    (local.get $at)`;

/** A batch guest that hands out memory from 64 KiB on and has one function, `f`. */
export function guestText({ body, more = '', memory = '4', imports = IMPORTS, allocBody = ALLOC }: GuestText): string {
  return `(module ${imports}
  (memory (export "memory") ${memory})
  (global $next (mut i32) (i32.const 65536))
  (func (export "muster1_abi") (result i32) (i32.const 1))
  (func (export "muster1_alloc") (param $n i32) (result i32)
    ${allocBody})
  ${more}
  (func (export "muster1_f") (param $event i32) (param $schema i32) (param $array i32) (result i32)
    ${body}))`;
}

export const guest = (text: GuestText, features?: { readonly gc: boolean }): Uint8Array<ArrayBuffer> =>
  wat(guestText(text), features);

/** A program for `wat` that copies stdin to stdout, 64 bytes at a time. */
export const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "_start")
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 64))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br_if $more (i32.load (i32.const 8))))))`;
