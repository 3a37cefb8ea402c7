/**
 * How much memory a loaded column takes inside DuckDB, whose in-memory tables differ from Arrow: decimals have the width that
 * their precision needs (Arrow: always 16 bytes), texts 16 bytes each and their bytes again when longer than 12.
 */

import { layoutOf } from '../../shared/arrow/layout.ts';
import { parseSqlType } from '../../shared/arrow/types.ts';

const TEXT_HEAD_BYTES = 16;
const ARROW_OFFSET_BYTES = 4;

/** An upper estimate; `arrowBytes` are those of the column's Arrow streams. */
export function engineBytes(wire: string, rows: number, arrowBytes: number): number {
  const validity = rows / 8;
  const type = parseSqlType(wire);
  if (type.id === 'decimal') return rows * decimalBytes(type.width) + validity;
  const layout = layoutOf(wire);
  if (layout.kind === 'utf8' || layout.kind === 'binary') {
    const dataBytes = Math.max(0, arrowBytes - rows * ARROW_OFFSET_BYTES);
    return rows * TEXT_HEAD_BYTES + dataBytes;
  }
  return arrowBytes;
}

function decimalBytes(width: number): number {
  if (width <= 4) return 2;
  if (width <= 9) return 4;
  return width <= 18 ? 8 : 16;
}
