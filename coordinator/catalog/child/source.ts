import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Compression } from '../format.ts';
import type { DatasetColumn, DatasetFormat } from '../types.ts';
import { quoteText } from './database.ts';

/** Text files up to this size are read twice, so that types fit all rows; of larger ones the first rows decide. */
const SNIFF_ALL_BYTES = 128 * 1024 * 1024;
const SNIFF_ROWS = 1_000_000;
/** The engine keeps two buffers of this size a thread. */
const JSON_OBJECT_BYTES = 32 * 1024 * 1024;
const HEAD_BYTES = 64 * 1024;

export interface SourceFile {
  readonly path: string;
  readonly fileName: string;
  readonly format: DatasetFormat;
  readonly compression: Compression;
  readonly bytes: number;
}

export interface SourceColumn {
  readonly name: string;
  /** As the engine tells it. */
  readonly type: string;
}

/** A table function call that reads a source, and the columns it gives. */
export interface Reader {
  readonly call: string;
  readonly columns: readonly SourceColumn[];
}

export async function openReader(connection: DuckDBConnection, file: SourceFile): Promise<Reader> {
  if (file.format === 'csv') return openCsv(connection, file);
  const call = readerCall(file);
  return { call, columns: await describe(connection, call) };
}

/** Nothing is made of the path: no partition columns, no further files. */
function readerCall(file: SourceFile): string {
  const path = quoteText(file.path);
  if (file.format === 'parquet') return `read_parquet(${path}, hive_partitioning = false)`;
  const layout = file.format === 'ndjson' ? 'newline_delimited' : 'auto';
  const compression = file.compression === 'none' ? 'uncompressed' : file.compression;
  return (
    `read_json(${path}, format = '${layout}', maximum_object_size = ${JSON_OBJECT_BYTES}, sample_size = ${sampleRows(file)}, ` +
    `compression = '${compression}', hive_partitioning = false)`
  );
}

/**
 * The sniffer looks at all rows where it can, so that types fit; but then a single broken line makes it give up without saying
 * which. So where it gives up, a small sample decides the dialect and the error comes from reading, with its line. It also
 * skips lines at the top until the rest fits some dialect, which would lose rows silently: skipping is off.
 */
async function openCsv(connection: DuckDBConnection, file: SourceFile): Promise<Reader> {
  const call = (sample: number): string =>
    `read_csv(${quoteText(file.path)}, sample_size = ${sample}, skip = 0, compression = '${file.compression}', hive_partitioning = false)`;
  let first: unknown;
  for (const sample of [sampleRows(file), 2048, 8]) {
    try {
      const reader = { call: call(sample), columns: await describe(connection, call(sample)) };
      // One column whose name holds a delimiter: lines of unequal length, or text that happens to look so.
      if (reader.columns.length === 1 && /[,;|\t]/.test(reader.columns[0]?.name ?? '')) await findUnevenLine(connection, file);
      return reader;
    } catch (error) {
      first ??= error;
      if (!String(error).includes('Error when sniffing file')) throw error;
    }
  }
  await findUnevenLine(connection, file);
  throw first;
}

/** Reads all lines by the delimiter and the width of the first one. @throws the engine's error for the first line that differs */
async function findUnevenLine(connection: DuckDBConnection, file: SourceFile): Promise<void> {
  const head = file.compression === 'none' ? await readHead(file.path) : '';
  const line = head.split(/\r?\n/, 1)[0] ?? '';
  const widths = [',', ';', '|', '\t'].map((delimiter) => ({ delimiter, width: line.split(delimiter).length }));
  const { delimiter, width } = widths.reduce((best, next) => (next.width > best.width ? next : best));
  if (width === 1) return;
  const columns = Array.from({ length: width }, (_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  await connection.run(
    `SELECT count(*) FROM read_csv(${quoteText(file.path)}, auto_detect = false, delim = ${quoteText(delimiter)}, quote = '"', ` +
      `escape = '"', header = true, columns = {${columns}}, hive_partitioning = false)`,
  );
}

async function readHead(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function sampleRows(file: SourceFile): number {
  return file.bytes <= SNIFF_ALL_BYTES ? -1 : SNIFF_ROWS;
}

/** Names and types as the engine tells them. */
async function describe(connection: DuckDBConnection, reader: string): Promise<SourceColumn[]> {
  const rows = (await connection.runAndReadAll(`DESCRIBE FROM ${reader}`)).getRowsJson();
  return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/**
 * Reads all columns by position, each cast to the type it is stored in; before them a BOOLEAN that is true in one more row at the
 * end. The engine's streams end without an error when reading fails midway: only that row proves that all came.
 */
export function readQuery(reader: Reader, columns: readonly DatasetColumn[]): string {
  const nulls = columns.map(() => 'NULL').join(', ');
  return `SELECT false AS ended, * FROM (${castQuery(reader, columns)}) UNION ALL SELECT true, ${nulls}`;
}

/** Touches every value of a source and keeps none: fails as reading it fails, but says why. */
export function checkQuery(reader: Reader, columns: readonly DatasetColumn[]): string {
  return `SELECT ${columns.map((_, index) => `max(hash(c${index}))`).join(', ')} FROM (${castQuery(reader, columns)})`;
}

function castQuery(reader: Reader, columns: readonly DatasetColumn[]): string {
  const names = columns.map((_, index) => `c${index}`);
  const values = columns.map(({ type, wire }, index) =>
    type === wire ? names[index] : `CAST(c${index} AS ${wire}) AS c${index}`,
  );
  return `SELECT ${values.join(', ')} FROM ${reader.call} AS source(${names.join(', ')})`;
}
