/** Puts the scheduler core into its shell and gives each command to the one who does it. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { BlockId, SessionId, WorkerId } from '../../shared/ids.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import type { Guard } from '../auth/guard.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { Relay, type RelayOptions } from '../blocks/relay.ts';
import { Collector } from '../blocks/relay-collect.ts';
import type { JournalRecord } from '../core/journal.ts';
import { type CoreOptions, Scheduler } from '../core/scheduler.ts';
import type { LocalSlot } from '../local/local-slot.ts';
import { LocalWorker } from '../local/local-worker.ts';
import type { Breakpoints } from './breakpoints.ts';
import { HandOvers } from './hand-overs.ts';
import { Lacking } from './lacking.ts';
import { Sessions } from './sessions.ts';
import type { CommandHandlers } from './shell.ts';
import { Shell } from './shell.ts';
import type { StoreIds } from './store-ids.ts';

export interface GridOptions {
  readonly clock: Clock;
  readonly paceMs: number;
  readonly authorWeights?: CoreOptions['authorWeights'];
  readonly guard: Guard;
  readonly blocks: CoordinatorBlocks;
  readonly storeIds: StoreIds;
  readonly breakpoints: Breakpoints;
  /** Overrides the relay's limits. */
  readonly relay?: Pick<RelayOptions, 'idleMs' | 'memoryBytes' | 'diskBytes' | 'createFile'>;
  /** Makes the coordinator's own slot; absent: tabs do all the work. */
  readonly makeLocalSlot?: (() => LocalSlot) | undefined;
  /** Writes down what a later run must know. */
  readonly journal: (records: readonly JournalRecord[]) => void;
  readonly log: (error: unknown, what: string) => void;
}

export interface Grid {
  readonly core: Scheduler;
  readonly shell: Shell;
  readonly sessions: Sessions;
  readonly relay: Relay;
  readonly local: LocalWorker | undefined;
  /** Last step: who takes what the grid itself does not. */
  readonly serve: (rest: Pick<CommandHandlers, 'settleJob' | 'discardBlocks'>) => void;
}

export function assembleGrid(options: GridOptions): Grid {
  const { clock, guard, blocks, paceMs, authorWeights = {}, log } = options;
  const core = new Scheduler({ paceMs, authorWeights, idSeed: randomBytes(4).toString('hex'), journal: true });
  const shell = new Shell(core, clock, options.journal);
  const lacking = new Lacking();
  const handOvers = new HandOvers((sessionId) => {
    sessions.get(sessionId)?.close(CLOSE.leaving, 'nothing is left to hand over', 'closed');
  });
  const lacks = (holder: SessionId, blockId: BlockId): void => {
    const storeId = sessions.get(holder)?.identity.storeId;
    if (storeId === undefined || !lacking.note(blockId, holder, sessions.ofStore(storeId))) return;
    shell.tell({ type: 'blocksDropped', storeId, blockIds: [blockId] });
  };
  // What the core has forgotten, or never knew, it must not hear of: it would take it for a lost chunk.
  const lostHere = (blockId: BlockId): void => {
    if (core.countsOnCopy(blockId) || blocks.chunks.has(blockId)) shell.tell({ type: 'coordinatorBlockLost', blockId });
  };
  const relay = new Relay({
    clock,
    guard,
    blocks,
    lacks,
    log,
    spillDir: () => blocks.scratch(),
    damaged: (blockId, error) => {
      log(error, `the coordinator's copy of block ${blockId} is of no use`);
      blocks.discard([blockId]).catch((failed: unknown) => log(failed, 'a damaged block could not be deleted'));
      lostHere(blockId);
    },
    ...options.relay,
    session: (sessionId, dataKey) => sessions.byDataKey(sessionId, dataKey)?.identity.sessionId,
    leased: (sessionId, blockId, bucket) => core.leaseOf(sessionId, blockId, bucket),
    accepted: (blockId) => core.blockInfo(blockId)?.buckets,
    holders: (blockId) => lacking.inOrder(blockId, core.holders(blockId).sessions),
    broken: (sessionId, reason) => sessions.get(sessionId)?.close(CLOSE.badMessage, reason, 'protocol'),
    serving: servingPoint(options.breakpoints, (sessionId) => sessions.get(sessionId)?.identity.workerId),
  });
  const sessions: Sessions = new Sessions({
    shell,
    guard,
    blocks,
    paceMs,
    log,
    storeIds: options.storeIds,
    breakpoints: options.breakpoints,
    counted: (count) => local?.tabsChanged(count),
    leaves: (sessionId) => handOvers.leaves(sessionId),
    ended: (sessionId) => {
      relay.detach(sessionId);
      lacking.gone(sessionId);
      handOvers.gone(sessionId);
    },
  });
  const { makeLocalSlot, breakpoints } = options;
  const local = makeLocalSlot && new LocalWorker({ shell, blocks, breakpoints, makeSlot: makeLocalSlot, log });
  const collector = new Collector({
    clock: shell.clock,
    peer: (sessionId) => relay.peer(sessionId),
    receive: (blockId, buckets, accumulators) => blocks.receive(blockId, buckets, accumulators),
    collected: ({ blockId, digest }) => {
      blocks.received(blockId);
      handOvers.ended(blockId, () => shell.tell({ type: 'blockCollected', blockId, digest }));
    },
    failed: (blockId, why, noRoom) => handOvers.ended(blockId, () => shell.tell({ type: 'collectFailed', blockId, why, noRoom })),
    lacks,
    log,
  });
  return {
    core,
    shell,
    sessions,
    relay,
    local,
    serve: (rest) =>
      shell.serve({
        ...attemptHandlers(sessions, local),
        collectBlock: (command) => {
          handOvers.began(command.blockId, command.from);
          collector.collect(command);
        },
        stopCollecting: ({ blockId }) => {
          collector.stop(blockId);
          handOvers.ended(blockId, () => undefined);
        },
        ...rest,
      }),
  };
}

/** Told with the worker's name, as the other points are; a session that is over serves nothing. */
function servingPoint(
  { whileServing }: Breakpoints,
  workerOf: (sessionId: SessionId) => WorkerId | undefined,
): RelayOptions['serving'] {
  if (!whileServing) return undefined;
  return async (sessionId, blockIds) => {
    const workerId = workerOf(sessionId);
    if (workerId !== undefined) await whileServing({ sessionId, workerId, blockIds });
  };
}

/** Attempts go to a tab, or to the coordinator's own slot. */
function attemptHandlers({ handlers }: Sessions, local: LocalWorker | undefined): Sessions['handlers'] {
  if (!local) return handlers;
  return {
    ...handlers,
    leaseTask: (command) => (local.owns(command.sessionId) ? local.lease(command) : handlers.leaseTask(command)),
    cancelAttempt: (command) =>
      local.owns(command.sessionId) ? local.cancel(command.attemptId, command.why) : handlers.cancelAttempt(command),
  };
}
