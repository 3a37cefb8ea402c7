/**
 * The shell around the pure core: events go in one at a time with the clock's time, commands come out in order and are
 * handed to whoever serves their type, and one timer stands for the core's next deadline.
 */
import type { Clock } from '../../shared/clock.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent } from '../core/events.ts';
import type { JournalRecord } from '../core/journal.ts';

type WithoutTime<E> = E extends unknown ? Omit<E, 'atMs'> : never;
/** An event before it has its time. */
export type Told = WithoutTime<CoreEvent>;

/** The part of the scheduler that the shell drives. */
export interface DrivenCore {
  handle(event: CoreEvent): readonly CoreCommand[];
  nextDeadline(): number | undefined;
  /** What is to be written down of the events that it has handled; absent: somebody else takes that. */
  takeJournal?(): readonly JournalRecord[];
}

export type CommandHandlers = { readonly [T in CoreCommand['type']]: (command: Extract<CoreCommand, { type: T }>) => void };

export class Shell {
  readonly clock: Clock;
  readonly #core: DrivenCore;
  readonly #journal: (records: readonly JournalRecord[]) => void;
  readonly #queue: CoreEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #handlers: CommandHandlers | undefined;
  #handling = false;
  #closed = false;
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;

  /** `journal` takes what is to be written down; nothing waits for it. */
  constructor(core: DrivenCore, clock: Clock, journal: (records: readonly JournalRecord[]) => void = () => undefined) {
    this.#core = core;
    this.clock = clock;
    this.#journal = journal;
  }

  /** Who does what the core commands; set once, before the first event. */
  serve(handlers: CommandHandlers): void {
    this.#handlers = handlers;
  }

  /** Called after each batch of events, when anything may have changed. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Events told while commands run (a send that fails) are handled after them, in order. */
  tell(...events: readonly Told[]): void {
    if (this.#closed) return;
    const atMs = this.clock.nowMs();
    for (const event of events) this.#queue.push({ ...event, atMs } as CoreEvent);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
        const commands = this.#core.handle(event);
        // First: what ends a job is written behind what the job has left.
        this.#journal(this.#core.takeJournal?.() ?? []);
        for (const command of commands) this.#do(command);
      }
    } finally {
      this.#handling = false;
    }
    this.#arm();
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #do(command: CoreCommand): void {
    // The map's type ties each handler to its command; TypeScript cannot follow that through an index.
    const handler = this.#handlers?.[command.type] as ((command: CoreCommand) => void) | undefined;
    handler?.(command);
  }

  #arm(): void {
    const dueMs = this.#core.nextDeadline();
    if (dueMs === this.#timer?.dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueMs === undefined || dueMs === Number.POSITIVE_INFINITY) return;
    const cancel = this.clock.after(Math.max(0, dueMs - this.clock.nowMs()), () => {
      this.#timer = undefined;
      this.tell({ type: 'timePassed' });
    });
    this.#timer = { dueMs, cancel };
  }
}
