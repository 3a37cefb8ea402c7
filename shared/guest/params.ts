/** The parameters of a guest function as the one row that it opens with (B-22). */
import type { ColumnView } from '../arrow/column-view.ts';
import type { WireColumn } from '../arrow/schema.ts';
import { PARTITION_COLUMN, SEED_COLUMN } from './abi.ts';

/** BOOLEAN, DOUBLE, VARCHAR, or a list of one of them; an empty list is one of DOUBLE. */
export type ParamValue = boolean | number | string | readonly boolean[] | readonly number[] | readonly string[];
export type Params = Readonly<Record<string, ParamValue>>;

export interface OpenRow {
  readonly columns: readonly WireColumn[];
  readonly views: readonly ColumnView[];
}

type Scalar = boolean | number | string;

const WIRES = { boolean: 'BOOLEAN', number: 'DOUBLE', string: 'VARCHAR' } as const;

const wireOf = (value: Scalar | undefined): 'BOOLEAN' | 'DOUBLE' | 'VARCHAR' =>
  WIRES[typeof value as keyof typeof WIRES] ?? 'DOUBLE';

const plain = (rows: number, data: Uint8Array): ColumnView => ({ rows, validity: null, offsets: null, data, children: [] });

function fixed(values: readonly number[] | readonly bigint[], bytes: 4 | 8): ColumnView {
  const data = new Uint8Array(values.length * bytes);
  const view = new DataView(data.buffer);
  values.forEach((value, i) => {
    if (typeof value === 'bigint') view.setBigInt64(8 * i, BigInt.asIntN(64, value), true);
    else if (bytes === 4) view.setInt32(4 * i, value, true);
    else view.setFloat64(8 * i, value, true);
  });
  return plain(values.length, data);
}

function texts(values: readonly string[]): ColumnView {
  const parts = values.map((v) => new TextEncoder().encode(v));
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + part.length;
  });
  const data = new Uint8Array(offsets[parts.length] ?? 0);
  parts.forEach((part, i) => {
    data.set(part, offsets[i]);
  });
  return { rows: parts.length, validity: null, offsets, data, children: [] };
}

function bools(values: readonly boolean[]): ColumnView {
  const data = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, i) => {
    if (value) data[i >> 3] = (data[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return plain(values.length, data);
}

function scalars(name: string, values: readonly Scalar[]): ColumnView {
  const type = typeof (values[0] ?? 0);
  if (values.some((v) => typeof v !== type)) throw new TypeError(`the list ${JSON.stringify(name)} has values of several types`);
  if (type === 'string') return texts(values as readonly string[]);
  return type === 'boolean' ? bools(values as readonly boolean[]) : fixed(values as readonly number[], 8);
}

/**
 * Parameters in the order of their names (by code unit), then the seed, then the partition's index where it is given. Throws TypeError
 * for a parameter that is no ParamValue or that has a name beginning with `$`.
 */
export function openRow(params: Params, seed: bigint, partition: number | undefined): OpenRow {
  const columns: WireColumn[] = [];
  const views: ColumnView[] = [];
  for (const name of Object.keys(params).sort()) {
    if (name.startsWith('$')) throw new TypeError(`the parameter ${name} has a name that Muster keeps for itself`);
    const value = params[name] as ParamValue;
    const list = Array.isArray(value);
    const values = (list ? value : [value]) as readonly Scalar[];
    if (values.some((v) => !((typeof v) in WIRES)))
      throw new TypeError(`the parameter ${name} is no boolean, number, text or list of them`);
    const column = scalars(name, values);
    columns.push({ name, wire: list ? `${wireOf(values[0])}[]` : wireOf(values[0]) });
    views.push(
      list ? { rows: 1, validity: null, offsets: Int32Array.of(0, values.length), data: null, children: [column] } : column,
    );
  }
  columns.push({ name: SEED_COLUMN, wire: 'BIGINT' });
  views.push(fixed([seed], 8));
  if (partition !== undefined) {
    columns.push({ name: PARTITION_COLUMN, wire: 'INTEGER' });
    views.push(fixed([partition], 4));
  }
  return { columns, views };
}
