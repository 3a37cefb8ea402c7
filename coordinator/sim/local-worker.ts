/** The coordinator's own slot: local/local-worker.ts without promises and without an engine. */
import type { Failure } from '../../shared/failure.ts';
import type { AttemptId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import { LOCAL_STORE, LOCAL_TRAITS, LOCAL_WORKER } from '../core/local-worker.ts';
import type { Told } from '../sessions/shell.ts';
import type { Chance } from './chance.ts';
import type { CoordinatorBlocks } from './coordinator-blocks.ts';
import { type Bytes, bucketKey, runTask } from './engine.ts';

export interface LocalWorkerOptions {
  readonly sessionId: SessionId;
  readonly after: (delayMs: number, act: () => void) => () => void;
  readonly tell: (...events: readonly Told[]) => void;
  readonly blocks: CoordinatorBlocks;
  readonly chance: Chance;
  readonly rowBytes: number;
}

export class LocalWorker {
  readonly sessionId: SessionId;
  readonly #options: LocalWorkerOptions;
  readonly #live = new Set<AttemptId>();
  #isBeating = false;

  constructor(options: LocalWorkerOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
  }

  join(): void {
    this.#options.tell({
      type: 'workerJoined',
      sessionId: this.sessionId,
      workerId: LOCAL_WORKER,
      storeId: LOCAL_STORE,
      traits: LOCAL_TRAITS,
    });
  }

  end(): void {
    this.#live.clear();
    this.#options.tell({ type: 'workerLost', sessionId: this.sessionId, why: 'closed' });
  }

  lease({ attemptId, task }: Extract<CoreCommand, { type: 'leaseTask' }>): void {
    this.#live.add(attemptId);
    this.#beat();
    this.#options.after(this.#options.chance.between(1, 10), () => this.#run(attemptId, task));
  }

  cancel(attemptId: AttemptId): void {
    this.#live.delete(attemptId);
  }

  #run(attemptId: AttemptId, task: TaskSpec): void {
    if (!this.#live.has(attemptId)) return;
    const { tell, blocks, chance, rowBytes, after } = this.#options;
    const bytes = new Map<string, Bytes>();
    for (const input of task.inputs) {
      if (input.kind !== 'slices') continue;
      for (const { blockId, bucket, digest } of input.slices) {
        const found = blocks.get(blockId)?.buckets[bucket];
        if (found?.digest !== digest) {
          blocks.discard([blockId]);
          tell({ type: 'coordinatorBlockLost', blockId });
          this.#fail(attemptId, { reason: 'input', code: 'slice-missing', message: 'an input is gone' });
          return;
        }
        bytes.set(bucketKey(blockId, bucket), found);
      }
    }
    after(chance.between(1, 20), () => {
      if (!this.#live.has(attemptId)) return;
      const copy = runTask(task, bytes, { rowBytes, variant: chance.below(3) });
      blocks.putInline(copy);
      this.#live.delete(attemptId);
      const { blockId, digest, infos: buckets } = copy;
      const told = { type: 'attemptSucceeded' as const, sessionId: this.sessionId, attemptId, blockId, digest, buckets };
      tell({ ...told, inline: true, costs: NO_COSTS });
    });
  }

  #fail(attemptId: AttemptId, failure: Failure): void {
    if (this.#live.delete(attemptId))
      this.#options.tell({ type: 'attemptFailed', sessionId: this.sessionId, attemptId, failure });
  }

  #beat(): void {
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#options.after(LIMITS.heartbeatMs, () => {
      this.#isBeating = false;
      if (this.#live.size === 0) return;
      this.#options.tell({ type: 'heartbeatReceived', sessionId: this.sessionId, running: [...this.#live] });
      this.#beat();
    });
  }
}
