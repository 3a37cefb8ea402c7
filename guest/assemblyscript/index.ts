/** Muster's SDK for AssemblyScript: guests of the batch ABI, guest/SPEC.md. Copy it beside your module as `muster.ts`. */

@external("muster1", "emit") declare function hostEmit(port: u32, schema: usize, array: usize): void;
@external("muster1", "log") declare function hostLog(level: u32, text: usize, bytes: u32): void;
@external("muster1", "fail") declare function hostFail(text: usize, bytes: u32): void;
@external("muster1", "progress") /** Tells how much of the work is done, 0 to 1. */ export declare function progress(fraction: f64): void;
@external("muster1", "add") declare function hostAdd(name: usize, bytes: u32, amount: f64): void;
export const OPEN = 0, BATCH = 1, MERGE = 2, END_PARTIAL = 3, END_FINAL = 4, SIDE = 16;

export function muster1_abi(): i32 { return 1; } export function muster1_alloc(bytes: u32): usize { return heap.alloc(bytes); }
export function muster1_free(at: usize, bytes: u32): void { heap.free(at); }

/** Ends the task with an error for the job's author. */
export function fail(message: string): void { const utf8 = String.UTF8.encode(message); hostFail(changetype<usize>(utf8), utf8.byteLength); }
/** level: 0 debug, 1 information, 2 warning, 3 error. */
export function log(message: string, level: u32 = 1): void { const utf8 = String.UTF8.encode(message); hostLog(level, changetype<usize>(utf8), utf8.byteLength); }
/** Adds to the job's accumulator of this name: best once a batch. */
export function add(name: string, amount: f64): void { const utf8 = String.UTF8.encode(name); hostAdd(changetype<usize>(utf8), utf8.byteLength, amount); }
/** A failed assertion, an index out of range and the like end here: compile with --use abort=muster/abort. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  fail(`${message ? message : "assertion failed"} at ${file ? file : ""}:${line}:${column}`);
}
/** Bytes of a value by the first letters of its Arrow format, 256 more for floating point; 0 for text, bits and what is nested. */
function shapeOf(c: i32, next: i32): i32 {
  if (c == 116) return next == 100 ? 4 : next == 105 ? 16 : 8; // tdD, tin, other times
  c |= 32; return c == 99 ? 1 : c == 115 ? 2 : c == 105 ? 4 : c == 108 ? 8 : c == 100 ? 16 : c == 102 ? 260 : c == 103 ? 264 : 0; // cC sS iI lL d f g
}
@inline function fits<T>(shape: i32): bool { return shape == (<i32>sizeof<T>() | (isFloat<T>() ? 256 : 0)); }
function misfit(name: string, format: string, call: string, wrong: string): void {
  const s = shapeOf(format.charCodeAt(0), format.charCodeAt(1)), letter = s == 16 ? "v" : s > 255 ? "f" : format < "a" ? "u" : "i";
  const use = s ? `${call}<${letter}${8 * (s & 255)}>` : format == "b" ? "bool or pushBool" : format == "u" ? "text or pushText" : "start, end and data, child, or pushBytes";
  fail(`column ${name} has the Arrow type ${format}: use ${use}, not ${call}<${wrong}>`);
}
function bufferOf(array: usize, i: i32): usize { return <i64>i < load<i64>(array, 24) ? load<u32>(load<u32>(array, 40) + 4 * i) : 0; }
function cString(at: usize): string { let end = at; while (load<u8>(end)) end++; return String.UTF8.decodeUnsafe(at, end - at); }

