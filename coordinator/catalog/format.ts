import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { CatalogError } from './errors.ts';
import type { DatasetFormat } from './types.ts';

export const DATASET_FORMATS: readonly DatasetFormat[] = ['parquet', 'csv', 'json', 'ndjson', 'arrow'];

const EXTENSIONS: { readonly [extension: string]: DatasetFormat } = {
  '.parquet': 'parquet',
  '.pq': 'parquet',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.feather': 'arrow',
  '.ipc': 'arrow',
};

export type Compression = 'none' | 'gzip' | 'zstd';

export interface SourceFormat {
  readonly format: DatasetFormat;
  /** Of the whole file; only text formats may have one. */
  readonly compression: Compression;
}

/**
 * The format of a file: as asked for, else by the extension of its name, else by its first bytes.
 * @throws CatalogError `unknown-format`
 */
export async function detectFormat(path: string, fileName: string, asked?: string): Promise<SourceFormat> {
  const head = await readHead(path);
  const compression = compressionOf(head);
  const plainName = compression === 'none' ? fileName : fileName.replace(/\.(gz|zst|zstd)$/i, '');
  const format = asked === undefined ? (EXTENSIONS[extname(plainName).toLowerCase()] ?? byMagic(head)) : asFormat(asked);
  if (!format) {
    throw new CatalogError({
      code: 'unknown-format',
      message: `The format of ${fileName} is not known from its name or its first bytes.`,
      hint: `Name it with "format": one of ${DATASET_FORMATS.join(', ')}.`,
    });
  }
  if (compression !== 'none' && (format === 'parquet' || format === 'arrow')) {
    throw new CatalogError({
      code: 'unknown-format',
      message: `${fileName} is compressed as a whole (${compression}); a ${format} file cannot be read that way.`,
      hint: 'Decompress the file first.',
    });
  }
  return { format, compression };
}

function asFormat(asked: string): DatasetFormat {
  const format = DATASET_FORMATS.find((known) => known === asked.toLowerCase());
  if (format) return format;
  throw new CatalogError({
    code: 'unknown-format',
    message: `"${asked}" is not a format that Muster reads.`,
    hint: `Choose one of ${DATASET_FORMATS.join(', ')}, or leave the format out.`,
  });
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function compressionOf(head: Buffer): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return 'none';
}

function byMagic(head: Buffer): DatasetFormat | undefined {
  if (head.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (head.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  if (head.length >= 8 && head.readUInt32LE(0) === 0xffffffff) return 'arrow';
  if (head.length === 0 || head.includes(0)) return undefined;
  const first = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()[0];
  return first === '{' || first === '[' ? 'json' : 'csv';
}
