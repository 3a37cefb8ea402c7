/** Writes one record to a file piece by piece: its header is known before its bytes come. */
import type { RecordLine } from '../../shared/arrow/record.ts';
import { BlockError } from './errors.ts';
import type { NewFile } from './files.ts';
import { WrittenTail } from './written-tail.ts';

/** Small slices are written together. */
const FLUSH_BYTES = 1024 * 1024;

export interface RecordWriterDeps {
  /** Where the file is until it is committed. */
  readonly path: string;
  readonly file: NewFile;
  /** The file is complete and closed: puts it in its place. */
  readonly commit: () => Promise<void>;
  /** Removes the file. */
  readonly abandon: () => Promise<void>;
  /** What is thrown for what the file system said. */
  readonly failed: (error: unknown) => Error;
}

export class RecordWriter {
  readonly lines: readonly RecordLine[];
  readonly #deps: RecordWriterDeps;
  /** Where each bucket's bytes begin in the file. */
  readonly #offsets: readonly number[];
  #parts: Uint8Array[];
  #partsAt = 0;
  #partsBytes: number;
  #over = false;
  /** The file has all bytes before this one. */
  #written = 0;
  #end: 'finished' | 'abandoned' | 'rewritten' | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #tail = new WrittenTail();
  #readers = 0;

  /** `header`: that of a record of these buckets. */
  constructor(header: Uint8Array, buckets: readonly RecordLine[], deps: RecordWriterDeps) {
    this.lines = buckets;
    this.#deps = deps;
    this.#parts = [header];
    this.#partsBytes = header.length;
    let at = header.length;
    this.#offsets = buckets.map(({ storedBytes }) => {
      const offset = at;
      at += storedBytes;
      return offset;
    });
  }

  get path(): string {
    return this.#deps.path;
  }

  /** Where a bucket's bytes begin in the file. */
  offsetOf(bucket: number): number {
    return this.#offsets[bucket] ?? 0;
  }

  /** The file has all bytes before this one. */
  get written(): number {
    return this.#written;
  }

  /** Whoever reads along finds what was written last in memory, until the answer is called. */
  readAlong(): () => void {
    this.#readers++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#readers === 0) this.#tail.clear();
    };
  }

  /** Written bytes from `from` on, as far as they lie in memory; none when the first of them does not. */
  inMemory(from: number, to: number): readonly Uint8Array[] {
    return this.#tail.slice(from, to);
  }

  /**
   * Resolves once the file has all bytes before `position`: as they came, and not yet known to be right. @throws BlockError `io` when
   * they won't come, or when bytes that may have been read were written anew
   */
  reached(position: number): Promise<void> {
    return this.#until(() => this.#written >= position);
  }

  /** Resolves once the whole record is known to be right. @throws BlockError as `reached` */
  finished(): Promise<void> {
    return this.#until(() => false);
  }

  /**
   * Bytes of a bucket, from its byte `at` on; what is written again replaces what was. Resolves when enough has reached the file that
   * more may come. Rejects with BlockError.
   */
  write(bucket: number, at: number, bytes: Uint8Array): Promise<void> | undefined {
    const position = (this.#offsets[bucket] ?? 0) + at;
    const follows = position === this.#partsAt + this.#partsBytes;
    if (follows) {
      this.#parts.push(bytes);
      this.#partsBytes += bytes.byteLength;
      return this.#partsBytes < FLUSH_BYTES ? undefined : this.#flush();
    }
    return this.#flush().then(() => {
      if (position < this.#written) this.#ends('rewritten');
      this.#parts = [bytes];
      this.#partsAt = position;
      this.#partsBytes = bytes.byteLength;
    });
  }

  /** Every bucket was written whole. @throws BlockError; nothing is left behind then */
  async finish(): Promise<void> {
    this.#over = true;
    const { file, commit, abandon, failed } = this.#deps;
    try {
      try {
        await this.#flush();
      } finally {
        await file.close();
      }
      await commit();
      this.#ends('finished');
    } catch (error) {
      this.#ends('abandoned');
      await abandon();
      throw failed(error);
    }
  }

  /** The record is not wanted; does nothing after `finish`. */
  async abandon(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#ends('abandoned');
    const { file, abandon } = this.#deps;
    try {
      await file.close();
    } finally {
      await abandon();
    }
  }

  async #flush(): Promise<void> {
    const [parts, at] = [this.#parts, this.#partsAt];
    this.#partsAt += this.#partsBytes;
    this.#parts = [];
    this.#partsBytes = 0;
    try {
      if (parts.length > 0) await this.#deps.file.write(parts, at);
    } catch (error) {
      throw this.#deps.failed(error);
    }
    if (this.#readers > 0) this.#tail.append(at, parts);
    // Bytes beyond a gap are not counted.
    if (at <= this.#written) this.#written = Math.max(this.#written, at + parts.reduce((sum, part) => sum + part.byteLength, 0));
    this.#tell();
  }

  /** The first end counts. */
  #ends(end: 'finished' | 'abandoned' | 'rewritten'): void {
    this.#end ??= end;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#end === undefined && !isSo()) return;
        this.#watchers.delete(look);
        if (this.#end === undefined || this.#end === 'finished') resolve();
        else reject(new BlockError('io', `the copy of the block was ${this.#end}`));
      };
      this.#watchers.add(look);
      look();
    });
  }
}
