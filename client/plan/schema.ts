/** Columns that a function makes, as authors write them: `{origin: 'VARCHAR', delay: 'DOUBLE'}`, in that order. */
import type { AuthorColumn } from '../../shared/plan/author-plan.ts';
import type { Value } from '../run/cell-values.ts';

/** A DuckDB type for each field of a row. */
export type Schema<Row extends object> = { readonly [Column in keyof Row]-?: string };

/** DuckDB's types by the names of columns. */
export type Columns = Readonly<Record<string, string>>;

type Wide = 'BIGINT' | 'UBIGINT' | 'HUGEINT' | 'UHUGEINT' | 'INT8' | 'LONG';
type Narrow = 'TINYINT' | 'SMALLINT' | 'INTEGER' | 'INT' | 'UTINYINT' | 'USMALLINT' | 'UINTEGER' | 'FLOAT' | 'REAL' | 'DOUBLE';
type Texts =
  | 'VARCHAR'
  | 'TEXT'
  | 'STRING'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMPTZ'
  | 'UUID'
  | 'DECIMAL'
  | `DECIMAL(${string})`;

/** What a column of this type has in a row, as far as its name tells; any column may have null. */
export type ValueOf<Type extends string> =
  | null
  | (Type extends `${infer Item}[]`
      ? readonly ValueOf<Item>[]
      : Uppercase<Type> extends Wide
        ? bigint
        : Uppercase<Type> extends Narrow
          ? number
          : Uppercase<Type> extends Texts
            ? string
            : Uppercase<Type> extends 'BOOLEAN' | 'BOOL'
              ? boolean
              : Uppercase<Type> extends 'BLOB'
                ? Uint8Array
                : Value);

/** Rows of these columns. */
export type RowOf<Given extends Columns> = { readonly [Column in keyof Given]: ValueOf<Given[Column]> };

/** @throws TypeError without a column */
export function columnsOf(schema: Readonly<Record<string, string>>, step: string): AuthorColumn[] {
  const columns = Object.entries(schema).map(([name, type]) => ({ name, type }));
  if (columns.length === 0) throw new TypeError(`${step} needs a schema with at least one column, e.g. { word: 'VARCHAR' }.`);
  return columns;
}
