/** Cells of JSON results -> the values that authors compute with: the same that functions see in the tabs. */
import { parseSqlType, type SqlType, UnsupportedTypeError } from '../../shared/arrow/types.ts';
import { base64Bytes } from '../../shared/cells/base64.ts';
import type { Cell, ColumnJson } from '../types.ts';

/**
 * A value in a row: BIGINT and wider integers are `bigint`, narrower ones and floats `number`, BLOB `Uint8Array`, DECIMAL, dates and times
 * text, LIST an array, STRUCT an object, MAP an array of [key, value].
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [field: string]: Value };

/** What a row has when nothing is known of its columns. */
export type AnyRow = { readonly [column: string]: Value };

type Reader = (cell: Cell) => Value;

const WIDE: ReadonlySet<string> = new Set(['BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT']);
const FLOATS: ReadonlySet<string> = new Set(['FLOAT', 'DOUBLE']);

const unless =
  (read: Reader): Reader =>
  (cell) =>
    cell === null ? null : read(cell);
const listOf = (read: Reader): Reader => unless((cell) => (Array.isArray(cell) ? cell.map(read) : cell));

/** Undefined: cells are the values. */
function readerOf(type: SqlType): Reader | undefined {
  switch (type.id) {
    case 'scalar':
      if (WIDE.has(type.name)) return unless((cell) => BigInt(cell as number | string));
      if (FLOATS.has(type.name)) return unless((cell) => Number(cell));
      // What cannot be read stays as it came: it is the coordinator's text, not the author's.
      if (type.name === 'BLOB') return unless((cell) => (typeof cell === 'string' ? (base64Bytes(cell) ?? cell) : cell));
      return undefined;
    case 'list':
    case 'array': {
      const item = readerOf(type.child);
      return item && listOf(item);
    }
    case 'map': {
      const [key, value] = [readerOf(type.key), readerOf(type.value)];
      if (!key && !value) return undefined;
      return listOf((pair) => (Array.isArray(pair) ? [(key ?? same)(pair[0]), (value ?? same)(pair[1])] : pair));
    }
    case 'struct':
      return fieldsReader(type.fields);
    default:
      return undefined;
  }
}

const same: Reader = (cell) => cell;

function fieldsReader(fields: Extract<SqlType, { id: 'struct' }>['fields']): Reader | undefined {
  const readers = fields.flatMap(({ name, type }) => {
    const read = readerOf(type);
    return read ? [[name, read] as const] : [];
  });
  if (readers.length === 0) return undefined;
  return unless((cell) => {
    const struct = { ...(cell as { readonly [field: string]: Cell }) } as { [field: string]: Value };
    for (const [name, read] of readers) struct[name] = read(struct[name] as Cell);
    return struct;
  });
}

function columnReader({ type }: ColumnJson): Reader | undefined {
  try {
    return readerOf(parseSqlType(type));
  } catch (error) {
    // A type of a newer coordinator: its cells are JSON all the same.
    if (error instanceof UnsupportedTypeError) return undefined;
    throw error;
  }
}

/** Names that tell the columns apart, as objects need: the second `n` is `n_1`. */
function distinctNames(columns: readonly ColumnJson[]): readonly string[] {
  const taken = new Set(columns.map(({ name }) => name));
  const seen = new Set<string>();
  return columns.map(({ name }) => {
    let own = name;
    for (let i = 1; seen.has(own) || (own !== name && taken.has(own)); i += 1) own = `${name}_${i}`;
    seen.add(own);
    return own;
  });
}

/** Makes objects of a result's rows. */
export function rowReader(columns: readonly ColumnJson[]): (cells: readonly Cell[]) => AnyRow {
  const names = distinctNames(columns);
  const readers = columns.map(columnReader);
  return (cells) => Object.fromEntries(names.map((name, i) => [name, (readers[i] ?? same)(cells[i] ?? null)]));
}
