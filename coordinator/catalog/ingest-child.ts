/**
 * The process that reads people's files: native DuckDB never runs on them inside the coordinator. It serves one request and
 * ends; whatever goes wrong in it, a crash of the engine included, fails that request alone.
 */
import { init as initZstd } from '@bokuweb/zstd-wasm';
import { invariant } from '../../shared/assert.ts';
import { loadHashes } from '../../shared/hash.ts';
import { failureOf } from './child/failures.ts';
import { ingest } from './child/ingest.ts';
import { writeParquet } from './child/parquet.ts';
import type { ChildRequest, FromChild, IngestRequest, ParquetRequest, ToChild } from './ingest-protocol.ts';

const PROGRESS_EVERY_MS = 100;

function send(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    invariant(process.send, 'the ingest child was started without a channel');
    process.send(message, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}

function nextMessage(): Promise<ToChild> {
  return new Promise((resolve) => process.once('message', (message) => resolve(message as ToChild)));
}

async function serveIngest(request: IngestRequest): Promise<void> {
  let toldAt = 0;
  const result = await ingest(request, {
    async identified(fileDigest) {
      const answer = nextMessage();
      await send({ type: 'identified', fileDigest });
      await answer;
    },
    progressed(fraction, rows) {
      const now = performance.now();
      if (now - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = now;
      void send({ type: 'progressed', fraction, rows });
    },
  });
  await send({ type: 'ingested', result });
}

async function serveParquet(request: ParquetRequest): Promise<void> {
  const rows = await writeParquet(request);
  await send({ type: 'parquetWritten', rows });
}

async function serve(request: ChildRequest): Promise<void> {
  const source =
    request.type === 'ingest' ? request : { path: request.outputPath, fileName: 'the result', format: 'parquet' as const };
  try {
    await Promise.all([loadHashes(), initZstd()]);
    if (request.type === 'ingest') await serveIngest(request);
    else await serveParquet(request);
  } catch (error) {
    await send({ type: 'failed', failure: failureOf(error, source) });
  }
  process.disconnect();
}

// Nobody is left to serve when the coordinator is gone.
process.on('disconnect', () => process.exit(0));
const first = await nextMessage();
invariant(first.type !== 'proceed', 'the first message to the ingest child is its request');
await serve(first);
