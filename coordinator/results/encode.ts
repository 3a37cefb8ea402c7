/**
 * Results as texts, streamed: a few slices and one piece of text are in memory at a time. Values are
 * written as design section 12 says: integers beyond 2^53 and decimals as strings, DATE `YYYY-MM-DD`, TIMESTAMP
 * `YYYY-MM-DDTHH:MM:SS[.ffffff]`, TIMESTAMPTZ the same with Z, NaN and infinities as strings, BLOB in base64.
 */
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { type Layout, layoutOf } from '../../shared/arrow/layout.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { ByteWriter } from '../../shared/cells/byte-writer.ts';
import type { CellWriter } from '../../shared/cells/cells.ts';
import { jsonCells } from '../../shared/cells/json-cells.ts';
import type { ResultColumn } from '../../shared/plan/physical.ts';
import { distinctColumnNames } from '../catalog/names.ts';
import { csvCells, csvText } from './csv-cells.ts';

export type TextFormat = 'json' | 'ndjson' | 'csv';

/** `slices`: complete Arrow streams with the columns' wire types, in result order; `isEager`: no batch waits for the next. */
export function encodeText(
  format: TextFormat,
  columns: readonly ResultColumn[],
  slices: AsyncIterable<Uint8Array>,
  isEager = false,
): AsyncIterable<Uint8Array> {
  switch (format) {
    case 'json':
      return encodeRows(columns, slices, jsonFrame(columns), isEager);
    case 'ndjson':
      return encodeRows(columns, slices, ndjsonFrame(columns), isEager);
    case 'csv':
      return encodeRows(columns, slices, csvFrame(columns), isEager);
  }
}

/** What stands around the values of a text format. */
interface Frame {
  readonly cells: (type: SqlType, wire: SqlType, column: ColumnView) => CellWriter;
  readonly begin: string;
  readonly beforeRow: (rowIndex: number) => string;
  /** Before the value of each column. */
  readonly beforeCell: readonly string[];
  readonly afterRow: string;
  readonly end: string;
}

async function* encodeRows(
  columns: readonly ResultColumn[],
  slices: AsyncIterable<Uint8Array>,
  frame: Frame,
  isEager: boolean,
): AsyncGenerator<Uint8Array> {
  const out = new ByteWriter();
  const beforeCell = frame.beforeCell.map((text) => new TextEncoder().encode(text));
  let rowIndex = 0;
  out.text(frame.begin);
  for await (const { cells, rows } of batches(columns, slices, frame)) {
    for (let row = 0; row < rows; row++) {
      out.ascii(frame.beforeRow(rowIndex++));
      for (let i = 0; i < cells.length; i++) {
        out.utf8(beforeCell[i] as Uint8Array, 0);
        (cells[i] as CellWriter)(out, row);
      }
      out.ascii(frame.afterRow);
      if (out.full) yield out.take() as Uint8Array;
    }
    const piece = isEager ? out.take() : undefined;
    if (piece) yield piece;
  }
  out.text(frame.end);
  const last = out.take();
  if (last) yield last;
}

interface TextBatch {
  readonly cells: readonly CellWriter[];
  readonly rows: number;
}

async function* batches(
  columns: readonly ResultColumn[],
  slices: AsyncIterable<Uint8Array>,
  frame: Frame,
): AsyncGenerator<TextBatch> {
  const types = columns.map((column) => ({ type: parseSqlType(column.type), wire: parseSqlType(column.wire) }));
  const layouts: readonly Layout[] = columns.map((column) => layoutOf(column.wire));
  for await (const slice of slices) {
    const stream = parseStream(slice);
    for (const batch of stream.batches) {
      const views = columnViews(stream.bytes, batch, layouts);
      const cells = types.map(({ type, wire }, index) => frame.cells(type, wire, views[index] as ColumnView));
      yield { cells, rows: batch.rows };
    }
  }
}

function jsonFrame(columns: readonly ResultColumn[]): Frame {
  const heads = columns.map(({ name, type }) => JSON.stringify({ name, type })).join(',');
  return {
    cells: jsonCells,
    begin: `{"columns":[${heads}],"rows":[`,
    beforeRow: (rowIndex) => (rowIndex === 0 ? '[' : ',['),
    beforeCell: columns.map((_, index) => (index === 0 ? '' : ',')),
    afterRow: ']',
    end: ']}\n',
  };
}

/** One object a row. Columns of the same name are told apart, since readers keep only one of them. */
function ndjsonFrame(columns: readonly ResultColumn[]): Frame {
  const names = distinctColumnNames(columns.map((column) => column.name));
  return {
    cells: jsonCells,
    begin: '',
    beforeRow: () => '',
    beforeCell: names.map((name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    afterRow: '}\n',
    end: '',
  };
}

function csvFrame(columns: readonly ResultColumn[]): Frame {
  const header = new ByteWriter();
  columns.forEach(({ name }, index) => {
    if (index > 0) header.ascii(',');
    const bytes = new TextEncoder().encode(name);
    csvText(header, bytes, 0, bytes.length);
  });
  header.ascii('\n');
  return {
    cells: csvCells,
    begin: new TextDecoder('utf-8', { ignoreBOM: true }).decode(header.take()),
    beforeRow: () => '',
    beforeCell: columns.map((_, index) => (index === 0 ? '' : ',')),
    afterRow: '\n',
    end: '',
  };
}
