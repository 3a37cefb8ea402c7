/**
 * Blocks in a directory, for the headless worker. `blocks/ID` is a record, `meta/ID.json` its metadata, written after it: a record
 * without metadata does not exist. One process a directory.
 */
import { mkdir, open, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isHex64 } from '../../shared/ids.ts';
import type { BlockMeta } from '../blocks/block-cache.ts';
import { type BlockStore, type StoredBlock, StoreFullError } from '../blocks/block-store.ts';

const AT_ONCE = 32;
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export class FileStore implements BlockStore {
  readonly #blocks: string;
  readonly #meta: string;
  readonly #settings: string;

  private constructor(directory: string) {
    this.#blocks = join(directory, 'blocks');
    this.#meta = join(directory, 'meta');
    this.#settings = join(directory, 'settings.json');
  }

  static async open(directory: string): Promise<FileStore> {
    const store = new FileStore(directory);
    await mkdir(store.#blocks, { recursive: true });
    await mkdir(store.#meta, { recursive: true });
    return store;
  }

  /** Nobody else has it, and a directory that is deleted shows when blocks are read. */
  listen(): void {}

  async load(): Promise<readonly BlockMeta[]> {
    const names = await readdir(this.#meta);
    const metas: BlockMeta[] = [];
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const texts = await Promise.all(names.slice(at, at + AT_ONCE).map((name) => readFile(join(this.#meta, name), 'utf8')));
      for (const text of texts) {
        const meta = parseMeta(text);
        if (meta) metas.push(meta);
      }
    }
    await this.#removeOrphans(new Set(metas.map((meta) => meta.id)));
    return metas;
  }

  async read(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await unlessAbsent(readFile(join(this.#blocks, id)));
    return bytes && new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  }

  async readRange(id: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = await unlessAbsent(open(join(this.#blocks, id)));
    if (!file) return undefined;
    try {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      return bytesRead === length ? bytes : undefined;
    } finally {
      await file.close();
    }
  }

  async write(blocks: readonly StoredBlock[]): Promise<void> {
    try {
      // A block that replaces another must not be found under the other's metadata.
      await Promise.all(blocks.map(({ meta }) => rm(this.#metaPath(meta.id), { force: true })));
      await Promise.all(blocks.map(({ meta, record }) => writeWhole(join(this.#blocks, meta.id), record)));
      await this.#writeMetas(blocks.map((b) => b.meta));
    } catch (error) {
      await this.remove(blocks.map((b) => b.meta.id));
      if (NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) throw new StoreFullError((error as Error).message);
      throw error;
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => rm(this.#metaPath(id), { force: true })));
    await Promise.all(ids.map((id) => rm(join(this.#blocks, id), { force: true })));
  }

  async touch(metas: readonly BlockMeta[]): Promise<void> {
    const there = new Set(await readdir(this.#meta));
    await this.#writeMetas(metas.filter((meta) => there.has(`${meta.id}.json`)));
  }

  async readSetting(key: string): Promise<string | undefined> {
    return (await this.#readSettings())[key];
  }

  async writeSetting(key: string, value: string): Promise<void> {
    await writeWhole(this.#settings, JSON.stringify({ ...(await this.#readSettings()), [key]: value }));
  }

  async roomBytes(): Promise<number | undefined> {
    const { bavail, bsize } = await statfs(this.#blocks);
    return bavail * bsize;
  }

  async clear(): Promise<void> {
    for (const folder of [this.#blocks, this.#meta]) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
    }
    await rm(this.#settings, { force: true });
  }

  async close(): Promise<void> {}

  async #writeMetas(metas: readonly BlockMeta[]): Promise<void> {
    await Promise.all(metas.map((meta) => writeWhole(this.#metaPath(meta.id), JSON.stringify(meta))));
  }

  #metaPath(id: string): string {
    return join(this.#meta, `${id}.json`);
  }

  async #readSettings(): Promise<Readonly<Record<string, string>>> {
    const text = await unlessAbsent(readFile(this.#settings, 'utf8'));
    return text === undefined ? {} : (JSON.parse(text) as Record<string, string>);
  }

  /** Records whose metadata was never written, and files that a crash left half done. */
  async #removeOrphans(known: ReadonlySet<string>): Promise<void> {
    const orphans = (await readdir(this.#blocks)).filter((name) => !known.has(name));
    await Promise.all(orphans.map((name) => rm(join(this.#blocks, name), { force: true })));
  }
}

/** Written aside and renamed: nobody ever reads half a file. */
async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const aside = `${path}.part`;
  await writeFile(aside, bytes);
  await rename(aside, path);
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseMeta(text: string): BlockMeta | undefined {
  try {
    const meta = JSON.parse(text) as BlockMeta;
    return isHex64(meta.id) && typeof meta.bytes === 'number' ? meta : undefined;
  } catch {
    // Half a file of an old crash: the block does not exist.
    return undefined;
  }
}
