/** Bugs in the scheduler's own books: its state is changed between two events. */
import type { Bug, ObservedCore } from '../observed-core.ts';
import type { Plant } from '../plant.ts';

/** Changes the core's state once, some time after the run has begun: as soon as `alter` finds what to change. */
function once(alter: (snapshot: Snapshot) => boolean): () => Bug {
  return () => {
    let isDone = false;
    const change = (core: ObservedCore): void => {
      core.reload((snapshot) => {
        isDone = alter(snapshot as Snapshot);
      });
    };
    return {
      commands: (commands, event, core) => {
        if (!isDone && event.type === 'attemptSucceeded') change(core);
        return commands;
      },
    };
  };
}

interface Snapshot {
  readonly jobs: { readonly state: string; leases: number; plain: string[] }[];
  readonly blocks: { readonly id: string; digest: string; onCoordinator: boolean }[];
}

export const statePlants: readonly Plant[] = [
  {
    name: 'task-forgotten',
    what: 'a task that is ready drops out of its queue',
    bug: once(({ jobs }) => {
      const job = jobs.find(({ state, plain }) => state === 'live' && plain.length > 0);
      job?.plain.pop();
      return job !== undefined;
    }),
  },
  {
    name: 'lease-count-leaks',
    what: 'a job counts one lease more than it has',
    options: () => ({ invariantsEvery: 1_000_000 }),
    bug: once(({ jobs }) => {
      const job = jobs.find(({ state }) => state === 'live');
      if (job) job.leases = 1_000;
      return job !== undefined;
    }),
  },
  {
    name: 'copy-made-up',
    what: 'the coordinator is taken to have a block that it never got',
    options: () => ({ rowBytes: 1024 * 1024, invariantsEvery: 1_000_000 }),
    bug: once(({ blocks }) => {
      const block = blocks.find(({ onCoordinator }) => !onCoordinator);
      if (block) block.onCoordinator = true;
      return block !== undefined;
    }),
  },
];
