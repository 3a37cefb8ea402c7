/** Which is faster here for records: IndexedDB or OPFS. Measured once a profile, in some tens of ms, the way records are used. */
import { deleteDatabase, IdbDatabase } from './idb-database.ts';
import { OpfsFolder } from './opfs-folder.ts';

export interface RecordsMeasured {
  readonly indexedDbMs: number;
  readonly opfsMs: number;
}

const RECORDS = 2;
const RECORD_BYTES = 2 * 1024 * 1024;
/** A shuffle's reader wants one bucket of each record. */
const RANGES = 8;

/** Rejects where either of them fails. `name` begins the names of what it makes, and deletes. */
export async function measureRecords(name: string): Promise<RecordsMeasured> {
  const record = new Uint8Array(RECORD_BYTES);
  for (let at = 0; at < RECORD_BYTES; at += 65_536) crypto.getRandomValues(record.subarray(at, at + 65_536));
  return { opfsMs: await measureOpfs(name, record), indexedDbMs: await measureIndexedDb(name, record) };
}

const NAMES = Array.from({ length: RECORDS }, (_, i) => `record-${i}`);
const STEP = RECORD_BYTES / RANGES;

async function measureOpfs(name: string, record: Uint8Array): Promise<number> {
  const folder = await OpfsFolder.open(name);
  try {
    const began = performance.now();
    await Promise.all(NAMES.map((file) => folder.write(file, record)));
    for (const file of NAMES) {
      for (let at = 0; at < RECORD_BYTES; at += STEP) {
        if (!(await folder.readRange(file, RECORD_BYTES, at, STEP))) throw new Error('OPFS lost a file');
      }
    }
    return performance.now() - began;
  } finally {
    await folder.remove(NAMES);
    await folder.close();
    await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true });
  }
}

async function measureIndexedDb(name: string, record: Uint8Array<ArrayBuffer>): Promise<number> {
  const db = await IdbDatabase.open(name, ['records']);
  try {
    const began = performance.now();
    await db.transact(['records'], (transaction) => {
      for (const key of NAMES) transaction.objectStore('records').put(new Blob([record]), key);
    });
    const use = db.store('records');
    for (const key of NAMES) {
      const blob = await use('readonly', (store) => requested<Blob>(store.get(key)));
      for (let at = 0; at < RECORD_BYTES; at += STEP) await blob.slice(at, at + STEP).arrayBuffer();
    }
    return performance.now() - began;
  } finally {
    db.close();
    await deleteDatabase(name);
  }
}

function requested<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('a read failed'));
  });
}
