/** The hash of a piece's key columns, by the kernel; nested keys by the reference. */
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import { rowHashOf } from '../../shared/arrow/split-hash.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { StagedNode } from './staged-piece.ts';

type ValueHash =
  | 'hash8'
  | 'hash16'
  | 'hash32'
  | 'hash64'
  | 'hashFloat'
  | 'hashDouble'
  | 'hashDecimal'
  | 'hashInterval'
  | 'hashBool';

const BY_WIDTH: Readonly<Record<string, ValueHash>> = {
  BOOLEAN: 'hashBool',
  TINYINT: 'hash8',
  UTINYINT: 'hash8',
  SMALLINT: 'hash16',
  USMALLINT: 'hash16',
  INTEGER: 'hash32',
  UINTEGER: 'hash32',
  DATE: 'hash32',
  FLOAT: 'hashFloat',
  DOUBLE: 'hashDouble',
  INTERVAL: 'hashInterval',
};

/** Combines one key's hashes into those at `hashes`, or begins them. `view` gives the column to what the kernel can't do. */
export type KeyHash = (
  memory: KernelMemory,
  column: StagedNode,
  rows: number,
  hashes: number,
  first: boolean,
  view: () => ColumnView,
) => void;

/** How a key of a wire type is hashed. */
export function keyHashOf(wire: string): KeyHash {
  const type = parseSqlType(wire);
  if (type.id === 'scalar' && (type.name === 'VARCHAR' || type.name === 'BLOB')) {
    return ({ kernel }, { offsets, data, validity }, rows, hashes, first) =>
      kernel.hashBytes(offsets, data, validity, rows, hashes, first ? 1 : 0);
  }
  const name = valueHashOf(type);
  if (name === undefined) return hashByReference(wire);
  return ({ kernel }, { data, validity }, rows, hashes, first) => kernel[name](data, validity, rows, hashes, first ? 1 : 0);
}

function valueHashOf(type: SqlType): ValueHash | undefined {
  if (type.id === 'decimal') return 'hashDecimal';
  return type.id === 'scalar' ? (BY_WIDTH[type.name] ?? 'hash64') : undefined;
}

function hashByReference(wire: string): KeyHash {
  const hash = rowHashOf(wire);
  return (memory, _column, rows, hashes, first, view) => {
    const column = view();
    const given = memory.take(8 * rows);
    const target = new DataView(memory.bytes.buffer);
    for (let row = 0; row < rows; row++) target.setBigUint64(given + 8 * row, hash(column, row), true);
    memory.kernel.hashGiven(given, rows, hashes, first ? 1 : 0);
  };
}
