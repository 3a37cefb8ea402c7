/** Bugs in what the scheduler commands. */
import type { AttemptId, Digest } from '../../../shared/ids.ts';
import type { Slice } from '../../../shared/plan/task.ts';
import type { CoreCommand } from '../../core/commands.ts';
import type { Bug } from '../observed-core.ts';
import type { Plant } from '../plant.ts';

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;

/** Alters the leases among the commands. */
function altering(alter: (lease: LeaseCommand) => readonly CoreCommand[]): () => Bug {
  return () => ({
    commands: (commands) => commands.flatMap((command) => (command.type === 'leaseTask' ? alter(command) : [command])),
  });
}

function withSlices(lease: LeaseCommand, alter: (slices: readonly Slice[]) => readonly Slice[]): LeaseCommand {
  const inputs = lease.task.inputs.map((input) => (input.kind === 'slices' ? { ...input, slices: alter(input.slices) } : input));
  return { ...lease, task: { ...lease.task, inputs } };
}

export const commandPlants: readonly Plant[] = [
  {
    name: 'slice-left-out',
    what: 'a task that reads three slices or more is not given the last one',
    bug: altering((lease) => [withSlices(lease, (slices) => (slices.length < 3 ? slices : slices.slice(0, -1)))]),
  },
  {
    name: 'slice-twice',
    what: 'a task is given its first slice twice',
    bug: altering((lease) => [withSlices(lease, (slices) => [...slices.slice(0, 1), ...slices])]),
  },
  {
    name: 'first-digest-for-ever',
    what: 'slices are named with the digests that were accepted first, whatever was made since',
    bug: () => {
      const digests = new Map<string, Digest>();
      return {
        commands: (commands) =>
          commands.map((command) => {
            if (command.type !== 'leaseTask') return command;
            return withSlices(command, (slices) =>
              slices.map((slice) => {
                const key = `${slice.blockId}/${slice.bucket}`;
                const digest = digests.get(key) ?? slice.digest;
                digests.set(key, digest);
                return { ...slice, digest };
              }),
            );
          }),
      };
    },
  },
  {
    name: 'cancel-not-sent',
    what: 'tabs are not told that their attempts were given up',
    bug: () => ({ commands: (commands) => commands.filter((command) => command.type !== 'cancelAttempt') }),
  },
  {
    name: 'settled-too-soon',
    what: 'a job counts as successful with all but the last block of its result',
    bug: () => ({
      commands: (commands) =>
        commands.map((command) => {
          if (command.type !== 'settleJob' || (command.result?.length ?? 0) < 2) return command;
          return { ...command, result: command.result?.slice(0, -1) ?? [] };
        }),
    }),
  },
  {
    name: 'leased-twice',
    what: 'a task is leased to the next worker too',
    bug: () => ({
      commands: (commands, _event, { scheduler }) =>
        commands.flatMap((command): readonly CoreCommand[] => {
          if (command.type !== 'leaseTask') return [command];
          const other = scheduler
            .workers()
            .find(({ sessionId, busySlots }) => sessionId !== command.sessionId && busySlots === 0);
          if (!other) return [command];
          return [command, { ...command, sessionId: other.sessionId, slot: 0, attemptId: `${command.attemptId}b` as AttemptId }];
        }),
    }),
  },
  {
    name: 'copy-never-asked',
    what: 'nobody is asked for the blocks that the coordinator waits for',
    bug: () => ({ commands: (commands) => commands.filter((command) => command.type !== 'collectBlock') }),
  },
];
