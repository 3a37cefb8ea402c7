/**
 * Records as files of the origin's private file system (OPFS), through sync access handles: dedicated workers in secure contexts only.
 * Opening a file costs about 1 ms, reading ranges of an open one nearly nothing (16 ranges of a Blob in IndexedDB take 10-20 ms), so
 * handles stay open for a while. Files are not flushed: they survive the death of the browser, and after that of the machine their
 * lengths and digests tell.
 */

/** `mode` is Chromium's: handles that only read don't exclude those of other tabs. Elsewhere a file has one handle at a time. */
interface SyncFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(options?: { readonly mode: 'read-only' | 'readwrite' }): Promise<SyncHandle>;
}

/** The DOM's types have the list of names among their iterables only, which not every folder's configuration names. */
type NamedEntries = FileSystemDirectoryHandle & { keys(): AsyncIterable<string> };

interface SyncHandle {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  getSize(): number;
  close(): void;
}

interface OpenFile {
  readonly handle: SyncHandle;
  readonly bytes: number;
}

const OPEN_MOST = 32;

/** A write that the disk took only in part. */
export class ShortWriteError extends Error {
  override name = 'ShortWriteError';
}

export class OpfsFolder {
  readonly #folder: FileSystemDirectoryHandle;
  /** Least recently used first. A handle is opened once, however many wait for it. */
  readonly #open = new Map<string, Promise<OpenFile | undefined>>();

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** Rejects where the browser has no OPFS, or none here. */
  static async open(name: string): Promise<OpfsFolder> {
    if (!self.isSecureContext || !('storage' in navigator)) throw new Error('OPFS needs a secure context');
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) throw new Error('OPFS needs sync access handles');
    const root = await navigator.storage.getDirectory();
    return new OpfsFolder(await root.getDirectoryHandle(name, { create: true }));
  }

  /** A new file. Rejects, and leaves none, when it can't be written whole. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    try {
      const handle = await (await this.#file(name, true)).createSyncAccessHandle();
      try {
        const written = handle.write(bytes, { at: 0 });
        if (written !== bytes.byteLength) throw new ShortWriteError(`only ${written} of ${bytes.byteLength} bytes were written`);
      } finally {
        handle.close();
      }
    } catch (error) {
      await this.remove([name]);
      throw error;
    }
  }

  /** Undefined where the file is gone, or has another length than `fileBytes`. */
  async readRange(name: string, fileBytes: number, at: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = await this.#opened(name);
    if (!file) return this.#readUnlocked(name, fileBytes, at, length);
    if (file.bytes !== fileBytes) return undefined;
    const bytes = new Uint8Array(length);
    return file.handle.read(bytes, { at }) === length ? bytes : undefined;
  }

  /** Files that are gone, or that another tab is reading, are passed over: the latter are left for a later `names()`. */
  async remove(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await this.#release(name);
        await this.#folder.removeEntry(name).catch(() => undefined);
      }),
    );
  }

  async names(): Promise<readonly string[]> {
    return namesIn(this.#folder);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.#release(name)));
  }

  async #file(name: string, create: boolean): Promise<SyncFileHandle> {
    return (await this.#folder.getFileHandle(name, { create })) as SyncFileHandle;
  }

  async #opened(name: string): Promise<OpenFile | undefined> {
    const known = this.#open.get(name);
    const opening = known ?? this.#openFile(name);
    this.#open.delete(name);
    this.#open.set(name, opening);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_MOST && oldest !== undefined) await this.#release(oldest);
    const file = await opening;
    // The next reader may find it unlocked.
    if (!file && this.#open.get(name) === opening) this.#open.delete(name);
    return file;
  }

  /** Undefined where another tab has it locked, or it is not there. */
  async #openFile(name: string): Promise<OpenFile | undefined> {
    try {
      const handle = await (await this.#file(name, false)).createSyncAccessHandle({ mode: 'read-only' });
      return { handle, bytes: handle.getSize() };
    } catch {
      return undefined;
    }
  }

  async #readUnlocked(name: string, fileBytes: number, at: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const file = await (await this.#file(name, false)).getFile();
      return file.size === fileBytes ? new Uint8Array(await file.slice(at, at + length).arrayBuffer()) : undefined;
    } catch {
      return undefined;
    }
  }

  async #release(name: string): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    (await opening)?.handle.close();
  }
}

/** For tests: keeps everybody else from opening a handle of the file. */
export async function lockFile(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await ((await folder.getFileHandle(name)) as SyncFileHandle).createSyncAccessHandle();
}

export async function namesIn(folder: FileSystemDirectoryHandle): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of (folder as NamedEntries).keys()) names.push(name);
  return names;
}
