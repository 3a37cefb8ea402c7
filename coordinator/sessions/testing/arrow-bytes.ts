/** Arrow streams for tests, as a tab would make them: int32 columns named c0..cn. */
import { Field, Int32, makeData, makeVector, RecordBatch, Schema, Struct, Table, tableToIPC } from 'apache-arrow';

export function int32Stream(columns: readonly (readonly number[])[]): Uint8Array {
  const rows = columns[0]?.length ?? 0;
  const fields = columns.map((_, index) => new Field(`c${index}`, new Int32(), true));
  const children = columns.map((values) => makeVector(Int32Array.from(values)).data[0]).filter((data) => data !== undefined);
  const schema = new Schema(fields);
  const batch = new RecordBatch(schema, makeData({ type: new Struct(fields), length: rows, children }));
  return tableToIPC(new Table(schema, [batch]), 'stream');
}
