/** What goes wrong with datasets, in the words and with the HTTP status that the API answers with. */
export type CatalogErrorCode =
  | 'dataset-name'
  | 'dataset-exists'
  | 'dataset-not-found'
  | 'datasets-full'
  | 'unknown-format'
  | 'file-not-readable'
  | 'file-changed'
  | 'bad-file'
  | 'unsupported-type'
  | 'memory-limit'
  | 'disk-full'
  | 'ingest-cancelled'
  | 'ingest-crashed';

export const CATALOG_STATUS: { readonly [C in CatalogErrorCode]: number } = {
  'dataset-name': 400,
  'dataset-exists': 409,
  'dataset-not-found': 404,
  'datasets-full': 409,
  'unknown-format': 400,
  'file-not-readable': 400,
  'file-changed': 409,
  'bad-file': 400,
  'unsupported-type': 400,
  'memory-limit': 400,
  'disk-full': 507,
  'ingest-cancelled': 409,
  'ingest-crashed': 500,
};

const TITLES: { readonly [C in CatalogErrorCode]: string } = {
  'dataset-name': 'That name cannot be used',
  'dataset-exists': 'The name is in use',
  'dataset-not-found': 'No such dataset',
  'datasets-full': 'Too many datasets',
  'unknown-format': 'The file format is not known',
  'file-not-readable': 'The file cannot be read',
  'file-changed': 'The file changed while it was read',
  'bad-file': 'The file cannot be read as it is',
  'unsupported-type': 'A column has a type that cannot be stored',
  'memory-limit': 'The file needs more memory than ingest may use',
  'disk-full': 'The disk is full',
  'ingest-cancelled': 'The upload was cancelled',
  'ingest-crashed': 'Reading the file crashed',
};

/** The parts of a CatalogError that cross from the child process. */
export interface CatalogFailure {
  readonly code: CatalogErrorCode;
  readonly message: string;
  /** What the reader can do about it. */
  readonly hint?: string;
  /** Line of the source file, from 1, where known. */
  readonly line?: number;
}

export class CatalogError extends Error implements CatalogFailure {
  override name = 'CatalogError';
  readonly code: CatalogErrorCode;
  readonly status: number;
  readonly title: string;
  readonly hint?: string;
  readonly line?: number;

  /** The message, as problem+json calls it. */
  get detail(): string {
    return this.message;
  }

  constructor(failure: CatalogFailure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.code = failure.code;
    this.status = CATALOG_STATUS[failure.code];
    this.title = TITLES[failure.code];
    if (failure.hint !== undefined) this.hint = failure.hint;
    if (failure.line !== undefined) this.line = failure.line;
  }
}
