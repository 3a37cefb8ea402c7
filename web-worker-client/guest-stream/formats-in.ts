/**
 * What a stream guest reads (S-20..S-25): rows as text, or Arrow, in pieces of about 64 KiB. Straight from the columns' buffers; no
 * object is made for a row.
 */
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { END_OF_STREAM, type IpcStream, parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOfType } from '../../shared/arrow/layout.ts';
import { schemaMessage, type WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { ByteWriter } from '../../shared/cells/byte-writer.ts';
import { type CellWriter, cellWriter, type Marks } from '../../shared/cells/cells.ts';
import { jsonCells } from '../../shared/cells/json-cells.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import type { StreamFormat } from './run-stream.ts';

const TAB = 9;
const LINE_FEED = 10;

/** A relation: complete Arrow streams with these columns, in order. */
export interface StreamTable {
  /** Named as the guest shall know them. */
  readonly columns: readonly WireColumn[];
  readonly streams: Iterable<Uint8Array>;
}

/** Text as it is; NULL is nothing. */
const BARE: Marks = {
  plain: (out, text) => out.ascii(text),
  bigInteger: (out, text) => out.ascii(text),
  utf8: (out, bytes, from, to) => out.utf8(bytes, from, to),
};

/** @throws GuestError (in iteration) for values that the format can't hold */
export function stdinPieces(format: StreamFormat, table: StreamTable): Iterable<Uint8Array> {
  switch (format) {
    case 'lines':
      return textPieces(table, (types, views, base) => bareRows(types, views, base, 'lines'));
    case 'tsv':
      return textPieces(table, (types, views, base) => bareRows(types, views, base, 'tsv'));
    case 'jsonl':
      return textPieces(table, (types, views) => jsonRows(table.columns, types, views));
    case 'arrow':
      return arrowPieces(table);
    case 'raw':
      return rawPieces(table);
  }
}

type RowWriter = (out: ByteWriter, row: number) => void;
type RowsOf = (types: readonly SqlType[], views: readonly ColumnView[], rowsBefore: number) => RowWriter;

interface Batch {
  readonly stream: IpcStream;
  readonly views: readonly ColumnView[];
  readonly rows: number;
  readonly rowsBefore: number;
}

function* batchesOf(table: StreamTable, types: readonly SqlType[]): Iterable<Batch> {
  const layouts = types.map(layoutOfType);
  let rowsBefore = 0;
  for (const bytes of table.streams) {
    const stream = parseStream(bytes);
    for (const batch of stream.batches) {
      yield { stream, views: columnViews(stream.bytes, batch, layouts), rows: batch.rows, rowsBefore };
      rowsBefore += batch.rows;
    }
  }
}

function* textPieces(table: StreamTable, rowsOf: RowsOf): Iterable<Uint8Array> {
  const types = table.columns.map((column) => parseSqlType(column.wire));
  const out = new ByteWriter();
  for (const { views, rows, rowsBefore } of batchesOf(table, types)) {
    const write = rowsOf(types, views, rowsBefore);
    for (let row = 0; row < rows; row++) {
      write(out, row);
      out.byte(LINE_FEED);
      if (out.full) yield out.take() as Uint8Array;
    }
  }
  const last = out.take();
  if (last !== undefined) yield last;
}

/** A cell as bare text; nested values as JSON, which has neither tabs nor line feeds. */
function bareCell(type: SqlType, view: ColumnView): CellWriter {
  const write = cellWriter(type, type, view, BARE) ?? jsonCells(type, type, view);
  const { validity } = view;
  if (validity === null) return write;
  return (out, row) => {
    if ((((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) write(out, row);
  };
}

function bareRows(
  types: readonly SqlType[],
  views: readonly ColumnView[],
  rowsBefore: number,
  format: 'lines' | 'tsv',
): RowWriter {
  const cells = views.map((view, i) => {
    const type = types[i] as SqlType;
    if (type.id === 'scalar' && type.name === 'VARCHAR') {
      refuse(view, LINE_FEED, 'a line feed', rowsBefore, format);
      // What follows the last tab is one value, tabs and all.
      if (i < views.length - 1) refuse(view, TAB, 'a tab', rowsBefore, format);
    }
    return bareCell(type, view);
  });
  const [first] = cells;
  if (first !== undefined && cells.length === 1) return first;
  return (out, row) => {
    for (let i = 0; i < cells.length; i++) {
      if (i > 0) out.byte(TAB);
      (cells[i] as CellWriter)(out, row);
    }
  };
}

/** Throws when a text of the column has the byte. */
function refuse(view: ColumnView, byte: number, what: string, rowsBefore: number, format: string): void {
  const { data, offsets, rows } = view;
  if (data === null || offsets === null) return;
  const at = data.subarray(0, offsets[rows]).indexOf(byte, offsets[0]);
  if (at < 0) return;
  let row = 0;
  while ((offsets[row + 1] as number) <= at) row++;
  throw authorError(
    'guest-format',
    `Row ${rowsBefore + row + 1} of the input has ${what} within a text, so it cannot be given as ${format}.`,
    'Use the format jsonl or arrow, or take the character out first, for example with replace() in SQL.',
  );
}

function jsonRows(columns: readonly WireColumn[], types: readonly SqlType[], views: readonly ColumnView[]): RowWriter {
  const cells = views.map((view, i) => jsonCells(types[i] as SqlType, types[i] as SqlType, view));
  const heads = columns.map(({ name }, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (out, row) => {
    for (let i = 0; i < cells.length; i++) {
      out.text(heads[i] as string);
      (cells[i] as CellWriter)(out, row);
    }
    out.ascii(cells.length === 0 ? '{}' : '}');
  };
}

/** One stream: the schema under the columns' names, every batch as it is, one end. */
function* arrowPieces(table: StreamTable): Iterable<Uint8Array> {
  yield schemaMessage(table.columns);
  for (const bytes of table.streams) {
    const stream = parseStream(bytes);
    const from = stream.schema?.length ?? 0;
    const ended = END_OF_STREAM.every((byte, i) => bytes[bytes.length - END_OF_STREAM.length + i] === byte);
    yield bytes.subarray(from, bytes.length - (ended ? END_OF_STREAM.length : 0));
  }
  yield END_OF_STREAM;
}

/** The bytes of one column, row after row, with nothing between. */
function* rawPieces(table: StreamTable): Iterable<Uint8Array> {
  const [column, ...others] = table.columns;
  const type = column === undefined ? undefined : parseSqlType(column.wire);
  if (type?.id !== 'scalar' || !['BLOB', 'VARCHAR'].includes(type.name) || others.length > 0) {
    throw authorError(
      'guest-format',
      `The format raw takes one column of BLOB or VARCHAR; the input has ${table.columns.map((c) => `${c.name} ${c.wire}`).join(', ')}.`,
      'Select one such column, or use another format.',
    );
  }
  for (const { views, rows } of batchesOf(table, [type])) {
    const { data, offsets, validity } = views[0] as ColumnView;
    if (data === null || offsets === null) continue;
    // Blocks are canonical: there is nothing under a NULL. Others are read row by row.
    if (validity === null) yield data.subarray(offsets[0], offsets[rows]);
    else {
      for (let row = 0; row < rows; row++) {
        if ((((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) yield data.subarray(offsets[row], offsets[row + 1]);
      }
    }
  }
}
