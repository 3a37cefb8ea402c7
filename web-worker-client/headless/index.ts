/** The worker without a page. */
export { type HeadlessWorkerOptions, runHeadlessWorker } from './run-headless-worker.ts';
