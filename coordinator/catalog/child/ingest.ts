import { stat } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { invariant } from '../../../shared/assert.ts';
import { vectorData } from '../columns/vectors.ts';
import type { IngestRequest, IngestResult } from '../ingest-protocol.ts';
import { ingestArrow } from './arrow-source.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { datasetColumns } from './columns.ts';
import { openSandbox } from './database.ts';
import { ChildFailure } from './failures.ts';
import { hashFile } from './hash-file.ts';
import { checkQuery, openReader, readQuery } from './source.ts';

export interface IngestSteps {
  /** Told the sha256 of the file; resolves when the work shall go on. */
  identified(fileDigest: string): Promise<void>;
  /** `fraction` is 0..1. */
  progressed(fraction: number, rows: number): void;
}

/** Reads the request's file into block files. @throws ChildFailure, or what the engine threw */
export async function ingest(request: IngestRequest, steps: IngestSteps): Promise<IngestResult> {
  const before = await stat(request.path, { bigint: true });
  const fileDigest = await hashFile(request.path);
  await steps.identified(fileDigest);
  const source = sourceName(request.format, fileDigest);
  const result = request.format === 'arrow' ? await ingestArrow(request, source, steps) : await ingestSql(request, source, steps);
  const after = await stat(request.path, { bigint: true });
  if (before.mtimeNs !== after.mtimeNs || before.size !== after.size) {
    throw new ChildFailure({
      code: 'file-changed',
      message: `${request.fileName} was changed while it was being read.`,
      hint: 'Register it again when nothing writes to it any more.',
    });
  }
  return result;
}

/** The same bytes read as another format are another source. */
function sourceName(format: string, fileDigest: string): string {
  return `${format}:${fileDigest}`;
}

async function ingestSql(request: IngestRequest, source: string, steps: IngestSteps): Promise<IngestResult> {
  const connection = await openSandbox({ ...request, files: [request.path] });
  try {
    const { size } = await stat(request.path);
    const reader = await openReader(connection, { ...request, bytes: size });
    const columns = datasetColumns(reader.columns);
    const writer = new ChunkWriter(columns, source, request.chunkDir);
    await readAll(connection, readQuery(reader, columns), writer, steps).catch(async (error: unknown) => {
      if (error instanceof EndedEarly) await connection.run(checkQuery(reader, columns));
      throw error;
    });
    const chunks = writer.finish();
    return { columns: writer.withDistinct(columns), chunks, rows: writer.rows, bytes: writer.bytes };
  } finally {
    connection.closeSync();
  }
}

/** The stream ended without its last row: something went wrong that it did not tell. */
class EndedEarly extends Error {
  override name = 'EndedEarly';
}

async function readAll(connection: DuckDBConnection, sql: string, writer: ChunkWriter, steps: IngestSteps): Promise<void> {
  const result = await connection.stream(sql);
  let ended = false;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    const [marks, ...vectors] = vectorsOf(chunk);
    invariant(marks && !ended, 'rows came after the last one');
    const markedRow = vectorData(marks, chunk.rowCount).indexOf(1);
    ended = markedRow >= 0;
    invariant(!ended || markedRow === chunk.rowCount - 1, 'the last row came before others');
    writer.addVectors(vectors, ended ? chunk.rowCount - 1 : chunk.rowCount);
    steps.progressed(fractionOf(connection), writer.rows);
  }
  if (!ended) throw new EndedEarly('reading ended before all rows had come');
}

function vectorsOf(chunk: DuckDBDataChunk) {
  return Array.from({ length: chunk.columnCount }, (_, index) => bindings.data_chunk_get_vector(chunk.chunk, index));
}

function fractionOf(connection: DuckDBConnection): number {
  const { percentage } = connection.progress;
  return percentage > 0 ? Math.min(1, percentage / 100) : 0;
}
