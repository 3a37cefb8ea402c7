/** A dataset's name and format, guessed from its file's name. */
import type { DatasetFormat } from '../../client/index.ts';

const FORMATS: { readonly [extension: string]: DatasetFormat } = {
  parquet: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  arrow: 'arrow',
  feather: 'arrow',
};

/** `Flights 3M.parquet` -> `flights_3m`. */
export function nameFrom(file: string): string {
  const stem = file.replace(/\.[^.]*$/, '').toLowerCase();
  const name = stem.replace(/[^a-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  return /^[a-z_]/.test(name) ? name : `t_${name}`;
}

export function formatFrom(file: string): DatasetFormat | undefined {
  return FORMATS[file.split('.').at(-1)?.toLowerCase() ?? ''];
}
