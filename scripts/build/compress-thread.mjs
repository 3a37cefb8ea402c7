/** One thread of the compression: {file, kind, quality, to} in, a message back when `to` is written. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

parentPort.on('message', ({ file, kind, quality, to }) => {
  const content = readFileSync(file);
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      // The largest window that a browser accepts.
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  };
  writeFileSync(to, kind === 'br' ? brotliCompressSync(content, options) : gzipSync(content, { level: quality }));
  parentPort.postMessage('written');
});
