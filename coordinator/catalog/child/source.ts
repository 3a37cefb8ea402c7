import type { DuckDBConnection } from '@duckdb/node-api';
import type { Compression } from '../format.ts';
import type { DatasetFormat } from '../types.ts';
import { quoteText } from './database.ts';

/** Text files up to this size are read twice, so that types fit all rows; of larger ones the first rows decide. */
const SNIFF_ALL_BYTES = 128 * 1024 * 1024;
const SNIFF_ROWS = 1_000_000;
const JSON_OBJECT_BYTES = 256 * 1024 * 1024;

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
  const call = (sample: number, more = ''): string =>
    `read_csv(${quoteText(file.path)}, sample_size = ${sample}, skip = 0, compression = '${file.compression}', hive_partitioning = false${more})`;
  let first: unknown;
  for (const sample of [sampleRows(file), 2048, 8]) {
    try {
      const reader = { call: call(sample), columns: await describe(connection, call(sample)) };
      const torn = reader.columns.length === 1 ? /[,;|\t]/.exec(reader.columns[0]?.name ?? '')?.[0] : undefined;
      if (torn === undefined) return reader;
      // One column whose name holds a delimiter: lines of unequal length. Insisting on it gives the line that breaks it.
      const insisting = call(sample, `, delim = ${quoteText(torn)}`);
      return { call: insisting, columns: await describe(connection, insisting) };
    } catch (error) {
      first ??= error;
      if (!String(error).includes('Error when sniffing file')) throw error;
    }
  }
  throw first;
}

function sampleRows(file: SourceFile): number {
  return file.bytes <= SNIFF_ALL_BYTES ? -1 : SNIFF_ROWS;
}

/** Names and types as the engine tells them. */
async function describe(connection: DuckDBConnection, reader: string): Promise<SourceColumn[]> {
  const rows = (await connection.runAndReadAll(`DESCRIBE FROM ${reader}`)).getRowsJson();
  return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/** Reads all columns by position, each cast to the type it is stored in. */
export function readQuery(call: string, columns: readonly { readonly type: string; readonly wire: string }[]): string {
  const names = columns.map((_, index) => `c${index}`);
  const values = columns.map(({ type, wire }, index) =>
    type === wire ? names[index] : `CAST(${names[index]} AS ${wire}) AS ${names[index]}`,
  );
  return `SELECT ${values.join(', ')} FROM ${call} AS source(${names.join(', ')})`;
}
