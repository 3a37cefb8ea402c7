/** Columns inside Muster: DuckDB's type, and the one in which they travel. */
import { wireTypeOf } from '../../shared/arrow/types.ts';
import type { PlanColumn } from '../../shared/plan/physical.ts';
import { selectList } from './select-list.ts';

export function planColumn(type: string): PlanColumn {
  return { type, wire: wireTypeOf(type) };
}

/** Casts to wire types are written only where a type does not travel as it is. */
export function toWire(sql: string, columns: readonly PlanColumn[]): string {
  if (columns.every((c) => c.type === c.wire)) return sql;
  return `SELECT ${selectList(columns.map((c, i) => (c.type === c.wire ? `o.c${i}` : `CAST(o.c${i} AS ${c.wire})`)))} FROM (${sql}) o`;
}

export function fromWire(column: string, type: PlanColumn): string {
  return type.type === type.wire ? column : `CAST(${column} AS ${type.type})`;
}