/** A column of the input, or a part of a nested one. Valid only during the call. */
export class Column {
  readonly length: i32; private shape: i32;
  /** Addresses: the bits that say which rows are valid (0: all), the values (of text and lists the int32 offsets), the text's bytes. */
  readonly validity: usize; readonly values: usize; readonly data: usize;
  constructor(readonly schema: usize, readonly array: usize) {
    this.length = <i32>load<i64>(array); this.shape = shapeOf(load<u8>(load<u32>(schema)), load<u8>(load<u32>(schema), 1));
    this.validity = bufferOf(array, 0); this.values = bufferOf(array, 1); this.data = bufferOf(array, 2);
  }
  get format(): string { return cString(load<u32>(this.schema)); } get name(): string { return cString(load<u32>(this.schema, 4)); }
  /** Of a list the elements (child 0), of a struct its fields. */
  child(i: i32): Column { return new Column(load<u32>(load<u32>(this.schema, 32) + 4 * i), load<u32>(load<u32>(this.array, 44) + 4 * i)); }
  get children(): i32 { return <i32>load<i64>(this.array, 32); }
  isNull(row: i32): bool { return this.validity != 0 && !(load<u8>(this.validity + (row >> 3)) >> <u8>(row & 7) & 1); }
  /** A value. T is that of the column's type, signed or not: with another the task fails. A DECIMAL's is v128. */
  @inline get<T>(row: i32): T {
    if (!fits<T>(this.shape)) misfit(this.name, this.format, "get", nameof<T>());
    return load<T>(this.values + (<usize>row << alignof<T>()));
  }
  bool(row: i32): bool { return (load<u8>(this.values + (row >> 3)) >> <u8>(row & 7) & 1) != 0; }
  /** Where text, bytes or a list begin and end. */
  start(row: i32): i32 { return load<i32>(this.values + (<usize>row << 2)); } end(row: i32): i32 { return load<i32>(this.values + (<usize>row << 2), 4); }
  text(row: i32): string { return String.UTF8.decodeUnsafe(this.data + this.start(row), this.end(row) - this.start(row)); }
}

/** The rows of one call: its children are the columns. */
export class Batch extends Column {
  /** The column or parameter of this name; without one the task fails. */
  column(name: string): Column {
    const names: string[] = [];
    for (let i = 0; i < this.children; i++) if (names[names.push(this.child(i).name) - 1] == name) return this.child(i);
    fail(`there is no column or parameter ${name}; there are: ${names.join(", ")}`); return this;
  }
}

/** Bytes that grow by doubling, outside of what is garbage collected. */
@unmanaged class Buffer {
  at: usize = heap.alloc(64); bytes: i32 = 0; capacity: i32 = 64;
  @inline extend(more: i32): usize { if (this.bytes + more > this.capacity) this.grow(more); return this.at + (this.bytes += more) - more; }
  grow(more: i32): void { this.capacity = max(2 * this.capacity, this.bytes + more); this.at = heap.realloc(this.at, this.capacity); }
  bit(row: i32, set: bool): void {
    if ((row & 7) == 0) store<u8>(this.extend(1), 0);
    if (set) store<u8>(this.at + (row >> 3), load<u8>(this.at + (row >> 3)) | (<u8>1 << <u8>(row & 7)));
  }
  free(): void { heap.free(this.at); heap.free(changetype<usize>(this)); }
}

