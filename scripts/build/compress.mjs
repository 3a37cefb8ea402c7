/**
 * Compressed copies (`.br`, `.gz`) beside what the coordinator serves. The engine is 36 MB: brotli takes 6 s at quality 9
 * (6.2 MB), 35 s at 10 (5.5 MB) and over a minute at 11 (5.3 MB), so each result is kept by content under node_modules/.cache.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, extname, join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { filesBelow } from './inputs.mjs';

const COMPRESSED = new Set(['.wasm', '.js', '.mjs', '.css', '.html', '.svg', '.json']);
/** Below this a compressed copy saves no packet. */
const SMALLEST_BYTES = 1024;
const BIG_BYTES = 4 * 1024 * 1024;
const THREADS = Math.max(1, Math.min(4, availableParallelism()));

export const SETTINGS = {
  br: { small: 11, big: 10 },
  gz: { small: 9, big: 9 },
};

export async function compressFolder(root, folder, log) {
  const cache = join(root, 'node_modules', '.cache', 'muster', 'compressed');
  mkdirSync(cache, { recursive: true });
  const jobs = filesBelow(folder).flatMap((file) => jobsFor(file, cache));
  const missing = jobs.filter((job) => !existsSync(job.cached));
  for (const job of missing.filter((job) => job.bytes > BIG_BYTES)) {
    log(`compressing ${relative(folder, job.file)} as ${job.kind} (${(job.bytes / 1e6).toFixed(1)} MB), once for this version`);
  }
  await runAll(missing);
  for (const job of jobs) copyFileSync(job.cached, `${job.file}.${job.kind}`);
}

function jobsFor(file, cache) {
  if (!COMPRESSED.has(extname(file))) return [];
  const content = readFileSync(file);
  if (content.length < SMALLEST_BYTES) return [];
  const digest = createHash('sha256').update(content).digest('hex');
  return Object.entries(SETTINGS).map(([kind, qualities]) => {
    const quality = content.length > BIG_BYTES ? qualities.big : qualities.small;
    return { file, kind, quality, bytes: content.length, cached: join(cache, `${digest}.${kind}${quality}`) };
  });
}

/** Biggest first, so that the engine's brotli does not start when all else is done. */
async function runAll(jobs) {
  const queue = [...jobs].sort((a, b) => weight(b) - weight(a));
  const threads = Math.min(THREADS, queue.length);
  await Promise.all(Array.from({ length: threads }, () => runFrom(queue)));
}

const weight = (job) => job.bytes * (job.kind === 'br' ? 20 : 1);

async function runFrom(queue) {
  const worker = new Worker(new URL('./compress-thread.mjs', import.meta.url));
  try {
    for (let job = queue.shift(); job; job = queue.shift()) {
      mkdirSync(dirname(job.cached), { recursive: true });
      const aside = `${job.cached}.${process.pid}`;
      await ask(worker, { file: job.file, kind: job.kind, quality: job.quality, to: aside });
      renameSync(aside, job.cached);
    }
  } finally {
    await worker.terminate();
  }
}

function ask(worker, message) {
  return new Promise((resolve, reject) => {
    const onMessage = () => {
      worker.off('error', onError);
      resolve();
    };
    const onError = (error) => {
      worker.off('message', onMessage);
      reject(error);
    };
    worker.once('message', onMessage);
    worker.once('error', onError);
    worker.postMessage(message);
  });
}
