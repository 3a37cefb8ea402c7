/**
 * One life of the coordinator's process: the real core in its real shell, and around them what assemble.ts and the job service do. What
 * survives it is on `Disk`.
 */
import type { BlockId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { HandOvers } from '../sessions/hand-overs.ts';
import { Lacking } from '../sessions/lacking.ts';
import { type CommandHandlers, Shell, type Told } from '../sessions/shell.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import { Collector } from './collector.ts';
import { CoordinatorBlocks } from './coordinator-blocks.ts';
import type { Copy } from './engine.ts';
import type { DataWire, SessionWire, WorkerFrame } from './frames.ts';
import { JobDesk, type SettleCommand } from './job-desk.ts';
import type { Journal } from './journal.ts';
import { LocalWorker } from './local-worker.ts';
import type { ObservedCore } from './observed-core.ts';
import type { Plant } from './plant.ts';
import { Relay } from './relay.ts';
import { Session, type SessionDeps } from './session.ts';

/** What the coordinator's process leaves behind. */
export interface Disk {
  readonly outputs: Map<BlockId, Copy>;
  readonly journal: Journal;
  isFull: boolean;
}

export interface CoordinatorOptions {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly disk: Disk;
  readonly core: ObservedCore;
  /** Which life this is. */
  readonly life: number;
  readonly rowBytes: number;
  readonly keepMs: number;
  readonly hasLocalWorker: boolean;
  readonly check: SessionDeps['check'];
  readonly plant: Plant | undefined;
  readonly settled: (command: SettleCommand) => void;
  readonly collects: (blockId: BlockId) => void;
}

const LOCAL_START_MS = 1_500;

export class Coordinator {
  readonly core: ObservedCore;
  readonly blocks: CoordinatorBlocks;
  readonly collector: Collector;
  readonly relay: Relay;
  readonly sessions = new Map<SessionId, Session>();
  readonly jobs: JobDesk;
  readonly #options: CoordinatorOptions;
  readonly #shell: Shell;
  readonly #lacking = new Lacking();
  readonly #handOvers: HandOvers;
  #local: LocalWorker | undefined;
  #isLocalStarting = false;
  #made = 0;
  isDown = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.core = options.core;
    this.#shell = new Shell(options.core, options.clock);
    this.blocks = new CoordinatorBlocks(options.disk.outputs);
    this.#handOvers = new HandOvers((sessionId) => {
      this.sessions.get(sessionId)?.close(CLOSE.leaving, 'nothing is left to hand over', 'closed');
    });
    const after = (delayMs: number, act: () => void): (() => void) => this.after(delayMs, act);
    this.relay = new Relay({
      after,
      blocks: this.blocks,
      leased: (sessionId, blockId, bucket) => this.core.scheduler.leaseOf(sessionId, blockId, bucket),
      isAccepted: ({ blockId, bucket, digest }) => this.core.scheduler.blockInfo(blockId)?.buckets[bucket]?.digest === digest,
      holders: (blockId) => this.#lacking.inOrder(blockId, this.core.scheduler.holders(blockId).sessions),
      lacks: (holder, blockId) => this.#lacks(holder, blockId),
      damaged: (blockId) => this.loseBlock(blockId),
    });
    this.collector = new Collector({
      relay: this.relay,
      after,
      writeMs: () => options.chance.between(0, options.keepMs),
      isFull: () => options.disk.isFull,
      isCredulous: options.plant?.keepsUnchecked === true,
      began: ({ blockId }) => options.collects(blockId),
      collected: ({ blockId, digest }, copy) => {
        this.blocks.received(copy);
        this.#handOvers.ended(blockId, () => this.tell({ type: 'blockCollected', blockId, digest }));
      },
      failed: (blockId, why, noRoom) =>
        this.#handOvers.ended(blockId, () => this.tell({ type: 'collectFailed', blockId, why, noRoom })),
    });
    this.jobs = new JobDesk({
      core: this.core,
      blocks: this.blocks,
      journal: options.disk.journal,
      acksEarly: options.plant?.acksEarly === true,
      settled: options.settled,
      tell: (...events) => this.tell(...events),
      persist: (act) => void this.after(options.chance.between(0, options.keepMs), act),
    });
    this.#shell.serve(this.#handlers());
  }

  tell(...events: readonly Told[]): void {
    if (!this.isDown) this.#shell.tell(...events);
  }

  after(delayMs: number, act: () => void): () => void {
    return this.#options.clock.after(delayMs, () => {
      if (!this.isDown) act();
    });
  }

  /** The process dies. Its sockets are closed by the system, or nobody is told. */
  crash(): void {
    this.isDown = true;
    this.#shell.close();
  }

  /** The coordinator's own copy is damaged or gone. */
  loseBlock(blockId: BlockId): void {
    this.blocks.discard([blockId]);
    if (this.core.scheduler.countsOnCopy(blockId)) this.tell({ type: 'coordinatorBlockLost', blockId });
  }

  drain(workerId: WorkerId): void {
    const session = [...this.sessions.values()].find(({ identity }) => identity.workerId === workerId);
    session?.send({ type: 'drain' });
    if (session) this.tell({ type: 'workerDrained', workerId });
  }

  dismiss(workerId: WorkerId): void {
    const session = [...this.sessions.values()].find(({ identity }) => identity.workerId === workerId);
    session?.close(CLOSE.dismissed, 'closed by the administrator', 'dismissed');
  }

  // Sessions

  accept(wire: SessionWire): void {
    let session: Session | undefined;
    wire.accept({
      frame: (frame) => {
        if (this.isDown) return;
        if (session) session.receive(frame);
        else session = this.#greet(wire, frame);
      },
      closed: () => {
        if (!this.isDown) session?.over('closed');
      },
    });
  }

  acceptData(wire: DataWire, sessionId: SessionId): void {
    if (this.isDown) return;
    if (this.sessions.has(sessionId)) this.relay.attach(sessionId, wire);
    else wire.closeByCoordinator(CLOSE.token, 'no such session');
  }

  #greet(wire: SessionWire, { message }: WorkerFrame): Session | undefined {
    if (message.type !== 'hello') {
      wire.closeByCoordinator(CLOSE.badMessage, 'the first frame must be a hello');
      return undefined;
    }
    const number = `${this.#options.life}-${++this.#made}`;
    const storeId = (message.storeId ?? `store-${number}`) as StoreId;
    const { workerId, replaced } = this.#workerIdFor(message.workerId, storeId, number);
    const identity = { sessionId: `ses-${number}` as SessionId, workerId, storeId };
    const { chance, keepMs, check, plant, clock } = this.#options;
    const session = new Session(identity, wire, {
      nowMs: () => clock.nowMs(),
      after: (delayMs, act) => this.after(delayMs, act),
      tell: (...events) => this.tell(...events),
      blocks: this.blocks,
      keepMs: () => chance.between(0, keepMs),
      packMs: () => chance.between(0, 2),
      check,
      isDeaf: plant?.isDeaf === true,
      mixesTold: plant?.mixesTold === true,
      leaves: (sessionId) => this.#handOvers.leaves(sessionId),
      ended: (gone) => this.#forgetSession(gone),
    });
    this.sessions.set(identity.sessionId, session);
    session.send({ type: 'welcome', ...identity, dataKey: 'key', heartbeatMs: LIMITS.heartbeatMs });
    session.join(message.traits, message.storeId !== undefined);
    replaced?.close(CLOSE.duplicate, 'another tab or connection took this worker’s place', 'closed');
    this.#startLocal();
    return session;
  }

  #workerIdFor(wanted: string | undefined, storeId: string, number: string): { workerId: WorkerId; replaced?: Session } {
    const fresh = { workerId: `w-${number}` as WorkerId };
    if (wanted === undefined) return fresh;
    const replaced = [...this.sessions.values()].find(({ identity }) => identity.workerId === wanted);
    if (!replaced) return { workerId: wanted as WorkerId };
    return replaced.identity.storeId === storeId ? { workerId: wanted as WorkerId, replaced } : fresh;
  }

  #forgetSession({ identity: { sessionId } }: Session): void {
    this.sessions.delete(sessionId);
    this.relay.detach(sessionId);
    this.#lacking.gone(sessionId);
    this.#handOvers.gone(sessionId);
  }

  #lacks(holder: SessionId, blockId: BlockId): void {
    const storeId = this.sessions.get(holder)?.identity.storeId;
    if (storeId === undefined) return;
    const ofStore = [...this.sessions.values()].filter(({ identity }) => identity.storeId === storeId);
    const isLost = this.#lacking.note(
      blockId,
      holder,
      ofStore.map(({ identity }) => identity.sessionId),
    );
    if (isLost) this.tell({ type: 'blocksDropped', storeId, blockIds: [blockId] });
  }

  #startLocal(): void {
    const { hasLocalWorker, chance, rowBytes } = this.#options;
    if (!hasLocalWorker || this.#local || this.#isLocalStarting) return;
    this.#isLocalStarting = true;
    this.after(LOCAL_START_MS, () => {
      this.#isLocalStarting = false;
      this.#local = new LocalWorker({
        sessionId: `ses-local-${this.#options.life}-${++this.#made}` as SessionId,
        after: (delayMs, act) => this.after(delayMs, act),
        tell: (...events) => this.tell(...events),
        blocks: this.blocks,
        chance,
        rowBytes,
      });
      this.#local.join();
    });
  }

  /** The coordinator's own slot ends, and comes back with the next tab. */
  endLocal(): void {
    const local = this.#local;
    this.#local = undefined;
    local?.end();
  }

  get localSession(): SessionId | undefined {
    return this.#local?.sessionId;
  }

  #handlers(): CommandHandlers {
    return {
      leaseTask: (command) => {
        if (command.sessionId === this.#local?.sessionId) this.#local.lease(command);
        else this.sessions.get(command.sessionId)?.lease(command);
      },
      cancelAttempt: ({ sessionId, attemptId, why }) => {
        if (sessionId === this.#local?.sessionId) this.#local.cancel(attemptId);
        else this.sessions.get(sessionId)?.cancel(attemptId, why);
      },
      dropBlocks: ({ sessionId, blockIds }) => {
        const storeId = this.sessions.get(sessionId)?.identity.storeId;
        for (const session of this.sessions.values())
          if (session.identity.storeId === storeId) session.send({ type: 'dropBlocks', blockIds: [...blockIds] });
      },
      dropResidents: ({ sessionId, type, slot, residentKeys }) =>
        this.sessions.get(sessionId)?.send({ type, slot, residentKeys: [...residentKeys] }),
      copyBlock: ({ sessionId, buckets, ...copy }) => this.sessions.get(sessionId)?.send({ ...copy, buckets: [...buckets] }),
      collectBlock: (command) => {
        this.#handOvers.began(command.blockId, command.from);
        this.collector.collect(command);
      },
      stopCollecting: ({ blockId }) => {
        this.collector.stop(blockId);
        this.#handOvers.ended(blockId, () => undefined);
      },
      discardBlocks: ({ blockIds }) => this.blocks.discard(this.jobs.unneeded(blockIds)),
      dismissWorker: ({ sessionId, why }) => this.sessions.get(sessionId)?.close(CLOSE.dismissed, why, 'dismissed'),
      settleJob: (command) => this.jobs.settle(command),
    };
  }
}
