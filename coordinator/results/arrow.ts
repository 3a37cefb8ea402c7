import { END_OF_STREAM, IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import { readSchema, schemaMessage } from '../../shared/arrow/schema.ts';
import { sameSqlType } from '../../shared/arrow/types.ts';
import type { ResultColumn } from '../../shared/plan/physical.ts';

/** All slices as one IPC stream under the author's own column names; record batches pass through as they are. */
export async function* encodeArrow(
  columns: readonly ResultColumn[],
  slices: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield schemaMessage(columns.map(({ name, wire }) => ({ name, wire })));
  for await (const slice of slices) {
    const { schema } = parseStream(slice);
    if (!schema) throw new IpcError('a slice of the result has no schema');
    const found = readSchema(schema);
    if (
      found.length !== columns.length ||
      !found.every((column, index) => sameSqlType(column.wire, columns[index]?.wire ?? ''))
    ) {
      throw new IpcError('a slice of the result has other columns than the plan says');
    }
    const body = slice.subarray(schema.length, slice.length - END_OF_STREAM.length);
    if (body.length > 0) yield body;
  }
  yield END_OF_STREAM;
}
