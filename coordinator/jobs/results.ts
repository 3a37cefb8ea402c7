/** Kept results in the formats that authors ask for. Every slice is verified against its digest as it is read. */
import type { ResultFormat, ResultStream, ResultsPort } from '../api/services.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { encodeResult } from '../results/encode.ts';
import type { JobRecord } from '../store/jobs.ts';

export interface ResultsOptions {
  readonly blocks: Pick<CoordinatorBlocks, 'readStream'>;
}

type Record = Pick<JobRecord, 'columns' | 'result'>;

const CONTENT_TYPES: { readonly [F in ResultFormat]: string } = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

export function openResults(options: ResultsOptions): ResultsPort {
  return {
    async open(record: Record, format: ResultFormat): Promise<ResultStream> {
      const contentType = CONTENT_TYPES[format];
      if (format === 'parquet') throw new Error('parquet');
      return { contentType, body: encodeResult(format, record.columns, streams(record, options.blocks)) };
    },
  };
}

/** Complete Arrow streams in result order. */
async function* streams({ result }: Record, blocks: ResultsOptions['blocks']): AsyncGenerator<Uint8Array> {
  for (const { blockId, buckets } of result) {
    for (const [bucket, { digest }] of buckets.entries()) yield await blocks.readStream(blockId, bucket, digest);
  }
}
