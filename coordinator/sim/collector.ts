/** Copies blocks from tabs to the coordinator when the core asks: relay-collect.ts without promises. */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { CoreCommand, Urgency } from '../core/commands.ts';
import type { Bytes, Copy } from './engine.ts';
import type { Relay } from './relay.ts';

export type CollectCommand = Extract<CoreCommand, { type: 'collectBlock' }>;

export interface CollectorOptions {
  readonly relay: Relay;
  readonly after: (delayMs: number, act: () => void) => void;
  readonly writeMs: () => number;
  readonly isFull: () => boolean;
  /** Bytes are not checked against their digests (a planted bug). */
  readonly isCredulous: boolean;
  readonly began: (command: CollectCommand) => void;
  readonly collected: (command: CollectCommand, copy: Copy) => void;
  readonly failed: (blockId: BlockId, why: string, noRoom: boolean) => void;
}

interface Job {
  readonly command: CollectCommand;
  isStopped: boolean;
}

const AT_ONCE = 8;
const FIRST: readonly Urgency[] = ['urgent', 'wanted', 'ahead'];

export class Collector {
  readonly #options: CollectorOptions;
  readonly #running = new Set<Job>();
  #waiting: CollectCommand[] = [];

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length + this.#running.size;
  }

  collect(command: CollectCommand): void {
    for (const job of this.#running) if (job.command.blockId === command.blockId && !job.isStopped) return;
    const known = this.#waiting.find((other) => other.blockId === command.blockId);
    const asked = known ? { ...known, urgency: command.urgency } : command;
    const others = this.#waiting.filter((other) => other !== known);
    this.#waiting = [...others, asked].sort(
      (a, b) => FIRST.indexOf(a.urgency) - FIRST.indexOf(b.urgency) || a.partition - b.partition,
    );
    this.#next();
  }

  stop(blockId: BlockId): void {
    this.#waiting = this.#waiting.filter((other) => other.blockId !== blockId);
    for (const job of this.#running) if (job.command.blockId === blockId) job.isStopped = true;
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const command = this.#waiting.shift();
      if (!command) return;
      const job = { command, isStopped: false };
      this.#running.add(job);
      this.#options.began(command);
      this.#ask(job, 0, new Map());
    }
  }

  /** One holder after the other, each for what is still missing. */
  #ask(job: Job, at: number, got: Map<number, Bytes>): void {
    const { blockId, buckets, from } = job.command;
    const holder: SessionId | undefined = from[at];
    const missing = buckets.flatMap((info, bucket): Slice[] =>
      got.has(bucket) ? [] : [{ blockId, bucket, digest: info.digest, bytes: info.bytes }],
    );
    if (missing.length === 0) this.#write(job, got);
    else if (this.#options.isFull()) this.#options.after(1, () => this.#fail(job, 'no space is left', true));
    else if (holder === undefined) this.#fail(job, `nobody of ${from.join(', ')} could give all of it`, false);
    else
      this.#options.relay.read(holder, missing, (answer) => {
        for (const { slice, bytes } of answer.got) got.set(slice.bucket, bytes);
        if (job.isStopped) this.#end(job);
        else this.#ask(job, at + 1, got);
      });
  }

  #write(job: Job, got: ReadonlyMap<number, Bytes>): void {
    this.#options.after(this.#options.writeMs(), () => {
      const { command } = job;
      const { blockId, digest, buckets: infos, accumulators } = command;
      const buckets = infos.map((_, i) => got.get(i) as Bytes);
      if (!this.#options.isCredulous && buckets.some((bytes, i) => bytes.digest !== infos[i]?.digest)) {
        this.#fail(job, 'its bytes have another digest', false);
        return;
      }
      this.#end(job);
      // Also of one that was stopped: all of it has come.
      this.#options.collected(command, { blockId, digest, infos, buckets, ...(accumulators && { accumulators }) });
      this.#next();
    });
  }

  #fail(job: Job, why: string, noRoom: boolean): void {
    this.#running.delete(job);
    if (!job.isStopped) this.#options.failed(job.command.blockId, why, noRoom);
    this.#next();
  }

  #end(job: Job): void {
    this.#running.delete(job);
    if (job.isStopped) this.#next();
  }
}
