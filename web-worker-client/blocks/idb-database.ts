/**
 * One IndexedDB database with several object stores, whose loss is told. idb-keyval's own `createStore` has one store a database and
 * opens a new, empty database when the old one was deleted; here a database that is gone stays gone, and stands in nobody's way.
 */
import type { UseStore } from 'idb-keyval';

/** A browser that does not answer (a hung profile, a deletion that is blocked for ever) counts as one that stores nothing. */
const OPEN_MS = 10_000;

export class IdbDatabase {
  readonly #db: IDBDatabase;
  #lost: string | undefined;
  #closed = false;
  #onLost: (why: string) => void = () => undefined;

  private constructor(db: IDBDatabase) {
    this.#db = db;
    db.onversionchange = () => {
      // Another page deletes it, and waits for us to let go.
      db.close();
      this.#lose('its database was deleted');
    };
    db.onclose = () => this.#lose('the browser closed its database');
  }

  static async open(name: string, stores: readonly string[]): Promise<IdbDatabase> {
    return new IdbDatabase(await openWithin(name, stores, OPEN_MS));
  }

  /** Called at once where it was lost before. */
  onLost(listener: (why: string) => void): void {
    this.#onLost = listener;
    if (this.#lost !== undefined) listener(this.#lost);
  }

  /** For idb-keyval's functions. */
  store(name: string): UseStore {
    return async (mode, callback) => callback(this.#transaction([name], mode).objectStore(name));
  }

  /** Runs `change` in one transaction over `stores`; resolves when it is committed, rejects when nothing of it is. */
  async transact(stores: readonly string[], change: (transaction: IDBTransaction) => void): Promise<void> {
    const transaction = this.#transaction(stores, 'readwrite');
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the browser took the write back'));
      try {
        change(transaction);
      } catch (error) {
        transaction.abort();
        reject(error);
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#db.close();
  }

  #transaction(stores: readonly string[], mode: IDBTransactionMode): IDBTransaction {
    if (this.#lost !== undefined) throw new Error(`This browser's store is gone: ${this.#lost}.`);
    return this.#db.transaction([...stores], mode);
  }

  #lose(why: string): void {
    if (this.#closed || this.#lost !== undefined) return;
    this.#lost = why;
    this.#onLost(why);
  }
}

function openWithin(name: string, stores: readonly string[], ms: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error('the browser did not open its database in time'));
    }, ms);
    request.onupgradeneeded = () => {
      for (const store of stores) request.result.createObjectStore(store);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      if (late) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error ?? new Error('the browser did not open its database'));
    };
  });
}

export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error(`the browser did not delete ${name}`));
  });
}
