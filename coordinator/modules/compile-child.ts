/**
 * The process that compiles what authors write: a compiler can be made to run for ever or to fill the memory, and that must end here. It
 * serves one request and ends.
 */
import { Worker } from 'node:worker_threads';
import type { CompileAnswer, CompileRequest } from './compile-protocol.ts';
import { compileSource } from './compile-source.ts';

/**
 * The compiler never gives way to other work of its thread, and half of its memory is WebAssembly's, which no option bounds: so another
 * thread watches. It also ends a child whose coordinator is gone.
 */
const WATCHDOG = `
const { workerData: { memoryBytesMax, runMsMax } } = require('node:worker_threads');
const until = performance.now() + runMsMax;
setInterval(() => {
  if (process.memoryUsage.rss() > memoryBytesMax || performance.now() > until) process.kill(process.pid, 'SIGKILL');
}, 50);
`;

function send(answer: CompileAnswer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(answer, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}

process.on('disconnect', () => process.exit(0));
process.once('message', async (message) => {
  const request = message as CompileRequest;
  const { memoryBytesMax, runMsMax } = request;
  new Worker(WATCHDOG, { eval: true, workerData: { memoryBytesMax, runMsMax } }).unref();
  let answer: CompileAnswer;
  try {
    answer = await compileSource(request);
  } catch (error) {
    answer = { type: 'compiler-failed', message: error instanceof Error ? error.message : String(error) };
  }
  await send(answer);
  process.exit(0);
});
