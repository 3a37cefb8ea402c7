/**
 * The one owner of a slot worker: boots it, gives calls a deadline, ends it by force when it does not stop, starts a fresh one after
 * a trap. It pins the worker's proxy (a collected proxy loses replies) and settles what is pending when the worker goes, because
 * calls into a terminated worker never answer.
 */
import type { Clock } from '../clock.ts';
import type { Failure, FailureReason } from '../failure.ts';
import { NO_SLOT_COSTS, type ResidentChange, type SlotApi, type SlotOptions, type SlotOutcome, type SlotTask } from './api.ts';

/** A slot worker that has just been started and is not booted. */
export interface SpawnedSlot {
  readonly api: SlotApi;
  /** Ends the thread at once; calls under way on `api` may hang for ever afterwards. */
  terminate(): void;
}

export type EngineAssets = Pick<SlotOptions, 'engineUrl' | 'engineModule'>;

export interface SlotPlatform {
  readonly clock: Clock;
  /** `onBroken` tells that the thread died by itself. */
  spawnSlot(slot: number, onBroken: (why: string) => void): SpawnedSlot;
}

export interface SlotHandleOptions {
  readonly slot: number;
  readonly platform: SlotPlatform;
  readonly engine: EngineAssets;
  readonly memoryLimitBytes: number;
  readonly resultBytesMax?: number;
  readonly share: number;
  /** Marks the task's buffers as given away, where they need not be copied. */
  readonly giveAway?: (task: SlotTask) => SlotTask;
  /** The worker went, and its resident tables with it. */
  readonly onResidentsLost: () => void;
}

interface Running {
  readonly attemptId: string;
  readonly settle: (outcome: SlotOutcome) => void;
  /** Set when somebody asked to stop it: the reason that wins over what the slot says. */
  stopping: Failure | undefined;
  cancelGrace: () => void;
}

const BOOT_MS = 60_000;
/** A slot looks up between slices of at most about 400 ms; pause must take effect within a second. */
const STOP_GRACE_MS = 700;

export class SlotHandle {
  readonly #options: SlotHandleOptions;
  #share: number;
  #spawned: SpawnedSlot | undefined;
  #booting: Promise<string> | undefined;
  #failBoot: ((error: Error) => void) | undefined;
  #running: Running | undefined;
  #terminated = false;

  constructor(options: SlotHandleOptions) {
    this.#options = options;
    this.#share = options.share;
  }

