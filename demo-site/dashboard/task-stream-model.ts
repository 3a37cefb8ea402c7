/**
 * Who did what when: one row a slot, spans in a ring buffer. No DOM: the canvas draws from it. Story lines of attempts tell it
 * exactly; where they don't name their worker, the workers' pictures (ten a second at most) have to do, and short tasks are missed.
 */
import type { StoryLineJson, WorkerJson } from '../../client/index.ts';

const SPANS_KEPT = 4_000;
const ROWS_KEPT = 128;
/** The coordinator's own slot is nobody's tab: it has a row from its first task on. */
const LOCAL_ROW = 'coordinator/0';

export interface Span {
  readonly row: string;
  /** On the page's monotonic clock, like all times here. */
  fromMs: number;
  /** Undefined while it runs. */
  toMs: number | undefined;
  /** The first part of the span: waiting for input and fetching it. */
  transferMs: number;
  readonly stage: number;
  readonly jobId: string;
  failed: boolean;
}

function numberIn(line: StoryLineJson, key: string): number {
  const value = line.detail?.[key];
  return typeof value === 'number' ? value : 0;
}

export class TaskStream {
  readonly #spans: Span[] = [];
  /** Running spans: by attempt where story lines tell them, else by row. */
  readonly #open = new Map<string, Span>();
  #rows: readonly string[] = [];
  #exact = false;
  /** Page clock minus coordinator clock; the smallest seen is the one with the least delay on the way. */
  #offsetMs = Number.POSITIVE_INFINITY;

  /** `workers` is everyone there is now; a slot not named as busy is idle. */
  observe(workers: readonly WorkerJson[], nowMs: number): void {
    const rows = this.#rows.includes(LOCAL_ROW) ? [LOCAL_ROW] : [];
    for (const { workerId, slots } of workers) {
      for (let slot = 0; slot < slots && rows.length < ROWS_KEPT; slot += 1) rows.push(`${workerId}/${slot}`);
    }
    this.#rows = rows;
    if (this.#exact) return;
    const busy = new Map<string, { jobId: string; stage: number }>();
    for (const worker of workers) {
      // A slot may hold two leases; the first one runs.
      for (const { slot, jobId, stage } of worker.current) {
        const row = `${worker.workerId}/${slot}`;
        if (!busy.has(row)) busy.set(row, { jobId, stage });
      }
    }
    for (const [row, span] of this.#open) {
      const now = busy.get(row);
      if (now !== undefined && now.jobId === span.jobId && now.stage === span.stage) continue;
      span.toMs = nowMs;
      this.#open.delete(row);
    }
    for (const [row, { jobId, stage }] of busy) {
      if (!this.#open.has(row))
        this.#begin(row, { row, fromMs: nowMs, toMs: undefined, transferMs: 0, stage, jobId, failed: false });
    }
  }

  /** A line of the event stream; all but those of attempts are passed over. */
  tell(line: StoryLineJson, nowMs: number): void {
    this.#offsetMs = Math.min(this.#offsetMs, nowMs - line.atMs);
    const workerId = line.detail?.workerId;
    if (line.what === 'attemptLeased' && typeof workerId === 'string') {
      if (!this.#exact) this.#open.clear();
      this.#exact = true;
      const row = `${workerId}/${numberIn(line, 'slot')}`;
      const jobId = String(line.detail?.jobId ?? '');
      const fromMs = line.atMs + this.#offsetMs;
      if (row === LOCAL_ROW && !this.#rows.includes(row)) this.#rows = [row, ...this.#rows];
      this.#begin(line.subject, {
        row,
        fromMs,
        toMs: undefined,
        transferMs: 0,
        stage: numberIn(line, 'stage'),
        jobId,
        failed: false,
      });
    } else if (line.what === 'attemptEnded') {
      const span = this.#open.get(line.subject);
      if (span === undefined) return;
      this.#open.delete(line.subject);
      span.toMs = line.atMs + this.#offsetMs;
      span.transferMs = numberIn(line, 'fetchMs');
      // Of two leases in one slot the later one begins when the tab turns to it, not when it was leased.
      const ranMs = span.transferMs + numberIn(line, 'loadMs') + numberIn(line, 'computeMs') + numberIn(line, 'packMs');
      if (ranMs > 0) span.fromMs = Math.max(span.fromMs, span.toMs - ranMs);
      span.failed = line.detail?.how !== 'succeeded';
    }
  }

  #begin(key: string, span: Span): void {
    this.#open.set(key, span);
    this.#spans.push(span);
    if (this.#spans.length > SPANS_KEPT) this.#spans.splice(0, SPANS_KEPT / 4);
    // Attempts whose end was missed while the stream was away.
    if (this.#open.size > SPANS_KEPT) this.#open.clear();
  }

  get rows(): readonly string[] {
    return this.#rows;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }
}
