/** Results that are read while their jobs still run: part after part, each as soon as it comes to the coordinator. */
import type { BlockId, JobId } from '../../shared/ids.ts';
import type { ResultBlock } from '../core/commands.ts';
import type { Shell } from '../sessions/shell.ts';
import type { Job, LiveJob, SettledJob } from './entry.ts';
import type { JobsCore } from './ports.ts';

export interface EarlyOptions {
  readonly shell: Pick<Shell, 'clock' | 'onChange'>;
  readonly core: Pick<JobsCore, 'resultPart'>;
  readonly arrivals: ArrivingBlocks;
  readonly job: (jobId: JobId) => Job | undefined;
}

/** Blocks that are being copied to the coordinator: those can be read already. */
export interface ArrivingBlocks {
  has(blockId: BlockId): boolean;
  /** Answers how to stop listening. */
  onBegin(listener: () => void): () => void;
}

/** The rest of a result that is being read will not come. */
export class ResultBrokenError extends Error {}

export class EarlyResults {
  readonly #options: EarlyOptions;
  /** How each of those who wait gives up, and looks again. */
  readonly #waiting = new Map<() => void, () => void>();

  constructor(options: EarlyOptions) {
    this.#options = options;
  }

  /** The live job once its result can be begun; undefined when it is over before, after `waitMs`, or when `signal` aborts. */
  async begun(jobId: JobId, waitMs: number, signal: AbortSignal): Promise<LiveJob | undefined> {
    await this.#until(() => !this.#isLive(jobId) || this.#part(jobId, 0) !== undefined, signal, waitMs);
    const job = this.#options.job(jobId);
    return job?.kind === 'live' && this.#part(jobId, 0) ? job : undefined;
  }

  /**
   * The blocks of a live job's result, in order. It ends only when the job has succeeded with the very blocks that were read: whoever
   * sees the end has the result. @throws ResultBrokenError
   */
  async *parts(jobId: JobId, signal: AbortSignal): AsyncGenerator<ResultBlock> {
    const read: ResultBlock[] = [];
    for (;;) {
      await this.#until(() => !this.#isLive(jobId) || this.#part(jobId, read.length) !== undefined, signal);
      const job = this.#options.job(jobId);
      if (job?.kind === 'settled') return yield* rest(job, read);
      const part = this.#part(jobId, read.length);
      if (!job || !part) throw new ResultBrokenError('nobody waits for the result any more');
      read.push(part);
      yield part;
    }
  }

  /** A job may have ended. */
  look(): void {
    for (const look of [...this.#waiting.values()]) look();
  }

  /** Ends all waiting. */
  close(): void {
    for (const done of [...this.#waiting.keys()]) done();
  }

  #isLive(jobId: JobId): boolean {
    return this.#options.job(jobId)?.kind === 'live';
  }

  #part(jobId: JobId, partition: number): ResultBlock | undefined {
    const { core, arrivals } = this.#options;
    const part = core.resultPart(jobId, partition);
    if (!part) return undefined;
    const { onCoordinator, ...block } = part;
    return onCoordinator || arrivals.has(block.blockId) ? block : undefined;
  }

  #until(isSo: () => boolean, signal: AbortSignal, waitMs?: number): Promise<void> {
    if (isSo() || signal.aborted) return Promise.resolve();
    const { shell, arrivals } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        stopListening();
        stopWatching();
        stopWaiting();
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const look = (): void => {
        if (isSo()) done();
      };
      const stopListening = shell.onChange(look);
      const stopWatching = arrivals.onBegin(look);
      const stopWaiting = waitMs === undefined ? () => undefined : shell.clock.after(waitMs, done);
      this.#waiting.set(done, look);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** What of the finished result was not read yet. */
function rest({ jobId, record }: SettledJob, read: readonly ResultBlock[]): readonly ResultBlock[] {
  const { state, result, error } = record;
  if (state !== 'successful') throw new ResultBrokenError(`${jobId} ${state}${error ? `: ${error.code}` : ''}`);
  const isSame = read.every(({ blockId, digest }, i) => result[i]?.blockId === blockId && result[i]?.digest === digest);
  if (!isSame) throw new ResultBrokenError(`a part of the result of ${jobId} was made again, and is not as it was read`);
  return result.slice(read.length);
}