  /** Boots the worker if it is not up; resolves with the engine's version. A failed boot may be tried again. */
  ready(): Promise<string> {
    if (this.#terminated) return Promise.reject(new Error('the slot was taken away'));
    this.#booting ??= this.#boot().catch((error: unknown) => {
      this.#discard();
      throw error;
    });
    return this.#booting;
  }

  /** Runs a task. Never rejects: whatever goes wrong is an outcome. One task at a time. */
  async run(task: SlotTask): Promise<SlotOutcome> {
    try {
      await this.ready();
    } catch (error) {
      return failed('resource', 'slot-boot', `The engine did not start: ${(error as Error).message}`, false);
    }
    const spawned = this.#spawned;
    if (!spawned || this.#running) return failed('resource', 'slot-busy', 'The slot could not take the task.', false);
    return new Promise((resolve) => {
      const cancelDeadline = this.#options.platform.clock.after(task.spec.maxRunMs, () => {
        const message = `The task ran longer than ${Math.round(task.spec.maxRunMs / 1000)} s.`;
        this.#stop(task.attemptId, { reason: 'deadline', code: 'max-run', message, hint: 'Split the work into smaller pieces.' });
      });
      const running: Running = {
        attemptId: task.attemptId,
        stopping: undefined,
        cancelGrace: () => undefined,
        settle: (outcome) => {
          if (this.#running !== running) return;
          this.#running = undefined;
          cancelDeadline();
          running.cancelGrace();
          resolve(verdict(outcome, running.stopping));
        },
      };
      this.#running = running;
      spawned.api.run(this.#options.giveAway?.(task) ?? task).then(
        (outcome) => {
          if (this.#running === running && outcome.kind === 'failed' && outcome.broken) this.#discard();
          running.settle(outcome);
        },
        (error: unknown) => {
          if (this.#running === running) this.#discard();
          running.settle(failed('resource', 'slot-crashed', `The slot failed: ${(error as Error).message}`, true));
        },
      );
    });
  }

  /** Ends the attempt: between slices if the slot listens, by force otherwise. `run` then resolves as released. */
  stop(attemptId: string, why: string): void {
    this.#stop(attemptId, { reason: 'released', code: 'released', message: why });
  }

  setShare(share: number): void {
    this.#share = share;
    if (this.#booting) this.#spawned?.api.setShare(share).catch(() => undefined);
  }

  /** Drops these tables once what runs is over; resolves with those that were there. Never answers where the slot goes meanwhile. */
  async dropResidents(residentKeys: readonly string[]): Promise<readonly ResidentChange[]> {
    const spawned = this.#spawned;
    if (!spawned) return [];
    const dropped = await spawned.api.dropResidents(residentKeys);
    return this.#spawned === spawned ? dropped : [];
  }

  terminate(): void {
    this.#terminated = true;
    this.#failBoot?.(new Error('the slot was taken away'));
    this.#discard();
    this.#running?.settle(failed('released', 'slot-ended', 'The slot was taken away.', true));
  }

  async #boot(): Promise<string> {
    const { platform, slot, engine, memoryLimitBytes, resultBytesMax } = this.#options;
    const bounds = { memoryLimitBytes, ...(resultBytesMax !== undefined && { resultBytesMax }) };
    const spawned = platform.spawnSlot(slot, (why) => {
      if (this.#spawned !== spawned) return;
      this.#failBoot?.(new Error(why));
      this.#discard();
      this.#running?.settle(failed('resource', 'slot-crashed', `The slot died: ${why}`, true));
    });
    this.#spawned = spawned;
    let cancel: () => void = () => undefined;
    const failure = new Promise<never>((_, reject) => {
      this.#failBoot = reject;
      cancel = platform.clock.after(BOOT_MS, () => reject(new Error('the engine did not start within a minute')));
    });
    try {
      const { engineVersion } = await Promise.race([spawned.api.boot({ slot, ...bounds, ...engine }), failure]);
      if (this.#share < 1) await Promise.race([spawned.api.setShare(this.#share), failure]);
      return engineVersion;
    } finally {
      cancel();
      this.#failBoot = undefined;
    }
  }

  #stop(attemptId: string, failure: Failure): void {
    const running = this.#running;
    if (running?.attemptId !== attemptId || running.stopping) return;
    running.stopping = failure;
    this.#spawned?.api.cancel(attemptId, failure.message).catch(() => undefined);
    running.cancelGrace = this.#options.platform.clock.after(STOP_GRACE_MS, () => {
      if (this.#running !== running) return;
      this.#discard();
      running.settle(failed(failure.reason, failure.code, failure.message, true));
    });
  }

  /** The next `ready` starts a fresh worker. */
  #discard(): void {
    const spawned = this.#spawned;
    this.#spawned = undefined;
    this.#booting = undefined;
    if (!spawned) return;
    spawned.terminate();
    this.#options.onResidentsLost();
  }
}

/** A stop decides the failure, but a task that succeeded all the same stays a success. */
function verdict(outcome: SlotOutcome, stopping: Failure | undefined): SlotOutcome {
  if (!stopping || outcome.kind === 'succeeded') return outcome;
  const { residents, costs } = outcome;
  return { kind: 'failed', residents, costs, failure: stopping, broken: outcome.kind === 'failed' && outcome.broken };
}

function failed(reason: FailureReason, code: string, message: string, broken: boolean): SlotOutcome {
  return { kind: 'failed', failure: { reason, code, message }, broken, residents: [], costs: NO_SLOT_COSTS };
}
