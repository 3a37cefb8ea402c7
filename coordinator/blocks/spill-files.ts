/**
 * Bytes that wait on disk for a slow reader. They lie in a few files without names (removed as soon as they are open), so nothing is
 * left behind however the coordinator ends.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asBlockError, BlockError } from './errors.ts';
import { type CreateFile, createFile, type NewFile } from './files.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

interface Segment {
  readonly file: Promise<NewFile>;
  end: number;
  /** Bytes of places not yet freed; at 0 the file is closed, which gives its space back. */
  live: number;
}

/** Where spilled bytes lie; good until it is freed. */
export interface SpillPlace {
  readonly segment: Segment;
  readonly at: number;
  readonly bytes: number;
}

export interface SpillOptions {
  /** A folder that is emptied at each start. */
  readonly dir: () => Promise<string>;
  readonly capBytes: number;
  readonly create?: CreateFile;
}

export class SpillFiles {
  readonly #options: SpillOptions;
  #current: Segment | undefined;
  #usedBytes = 0;

  constructor(options: SpillOptions) {
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @throws BlockError `disk-full` (the cap, or the disk itself) or `io`; nothing is kept then */
  async write(bytes: Uint8Array): Promise<SpillPlace> {
    if (this.#usedBytes + bytes.length > this.#options.capBytes) {
      throw new BlockError('disk-full', `Slow readers have left ${this.#usedBytes} bytes on disk; more are not kept.`);
    }
    const place = this.#reserve(bytes.length);
    try {
      await (await place.segment.file).write([bytes], place.at);
      return place;
    } catch (error) {
      if (this.#current === place.segment) this.#current = undefined;
      this.free(place);
      throw asBlockError(error, 'keeping bytes for a slow reader');
    }
  }

  /** @throws BlockError */
  async read({ segment, at, bytes }: SpillPlace): Promise<Uint8Array> {
    try {
      const read = await (await segment.file).read(at, bytes);
      if (read.length === bytes) return read;
    } catch (error) {
      throw asBlockError(error, 'reading bytes kept for a slow reader');
    }
    throw new BlockError('corrupt', 'A file of bytes kept for a slow reader is cut short.');
  }

  free({ segment, bytes }: SpillPlace): void {
    segment.live -= bytes;
    this.#usedBytes -= bytes;
    if (segment.live > 0) return;
    if (this.#current === segment) this.#current = undefined;
    // A file that could not be opened has nothing to close; whoever wrote to it was told.
    segment.file.then((file) => file.close()).catch(() => undefined);
  }

  #reserve(bytes: number): SpillPlace {
    if (this.#current === undefined || this.#current.end + bytes > SEGMENT_BYTES) {
      this.#current = { file: this.#open(), end: 0, live: 0 };
    }
    const segment = this.#current;
    const place = { segment, at: segment.end, bytes };
    segment.end += bytes;
    segment.live += bytes;
    this.#usedBytes += bytes;
    return place;
  }

  async #open(): Promise<NewFile> {
    const path = join(await this.#options.dir(), `spill-${randomBytes(9).toString('hex')}`);
    const file = await (this.#options.create ?? createFile)(path);
    await rm(path, { force: true });
    return file;
  }
}
