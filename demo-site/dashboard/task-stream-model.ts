/** Who did what when: one row a slot, spans in a ring buffer, made from the workers' deltas. No DOM: the canvas draws from it. */
import type { WorkerJson } from '../../client/index.ts';

const SPANS_KEPT = 4_000;
const ROWS_KEPT = 128;

export interface Span {
  readonly row: string;
  readonly fromMs: number;
  /** Undefined while it runs. */
  toMs: number | undefined;
  readonly stage: number;
  readonly jobId: string;
}

export class TaskStream {
  readonly #spans: Span[] = [];
  readonly #open = new Map<string, Span>();
  #rows: readonly string[] = [];

  /** `workers` is everyone there is now; a slot not named as busy is idle. */
  observe(workers: readonly WorkerJson[], nowMs: number): void {
    const busy = new Map<string, { jobId: string; stage: number }>();
    const rows: string[] = [];
    for (const worker of workers) {
      for (let slot = 0; slot < worker.slots && rows.length < ROWS_KEPT; slot += 1) rows.push(`${worker.workerId}/${slot}`);
      // A slot may hold two leases; the first one runs.
      for (const { slot, jobId, stage } of worker.current) {
        const row = `${worker.workerId}/${slot}`;
        if (!busy.has(row)) busy.set(row, { jobId, stage });
      }
    }
    this.#rows = rows;
    for (const [row, span] of this.#open) {
      const now = busy.get(row);
      if (now !== undefined && now.jobId === span.jobId && now.stage === span.stage) continue;
      span.toMs = nowMs;
      this.#open.delete(row);
    }
    for (const [row, { jobId, stage }] of busy) {
      if (!this.#open.has(row)) this.#begin({ row, fromMs: nowMs, toMs: undefined, stage, jobId });
    }
  }

  #begin(span: Span): void {
    this.#open.set(span.row, span);
    this.#spans.push(span);
    if (this.#spans.length > SPANS_KEPT) this.#spans.splice(0, SPANS_KEPT / 4);
  }

  get rows(): readonly string[] {
    return this.#rows;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }
}
