/** Turns what the engine, the disk or our own code threw into a failure that says what to do. */
import type { CatalogFailure } from '../errors.ts';
import type { DatasetFormat } from '../types.ts';

/** Thrown inside the child where the cause is known; crosses to the coordinator as data. */
export class ChildFailure extends Error {
  override name = 'ChildFailure';
  readonly failure: CatalogFailure;

  constructor(failure: CatalogFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const HINTS: { readonly [F in DatasetFormat]: string } = {
  parquet: 'Check that the file was copied whole, and that it opens in another parquet reader.',
  csv: 'Correct the line, or save the file again with one delimiter and one quote character throughout.',
  json: 'Give an array of objects, or one object a line.',
  ndjson: 'Give one JSON object a line.',
  arrow: 'Save the file again as an uncompressed Arrow IPC file or stream.',
};

export interface Source {
  readonly path: string;
  readonly fileName: string;
  readonly format: DatasetFormat;
}

/** `path` never reaches the reader: the name they know the file by stands in its place. */
export function failureOf(error: unknown, source: Source): CatalogFailure {
  if (error instanceof ChildFailure) return error.failure;
  const raw = error instanceof Error ? error.message : String(error);
  const code = errno(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || raw.includes('No space left on device')) {
    return {
      code: 'disk-full',
      message: `The disk is full: ${source.fileName} could not be stored.`,
      hint: 'Free some space in the data directory, or remove datasets that are no longer needed.',
    };
  }
  const message = tidy(raw, source);
  if (/^Out of Memory Error/.test(raw)) {
    return { code: 'memory-limit', message, hint: 'Split the file, or save it as parquet with smaller row groups.' };
  }
  const line = lineOf(raw);
  return { code: 'bad-file', message, hint: HINTS[source.format], ...(line === undefined ? {} : { line }) };
}

/** The engine's own text, without the part that shows our SQL or lists every option of the sniffer. */
function tidy(raw: string, source: Source): string {
  const text = raw
    .replace(/\n+LINE \d+:[\s\S]*$/, '')
    .replace(/\n\s*Possible fixes:[\s\S]*$/i, '')
    .replace(/\n\s*Possible Solution[\s\S]*$/i, '')
    .replaceAll(source.path, source.fileName)
    .trim();
  return text.length > 1000 ? `${text.slice(0, 1000)}...` : text;
}

function lineOf(raw: string): number | undefined {
  const match = /CSV Error on Line: (\d+)/.exec(raw) ?? /\bline[: ]+(\d+)/i.exec(raw.replace(/\n+LINE \d+:[\s\S]*$/, ''));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function errno(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
