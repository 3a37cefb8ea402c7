/** One-column streams from ready buffers, for ingest. */
import { Canonicaliser } from './canonical.ts';
import type { ColumnView } from './column-view.ts';

/**
 * A column as plain buffers (ColumnView): `validity` null or one bit a row (1 is valid), `offsets` of rows + 1 for VARCHAR,
 * BLOB, lists and maps, `data` the values: bits of a BOOLEAN, little-endian values of a fixed width, bytes of strings. What
 * stands under a NULL doesn't matter. A LIST has one child, a MAP one struct child with key and value.
 */
export type ColumnBuffers = ColumnView;

/**
 * The canonical stream of one column: its digest is the column chunk's digest. The buffers are read, not kept.
 * Throws UnsupportedTypeError for a type that is no wire type.
 */
export function columnStream(name: string, wire: string, rows: number, column: ColumnBuffers): Uint8Array {
  const canonical = new Canonicaliser([{ name, wire }]);
  canonical.addColumns([column], rows);
  return canonical.finish().bytes;
}
