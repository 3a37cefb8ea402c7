import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultColumn } from '../../shared/plan/physical.ts';
import { runInChild } from '../catalog/child-process.ts';

export interface ParquetOptions {
  /** For the slices on their way to the child; emptied by the coordinator at start. */
  readonly tempDir: string;
  readonly childEntry: URL | string;
  readonly memoryLimitBytes?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

const MEMORY_BYTES = 1024 * 1024 * 1024;

/**
 * Writes slices (complete Arrow streams with the columns' wire types) as one parquet file at `path`, in a child process that can
 * open no other file; what exceeds its memory limit goes to a folder of its own. HUGEINT columns become DECIMAL(38,0). Nothing is left behind on failure. @throws CatalogError
 */
export async function writeParquet(
  columns: readonly ResultColumn[],
  slices: AsyncIterable<Uint8Array>,
  path: string,
  options: ParquetOptions,
): Promise<{ readonly rows: number }> {
  const name = join(options.tempDir, randomBytes(9).toString('hex'));
  const spool = `${name}.slices`;
  const tempDir = `${name}.spill`;
  try {
    await mkdir(tempDir);
    await spoolSlices(slices, spool);
    const done = await runInChild({
      entry: options.childEntry,
      request: {
        type: 'writeParquet',
        slicesPath: spool,
        outputPath: path,
        tempDir,
        columns: columns.map(({ name, type, wire }) => ({ name, type, wire })),
        memoryLimitBytes: options.memoryLimitBytes ?? MEMORY_BYTES,
        threads: options.threads ?? 2,
      },
      subject: 'the parquet result',
      signal: options.signal,
      onMessage: () => undefined,
    });
    return { rows: done.type === 'parquetWritten' ? done.rows : 0 };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await rm(spool, { force: true });
    await rm(tempDir, { recursive: true, force: true });
  }
}

async function spoolSlices(slices: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const slice of slices) {
      const head = Buffer.alloc(8);
      head.writeBigUInt64LE(BigInt(slice.length));
      await file.writeFile(head);
      await file.writeFile(slice);
    }
  } finally {
    await file.close();
  }
}