/** A column of the output; each push adds a row. */
export class OutputColumn {
  rows: i32 = 0; nulls: i32 = 0; private shape: i32;
  validity: Buffer = new Buffer(); values: Buffer = new Buffer(); data: Buffer = new Buffer();
  constructor(readonly name: string, readonly format: string) {
    this.shape = shapeOf(format.charCodeAt(0), format.charCodeAt(1));
    if (this.isText) store<i32>(this.values.extend(4), 0);
  }
  get isText(): bool { return this.format == "u" || this.format == "z"; }
  /** Counts a row that is no NULL; which rows are is written from the first NULL on. */
  @inline private valid(): void { if (this.nulls) this.validity.bit(this.rows, true); this.rows++; }
  /** A value. T, or what the compiler takes the value for, is that of the column's type as in get: cast with <f64>, <i64>. */
  @inline push<T>(value: T): void {
    if (!fits<T>(this.shape)) misfit(this.name, this.format, "push", nameof<T>());
    store<T>(this.values.extend(sizeof<T>()), value); this.valid();
  }
  pushBool(value: bool): void { this.values.bit(this.rows, value); this.valid(); }
  /** Text or bytes that lie in memory, for example in an input column's data. */
  pushBytes(at: usize, bytes: i32): void {
    memory.copy(this.data.extend(bytes), at, bytes); store<i32>(this.values.extend(4), this.data.bytes); this.valid();
  }
  pushText(text: string): void { const utf8 = String.UTF8.encode(text); this.pushBytes(changetype<usize>(utf8), utf8.byteLength); }
  pushNull(): void {
    if (this.isText) store<i32>(this.values.extend(4), this.data.bytes);
    else if (this.shape == 0) this.values.bit(this.rows, false);
    else memory.fill(this.values.extend(this.shape & 255), 0, this.shape & 255);
    if (!this.nulls++) for (let row = 0; row < this.rows; row++) this.validity.bit(row, true);
    this.validity.bit(this.rows++, false);
  }
}

function text(s: string, keep: ArrayBuffer[]): u32 { return <u32>changetype<usize>(keep[keep.push(String.UTF8.encode(s, true)) - 1]); }
/** Rows to emit: add the columns, push to all of them equally often, emit. */
export class Output {
  private columns: OutputColumn[] = [];
  /** format: i INTEGER, l BIGINT, g DOUBLE, u VARCHAR, b BOOLEAN and so on: SPEC.md, B-31. */
  add(name: string, format: string): OutputColumn { const c = new OutputColumn(name, format); this.columns.push(c); return c; }
  /** Hands the rows to the host and empties this output. */
  emit(port: u32 = 0): void {
    const n = this.columns.length, keep: ArrayBuffer[] = [];
    const schema = heap.alloc(136 + 136 * n), array = schema + 48, lists = schema + 120, rows = n ? this.columns[0].rows : 0;
    memory.fill(schema, 0, 136 + 136 * n);
    store<u32>(schema, text("+s", keep)); store<u32>(schema, text("", keep), 4); store<i64>(schema, n, 24); store<u32>(schema, lists, 32);
    store<i64>(array, rows); store<i64>(array, 1, 24); store<i64>(array, n, 32); store<u32>(array, schema + 112, 40); store<u32>(array, lists + 4 * n, 44);
    for (let i = 0, at = schema + 136 + 8 * n; i < n; i++, at += 128) {
      const c = this.columns[i], a = at + 48;
      if (c.rows != rows) fail(`column ${c.name} has ${c.rows} rows, the first has ${rows}`);
      store<u32>(lists + 4 * i, at); store<u32>(lists + 4 * n + 4 * i, a);
      store<u32>(at, text(c.format, keep)); store<u32>(at, text(c.name, keep), 4); store<i64>(at, 2, 16);
      store<i64>(a, rows); store<i64>(a, c.nulls, 8); store<i64>(a, c.isText ? 3 : 2, 24); store<u32>(a, a + 64, 40);
      store<u32>(a, c.nulls ? c.validity.at : 0, 64); store<u32>(a, c.values.at, 68); store<u32>(a, c.data.at, 72);
    }
    hostEmit(port, schema, array); heap.free(schema);
    while (this.columns.length) { const c = this.columns.pop(); c.validity.free(); c.values.free(); c.data.free(); }
  }
}
/** Random numbers from the task's seed (SplitMix64, Steele et al., 2014): new Random(parameters.column("$seed").get<u64>(0)). */
export class Random {
  constructor(private state: u64) {}
  u64(): u64 {
    let z = this.state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9; z = (z ^ (z >> 27)) * 0x94d049bb133111eb; return z ^ (z >> 31);
  }
  /** Uniform in [0, 1). */ float(): f64 { return <f64>(this.u64() >> 11) / 9007199254740992.0; }
}
