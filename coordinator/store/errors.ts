/** Why the data directory cannot be used. `detail` says what happened, `hint` what to do next; the command line prints both. */
export type StoreErrorCode =
  | 'data-dir-not-writable'
  | 'data-dir-in-use'
  | 'store-corrupt'
  | 'store-newer'
  | 'disk-full'
  | 'nothing-to-back-up'
  | 'backup-failed'
  | 'backup-incomplete'
  | 'folder-not-empty';

export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly hint: string;

  constructor(code: StoreErrorCode, detail: string, hint: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** SQLite's own result code (`SQLITE_BUSY`, ...) of an error that libsql threw; undefined for anything else. */
export function sqliteCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
