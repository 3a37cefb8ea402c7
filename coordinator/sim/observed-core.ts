/** The real scheduler, with those who watch it and, in tests of the watchers, a planted bug between it and the world. */
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent } from '../core/events.ts';
import { Scheduler } from '../core/scheduler.ts';
import type { DrivenCore } from '../sessions/shell.ts';

/** A fault of the scheduler's own, made from outside: the core knows nothing of it. */
export interface Bug {
  /** What the core is told instead of an event. */
  readonly event?: (event: CoreEvent, core: ObservedCore) => readonly CoreEvent[];
  /** What it says instead of its commands. */
  readonly commands?: (commands: readonly CoreCommand[], event: CoreEvent, core: ObservedCore) => readonly CoreCommand[];
}

export interface Watcher {
  /** Before the core is told. */
  readonly before?: (event: CoreEvent, scheduler: Scheduler) => void;
  readonly after?: (event: CoreEvent, commands: readonly CoreCommand[], scheduler: Scheduler) => void;
}

export type CoreSettings = ConstructorParameters<typeof Scheduler>[0];

export class ObservedCore implements DrivenCore {
  readonly settings: CoreSettings;
  readonly #watchers: readonly Watcher[];
  readonly #bug: Bug | undefined;
  scheduler: Scheduler;
  events = 0;

  constructor(scheduler: Scheduler, settings: CoreSettings, watchers: readonly Watcher[], bug: Bug | undefined) {
    this.scheduler = scheduler;
    this.settings = settings;
    this.#watchers = watchers;
    this.#bug = bug;
  }

  handle(event: CoreEvent): readonly CoreCommand[] {
    for (const { before } of this.#watchers) before?.(event, this.scheduler);
    let commands: readonly CoreCommand[] = [];
    for (const told of this.#bug?.event?.(event, this) ?? [event]) {
      this.events++;
      const own = this.scheduler.handle(told);
      commands = commands.length === 0 ? own : [...commands, ...own];
    }
    commands = this.#bug?.commands?.(commands, event, this) ?? commands;
    for (const { after } of this.#watchers) after?.(event, commands, this.scheduler);
    return commands;
  }

  nextDeadline(): number | undefined {
    return this.scheduler.nextDeadline();
  }

  /** The process is replaced by one that knows the snapshot, and nobody notices. */
  reload(alter: (snapshot: object) => void = () => undefined): void {
    const snapshot = JSON.parse(JSON.stringify(this.scheduler.snapshot())) as object;
    alter(snapshot);
    this.scheduler = Scheduler.restore(snapshot, this.settings);
  }
}
