/**
 * Walks over the instructions of a function body or constant expression, and tells which features they need. It accepts only
 * instructions whose shape it knows; what it accepts it reads as the engine will, so that nothing hides in an immediate. Whether
 * types fit is the engine's business. https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */
import type { BinaryReader } from './binary-reader.ts';
import type { Feature } from './features.ts';

/** Called for each feature met; throws for one that is refused. `at`: the byte of the instruction. */
export type OnFeature = (feature: Feature, at: number) => void;

/** What follows an instruction's first byte. */
const NOTHING = 1;
const NUMBER = 2;
const TWO_NUMBERS = 3;
const MEMORY_ARGUMENT = 4;
const BLOCK_TYPE = 5;
const BRANCH_TABLE = 6;
const MEMORY_INDEX = 7;
const FLOAT32 = 8;
const FLOAT64 = 9;
const TYPED_SELECT = 10;
const END = 11;
/** 0: not an instruction that is passed over by shape alone. */
const OTHER = 0;

const SHAPES = new Uint8Array(256);

function set(shape: number, ...codes: readonly number[]): void {
  for (const code of codes) SHAPES[code] = shape;
}
function setRange(shape: number, from: number, to: number): void {
  SHAPES.fill(shape, from, to + 1);
}

// unreachable, nop, else, return, drop, select; comparisons and arithmetic; ref.is_null
set(NOTHING, 0x00, 0x01, 0x05, 0x0f, 0x1a, 0x1b, 0xd1);
setRange(NOTHING, 0x45, 0xbf);
set(BLOCK_TYPE, 0x02, 0x03, 0x04);
set(END, 0x0b);
// br, br_if, call; locals and globals; i32.const, i64.const; ref.func
set(NUMBER, 0x0c, 0x0d, 0x10, 0x41, 0x42, 0xd2);
setRange(NUMBER, 0x20, 0x24);
set(BRANCH_TABLE, 0x0e);
set(TWO_NUMBERS, 0x11);
setRange(MEMORY_ARGUMENT, 0x28, 0x3e);
set(MEMORY_INDEX, 0x3f, 0x40);
set(FLOAT32, 0x43);
set(FLOAT64, 0x44);
set(TYPED_SELECT, 0x1c);

/** Value types that a block, a local or a global may have. */
export function checkValueType(reader: BinaryReader, onFeature: OnFeature): number {
  const at = reader.at;
  const type = reader.u8();
  if (type >= 0x7c && type <= 0x7f) return type;
  if (type === 0x7b) onFeature('simd128', at);
  else if (type === 0x70 || type === 0x6f) onFeature('reference-types', at);
  else if (type === 0x69 || type === 0x74) onFeature('exceptions-exnref', at);
  else if (type >= 0x60 && type <= 0x73) onFeature('gc', at);
  else reader.damaged('an unknown value type');
  return type;
}

function blockType(reader: BinaryReader, onFeature: OnFeature): void {
  const first = reader.bytes[reader.at] ?? 0;
  if (first === 0x40) reader.at++;
  else if (first > 0x40 && first < 0x80) checkValueType(reader, onFeature);
  else {
    onFeature('multi-value', reader.at);
    reader.skipLeb();
  }
}

function memoryArgument(reader: BinaryReader, onFeature: OnFeature): void {
  const at = reader.at;
  // Bit 6 of the alignment says that a memory's index follows.
  if (reader.u32() >= 64) onFeature('multi-memory', at);
  reader.skipLeb();
}

function memoryIndex(reader: BinaryReader, onFeature: OnFeature): void {
  if (reader.u32() !== 0) onFeature('multi-memory', reader.at - 1);
}

