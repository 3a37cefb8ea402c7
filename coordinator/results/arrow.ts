import { END_OF_STREAM, IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import { readSchema, schemaMessage } from '../../shared/arrow/schema.ts';
import { sameSqlType } from '../../shared/arrow/types.ts';
import type { ResultColumn } from '../../shared/plan/physical.ts';

/** Throws IpcError when a schema message is not that of the result. */
export type SchemaCheck = (schema: Uint8Array) => void;

/** One IPC stream under the author's own column names; `bodies`: record batches of slices that were checked. */
export async function* encodeArrow(
  columns: readonly ResultColumn[],
  bodies: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield schemaMessage(columns.map(({ name, wire }) => ({ name, wire })));
  yield* bodies;
  yield END_OF_STREAM;
}

export function schemaCheck(columns: readonly ResultColumn[]): SchemaCheck {
  return (schema) => {
    const found = readSchema(schema);
    if (
      found.length !== columns.length ||
      !found.every((column, index) => sameSqlType(column.wire, columns[index]?.wire ?? ''))
    ) {
      throw new IpcError('a slice of the result has other columns than the plan says');
    }
  };
}

/** The record batches of a complete stream. */
export function bodyOf(slice: Uint8Array, check: SchemaCheck): Uint8Array {
  const { schema } = parseStream(slice);
  if (!schema) throw new IpcError('a slice of the result has no schema');
  check(schema);
  return slice.subarray(schema.length, slice.length - END_OF_STREAM.length);
}
