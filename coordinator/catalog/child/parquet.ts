import type { ParquetRequest } from '../ingest-protocol.ts';
import { ChildFailure } from './failures.ts';

export async function writeParquet(_request: ParquetRequest): Promise<number> {
  throw new ChildFailure({ code: 'unsupported-type', message: 'Parquet results cannot be written yet.' });
}