function afterFc(reader: BinaryReader, at: number, onFeature: OnFeature): void {
  const code = reader.u32();
  if (code <= 7) {
    onFeature('saturating-float', at);
    return;
  }
  if (code > 17) {
    onFeature('unknown', at);
    return;
  }
  onFeature(code >= 15 ? 'reference-types' : 'bulk-memory', at);
  switch (code) {
    case 8: // memory.init
      reader.skipLeb();
      memoryIndex(reader, onFeature);
      break;
    case 10: // memory.copy
      memoryIndex(reader, onFeature);
      memoryIndex(reader, onFeature);
      break;
    case 11: // memory.fill
      memoryIndex(reader, onFeature);
      break;
    case 12: // table.init
    case 14: // table.copy
      reader.skipLeb();
      reader.skipLeb();
      break;
    default: // data.drop, elem.drop, table.grow, table.size, table.fill
      reader.skipLeb();
  }
}

function afterFd(reader: BinaryReader, at: number, onFeature: OnFeature): void {
  const code = reader.u32();
  onFeature(code > 0xff ? 'relaxed-simd' : 'simd128', at);
  if (code <= 11 || code === 92 || code === 93) memoryArgument(reader, onFeature);
  else if (code === 12 || code === 13) reader.skip(16);
  else if (code >= 84 && code <= 91) {
    memoryArgument(reader, onFeature);
    reader.u8();
  } else if (code >= 21 && code <= 34) reader.u8();
}

/** Instructions that change which engines can run the module. */
function unusual(reader: BinaryReader, code: number, at: number, onFeature: OnFeature): void {
  if (code >= 0xc0 && code <= 0xc4) {
    onFeature('sign-extension', at);
    return;
  }
  switch (code) {
    case 0xfc:
      afterFc(reader, at, onFeature);
      return;
    case 0xfd:
      afterFd(reader, at, onFeature);
      return;
    case 0xfe:
      onFeature('threads', at);
      return;
    case 0x25:
    case 0x26: // table.get, table.set
      onFeature('reference-types', at);
      reader.skipLeb();
      return;
    case 0xd0: {
      // ref.null
      onFeature('reference-types', at);
      const type = reader.u8();
      if (type !== 0x70 && type !== 0x6f) onFeature('gc', at);
      return;
    }
    case 0x06: // try
      onFeature('exceptions', at);
      blockType(reader, onFeature);
      return;
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x18: // catch, throw, rethrow, delegate
      onFeature('exceptions', at);
      reader.skipLeb();
      return;
    case 0x19: // catch_all
      onFeature('exceptions', at);
      return;
    case 0x0a:
    case 0x1f:
      onFeature('exceptions-exnref', at);
      return;
    case 0x12:
    case 0x13:
      onFeature('tail-calls', at);
      return;
    case 0x14:
    case 0x15:
    case 0xd3:
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xfb:
      onFeature('gc', at);
      return;
    default:
      onFeature('unknown', at);
      return;
  }
}

/**
 * Reads instructions to the reader's end, or with `constant` to the end of the expression (no blocks may stand in it). Features that
 * need more than one byte's look are refused by `onFeature` before their immediates would be needed.
 */
export function scanInstructions(reader: BinaryReader, onFeature: OnFeature, constant = false): void {
  const { bytes, end } = reader;
  while (reader.at < end) {
    const at = reader.at++;
    const code = bytes[at] as number;
    switch (SHAPES[code]) {
      case OTHER:
        unusual(reader, code, at, onFeature);
        break;
      case NOTHING:
        break;
      case END:
        if (constant) return;
        break;
      case NUMBER:
        reader.skipLeb();
        break;
      case TWO_NUMBERS:
        reader.skipLeb();
        reader.skipLeb();
        break;
      case MEMORY_ARGUMENT:
        memoryArgument(reader, onFeature);
        break;
      case BLOCK_TYPE:
        blockType(reader, onFeature);
        break;
      case BRANCH_TABLE:
        for (let targets = reader.count() + 1; targets > 0; targets--) reader.skipLeb();
        break;
      case MEMORY_INDEX:
        memoryIndex(reader, onFeature);
        break;
      case FLOAT32:
        reader.skip(4);
        break;
      case FLOAT64:
        reader.skip(8);
        break;
      case TYPED_SELECT:
        for (let types = reader.count(); types > 0; types--) checkValueType(reader, onFeature);
        break;
    }
  }
  if (constant) reader.damaged('an expression without its end');
}
