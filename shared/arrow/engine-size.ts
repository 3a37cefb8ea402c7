/**
 * How much memory a loaded column takes inside DuckDB, whose in-memory tables differ from Arrow: decimals have the width that
 * their precision needs (Arrow: always 16 bytes), texts 16 bytes each and their bytes again when longer than 12.
 */

import { layoutOf } from './layout.ts';
import { parseSqlType } from './types.ts';

const TEXT_HEAD_BYTES = 16;
const ARROW_OFFSET_BYTES = 4;

/** Bytes inside the engine of a column's chunks; `arrowBytes` are those of their Arrow streams. */
export type EngineSize = (rows: number, arrowBytes: number) => number;

/** For columns of this wire type, an upper estimate. */
export function engineSizeOf(wire: string): EngineSize {
  const type = parseSqlType(wire);
  if (type.id === 'decimal') {
    const each = decimalBytes(type.width) + 1 / 8;
    return (rows) => rows * each;
  }
  const layout = layoutOf(wire);
  if (layout.kind === 'utf8' || layout.kind === 'binary') {
    return (rows, arrowBytes) => rows * TEXT_HEAD_BYTES + Math.max(0, arrowBytes - rows * ARROW_OFFSET_BYTES);
  }
  return (_, arrowBytes) => arrowBytes;
}

export function engineBytes(wire: string, rows: number, arrowBytes: number): number {
  return engineSizeOf(wire)(rows, arrowBytes);
}

/** For columns whose bytes are only known together, an upper estimate. */
export function engineBytesTogether(wires: readonly string[], rows: number, arrowBytes: number): number {
  const texts = wires.filter((wire) => ['utf8', 'binary'].includes(layoutOf(wire).kind));
  return arrowBytes + texts.length * rows * (TEXT_HEAD_BYTES - ARROW_OFFSET_BYTES);
}

function decimalBytes(width: number): number {
  if (width <= 4) return 2;
  if (width <= 9) return 4;
  return width <= 18 ? 8 : 16;
}
