/** Bugs in what the scheduler makes of what it is told. */
import type { AttemptId } from '../../../shared/ids.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { ObservedCore } from '../observed-core.ts';
import type { Plant } from '../plant.ts';

export const eventPlants: readonly Plant[] = [
  {
    name: 'dead-worker-kept',
    what: 'a worker whose session was closed stays where it is',
    bug: () => ({ event: (event) => (event.type === 'workerLost' && event.why === 'closed' ? [] : [event]) }),
  },
  {
    name: 'loss-not-noted',
    what: 'blocks that a store no longer has are still counted as its own',
    bug: () => ({ event: (event) => (event.type === 'blocksDropped' ? [] : [event]) }),
  },
  {
    name: 'inventory-by-id',
    what: 'a line of an inventory counts whatever its digest',
    bug: () => ({ event: (event, core) => [event.type === 'inventoryReported' ? withAccepted(event, core) : event] }),
  },
  {
    name: 'no-fencing',
    what: "a report of a block ends the attempt that makes it now, whoever's report it is",
    bug: () => {
      const live = new Map<string, { readonly attemptId: AttemptId; readonly sessionId: string }>();
      return {
        event: (event) => {
          if (event.type !== 'attemptSucceeded') return [event];
          const now = live.get(event.blockId);
          live.delete(event.blockId);
          return now ? [{ ...event, attemptId: now.attemptId, sessionId: now.sessionId as typeof event.sessionId }] : [event];
        },
        commands: (commands) => {
          for (const command of commands) if (command.type === 'leaseTask') live.set(command.task.blockId, command);
          return commands;
        },
      };
    },
  },
  {
    name: 'drain-ignored',
    what: 'a worker that drains still gets leases',
    options: ({ faults }) => ({ faults: { ...faults, drain: 10 } }),
    bug: () => ({ event: (event) => (event.type === 'workerDrained' ? [] : [event]) }),
  },
  {
    name: 'rerun-counted-too',
    what: 'what the guests of a task count is added to what an earlier attempt of it counted',
    options: ({ faults }) => ({ counting: 1, faults: { ...faults, kill: 10, evictUntold: 20 }, rowBytes: 20_000 }),
    bug: () => {
      const rows = new Map<string, number>();
      return {
        event: (event) => {
          if (event.type !== 'attemptSucceeded' || event.accumulators?.rows === undefined) return [event];
          const all = (rows.get(event.blockId) ?? 0) + event.accumulators.rows;
          rows.set(event.blockId, all);
          return [{ ...event, accumulators: { ...event.accumulators, rows: all } }];
        },
      };
    },
  },
  {
    name: 'counts-not-restored',
    what: 'after a restart nobody knows what guests had counted',
    options: ({ faults }) => ({ counting: 1, faults: { ...faults, crash: 20 }, rowBytes: 20_000 }),
    bug: () => ({ event: (event) => [event.type === 'journalRestored' ? withoutCounts(event) : event] }),
  },
  {
    name: 'pause-ignored',
    what: 'a paused worker still gets leases',
    bug: () => ({
      event: (event) => [event.type === 'workerChanged' ? { ...event, traits: { ...event.traits, paused: false } } : event],
    }),
  },
  {
    name: 'leases-for-ever',
    what: 'a heartbeat renews all leases of its session, not only those that it names',
    options: ({ weather }) => ({ weather: { ...weather, isFifo: false, jitterMs: 300 } }),
    bug: () => {
      const leased = new Map<string, Set<AttemptId>>();
      return {
        event: (event) => {
          if (event.type !== 'heartbeatReceived') return [event];
          return [{ ...event, running: [...new Set([...event.running, ...(leased.get(event.sessionId) ?? [])])] }];
        },
        commands: (commands) => {
          for (const command of commands) {
            if (command.type === 'cancelAttempt') leased.get(command.sessionId)?.delete(command.attemptId);
            if (command.type !== 'leaseTask') continue;
            leased.set(command.sessionId, (leased.get(command.sessionId) ?? new Set()).add(command.attemptId));
          }
          return commands;
        },
      };
    },
  },
  {
    name: 'indeterminate-made-again',
    what: 'rows that differ from run to run are taken for such as can be made again',
    options: () => ({ plans: [30], faults: { kill: 20, evictUntold: 20, reloadTab: 10 }, rowBytes: 20_000 }),
    bug: () => ({ event: (event) => [event.type === 'jobSubmitted' ? determinate(event) : event] }),
  },
];

function withoutCounts(event: Extract<CoreEvent, { type: 'journalRestored' }>): CoreEvent {
  const records = event.records.map((record) => {
    if (record.type !== 'blockAccepted') return record;
    const { accumulators: _, ...block } = record.block;
    return { ...record, block };
  });
  return { ...event, records };
}

type Submitted = Extract<CoreEvent, { type: 'jobSubmitted' }>;
type Reported = Extract<CoreEvent, { type: 'inventoryReported' }>;

function determinate(event: Submitted): Submitted {
  const stages = event.plan.stages.map((stage) => ({ ...stage, determinacy: 'determinate' as const }));
  return { ...event, plan: { ...event.plan, stages } };
}

function withAccepted(event: Reported, { scheduler }: ObservedCore): Reported {
  const blocks = event.blocks.map(({ blockId, digest }) => ({ blockId, digest: scheduler.blockInfo(blockId)?.digest ?? digest }));
  return { ...event, blocks };
}
