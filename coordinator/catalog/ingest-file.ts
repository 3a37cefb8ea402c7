import { randomBytes } from 'node:crypto';
import { link, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256Hex } from '../../shared/hash.ts';
import type { DatasetVersion } from '../../shared/ids.ts';
import { canonicalJson } from '../../shared/plan/recipe.ts';
import { runInChild } from './child-process.ts';
import { CatalogError } from './errors.ts';
import type { Compression, SourceFormat } from './format.ts';
import { type IngestResult, NORMALISER_VERSION } from './ingest-protocol.ts';
import type { DatasetFormat, DatasetRecord } from './types.ts';

export interface IngestFileOptions extends SourceFormat {
  /** Of the dataset to be. */
  readonly name: string;
  readonly path: string;
  readonly fileName: string;
  /** For the link under which the child sees the file. */
  readonly linkDir: string;
  readonly chunkDir: string;
  readonly entry: URL | string;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  /** A dataset with this content, if there is one. A throw ends the ingest. */
  readonly known: (version: DatasetVersion) => DatasetRecord | undefined;
  readonly progressed: (fraction: number, rows: number) => void;
}

type Content = Pick<IngestResult, 'columns' | 'rows' | 'bytes' | 'chunks'>;

export type FoundRecord =
  /** Under this name already. */
  | { readonly kind: 'same'; readonly record: DatasetRecord }
  /** Under another name: its chunks serve both. */
  | { readonly kind: 'shared'; readonly version: DatasetVersion; readonly content: Content }
  /** Read anew; the chunks lie in `chunkDir`. */
  | { readonly kind: 'read'; readonly version: DatasetVersion; readonly content: Content };

/** Thrown to end the child early: what it would read is there. */
class AlreadyThere extends Error {
  override name = 'AlreadyThere';
  readonly record: DatasetRecord;

  constructor(record: DatasetRecord) {
    super(`dataset ${record.name} has this content`);
    this.record = record;
  }
}

/** Reads one file in a child process. @throws CatalogError */
export async function ingestFile(options: IngestFileOptions): Promise<FoundRecord> {
  const path = await linkTo(options);
  let version: DatasetVersion | undefined;
  try {
    const { format, compression, fileName, chunkDir, memoryLimitBytes, threads } = options;
    const done = await runInChild({
      entry: options.entry,
      request: { type: 'ingest', path, fileName, format, compression, chunkDir, memoryLimitBytes, threads },
      subject: fileName,
      signal: options.signal,
      onMessage(message, answer) {
        if (message.type === 'progressed') options.progressed(message.fraction, message.rows);
        if (message.type !== 'identified') return;
        version = versionOf(format, message.fileDigest);
        const record = options.known(version);
        if (record) throw new AlreadyThere(record);
        answer({ type: 'proceed' });
      },
    });
    if (done.type !== 'ingested' || version === undefined) {
      throw new CatalogError({
        code: 'ingest-crashed',
        message: `The process that read ${fileName} gave an answer to another request.`,
      });
    }
    return { kind: 'read', version, content: done.result };
  } catch (error) {
    if (!(error instanceof AlreadyThere)) throw error;
    const { record } = error;
    if (record.name.toLowerCase() === options.name.toLowerCase()) return { kind: 'same', record };
    return { kind: 'shared', version: record.version, content: record };
  } finally {
    await rm(path, { force: true });
  }
}

/** The same bytes read by the same rules are the same version, whatever they are called. */
function versionOf(format: DatasetFormat, fileDigest: string): DatasetVersion {
  return sha256Hex(canonicalJson({ v: 1, format, file: fileDigest, normaliser: NORMALISER_VERSION })) as DatasetVersion;
}

/**
 * A link with a plain name in our own folder: the engine would read `*` and `[` in a path as patterns, and folder names such as
 * `year=2024` as columns.
 */
async function linkTo(options: {
  path: string;
  linkDir: string;
  format: DatasetFormat;
  compression: Compression;
}): Promise<string> {
  const suffix = options.compression === 'none' ? '' : options.compression === 'gzip' ? '.gz' : '.zst';
  const path = join(options.linkDir, `${randomBytes(9).toString('hex')}.${options.format}${suffix}`);
  const target = resolve(options.path);
  try {
    await symlink(target, path);
  } catch {
    // Windows lets only some users make symbolic links; a hard link does where both are on one volume.
    await link(target, path);
  }
  return path;
}
