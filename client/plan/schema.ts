/** Columns that a function makes, as authors write them: `{origin: 'VARCHAR', delay: 'DOUBLE'}`, in that order. */
import type { AuthorColumn } from '../../shared/plan/author-plan.ts';

/** A DuckDB type for each field of a row. */
export type Schema<Row extends object> = { readonly [Column in keyof Row]-?: string };

/** @throws TypeError without a column */
export function columnsOf(schema: Readonly<Record<string, string>>, step: string): AuthorColumn[] {
  const columns = Object.entries(schema).map(([name, type]) => ({ name, type }));
  if (columns.length === 0) throw new TypeError(`${step} needs a schema with at least one column, e.g. { word: 'VARCHAR' }.`);
  return columns;
}
