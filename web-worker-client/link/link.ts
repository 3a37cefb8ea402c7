/**
 * The shell around the tab's core: sockets, slots, blocks and timers. It turns what happens into events and does what the core
 * commands, in order. One instance is one worker; it lives in a dedicated worker of the page, or in a Node process.
 */
import { unreachable } from '../../shared/assert.ts';
import { loadHashes } from '../../shared/hash.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { TabCommand } from '../core/commands.ts';
import type { PauseReason, TabEvent } from '../core/events.ts';
import { TabCore } from '../core/tab-core.ts';
import type { WorkerTraits } from '../core/traits.ts';
import type { TabState } from '../core/view.ts';
import { Announcements } from './announcements.ts';
import { AwakeClock } from './awake-clock.ts';
import { DataLink } from './data-link.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { Identity } from './identity.ts';
import type { LinkOptions } from './link-options.ts';
import { type EngineProgress, type Platform, randomUnit } from './platform.ts';
import { droppedMessages, residentMessages } from './reports.ts';
import { SessionSocket } from './session-socket.ts';
import { type LinkSnapshot, SnapshotPace } from './snapshot.ts';
import { changeSlots, makeWorkshop, type Workshop } from './workshop.ts';

/** A page has to hear of its freezing within this time to do anything about it. */
const FREEZE_NEWS_MS = 1_000;
const STARTING = { state: 'connecting', words: 'Loading the engine.' } as const;

export class Link {
  readonly #options: LinkOptions;
  readonly #platform: Platform;
  readonly #core: TabCore;
  readonly #baseUrl: string;
  readonly #socket: SessionSocket;
  readonly #identity: Identity;
  readonly #timer: DeadlineTimer;
  readonly #pace: SnapshotPace;
  readonly #announcements: Announcements;
  readonly #clock: AwakeClock;
  readonly #events: TabEvent[] = [];
  #handling = false;
  #data: DataLink | undefined;
  #session: { readonly sessionId: string; readonly dataKey: string; readonly storeId: string } | undefined;
  #cache: BlockCache | undefined;
  #shop: Workshop | undefined;
  #engineProgress: EngineProgress | undefined;
  /** What the tab says of itself while the core has not been asked to join, or was never able to. */
  #before: { readonly state: TabState; readonly words: string } | undefined = STARTING;
  #engineVersion = '';
  #stopped = false;
  #onStopped: (why: string) => void = () => undefined;
  /** Resolves, with the reason in words, when this worker is out for good. */
  readonly stopped: Promise<string>;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#platform = options.platform;
    this.#baseUrl = options.url.replace(/^http/, 'ws').replace(/\/+$/, '');
    const { claim } = options.platform;
    this.#identity = new Identity({ ...options, claim: claim && ((name) => claim(name)) });
    this.#core = new TabCore({ traits: options.traits, random: () => randomUnit(options.platform.randomBytes) });
    const clock = new AwakeClock(options.platform.clock, () => options.platform.wallMs());
    this.#clock = clock;
    this.#timer = new DeadlineTimer(clock, () => this.#dispatch({ type: 'timePassed' }));
    this.#pace = new SnapshotPace({
      clock,
      state: () => this.#before?.state ?? this.#core.state(),
      tell: () => options.onChange(this.snapshot()),
    });
    this.#announcements = new Announcements({ send: (frame) => this.#socket.send(frame), log: options.onLog });
    this.#socket = new SessionSocket({
      platform: options.platform,
      url: `${this.#baseUrl}/v1/session`,
      dispatch: (event) => this.#dispatch(event),
      onWelcome: (message) => this.#onWelcome(message),
      onLease: (lease) => this.#shop?.attempts.add(lease),
      onDropBlocks: (blockIds) => {
        this.#cache?.drop(blockIds);
        this.#pace.changed();
      },
      onCopyBlock: (message) => void this.#shop?.copies.copy(message),
    });
    this.stopped = new Promise((resolve) => {
      this.#onStopped = resolve;
    });
  }

  /** Loads the engine, boots the first slot, then connects. Rejects when the engine can't be had; `stopped` then tells why. */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      const words = `The engine could not be started: ${(error as Error).message}. Reload the page to try again.`;
      this.#before = { state: 'left', words };
      this.#options.onLog(words);
      await this.#release(false);
      this.#onStopped(words);
      this.#pace.changed(true);
      throw error;
    }
    if (this.#stopped) return;
    this.#before = undefined;
    this.#dispatch({ type: 'joinRequested' });
  }

  async #open(): Promise<void> {
    await loadHashes();
    const cache = await this.#platform.openBlockCache();
    if (this.#stopped) return cache.close();
    this.#cache = cache;
    cache.onEvicted((ids) => this.#sendAll(droppedMessages(ids)));
    cache.onUsageChanged((usage) => this.#announcements.usageChanged(usage));
    const engine = await this.#platform.loadEngine((progress) => {
      this.#engineProgress = progress;
      this.#pace.changed();
    });
    this.#engineProgress = undefined;
    if (this.#stopped) return;
    const { traits } = this.#core.view();
    const shop = makeWorkshop({
      platform: this.#platform,
      cache,
      engine,
      traits,
      fetch: async (wanted, signal) =>
        this.#data?.fetch(wanted, signal) ?? { got: [], failed: wanted.map((slice) => ({ slice, why: 'lost' as const })) },
      dispatch: (event) => this.#dispatch(event),
      send: (frame) => this.#socket.send(frame),
      sendLate: (frame) => this.#announcements.reportLate(frame),
    });
    this.#shop = shop;
    // Slots may have been set anew by now; later changes come as commands.
    this.#engineVersion = await shop.slots.resize(traits.slots);
    // Late, so that tabs opened together find the name that the first of them was given.
    await this.#identity.load(cache);
  }

  /** Takes effect within a second: what runs is handed back. The tab still serves its blocks. */
  pause(by: PauseReason = 'volunteer'): void {
    this.#dispatch({ type: 'paused', by }, true);
  }

  resume(by: PauseReason = 'volunteer'): void {
    this.#dispatch({ type: 'resumed', by }, true);
  }

  finishThenPause(): void {
    this.#dispatch({ type: 'finishThenPauseRequested' }, true);
  }

  changeTraits(traits: Partial<Omit<WorkerTraits, 'paused'>>): void {
    this.#dispatch({ type: 'traitsChanged', traits }, true);
  }

  /** The browser is about to freeze the page; `atMs`: when it said so, milliseconds since 1970. What runs is handed back. */
  freeze(atMs: number): void {
    // Heard of only after the thaw: what was frozen in mid-run goes on.
    if (this.#platform.wallMs() - atMs > FREEZE_NEWS_MS) return;
    this.pause('browser');
  }

  thaw(): void {
    this.resume('browser');
    this.wakeUp();
  }

  /** The network or the page is back. */
  wakeUp(): void {
    this.#dispatch({ type: 'wokenUp' });
    this.#dispatch({ type: 'timePassed' });
  }

  /**
   * Says goodbye and ends everything. With `handOver` it first stays, for seconds at most, until the coordinator has fetched what only
   * this tab has. Resolves when slots are gone and the cache is closed or deleted.
   */
  async leave(options: { readonly deleteBlocks: boolean; readonly handOver: boolean }): Promise<void> {
    this.#stopped = true;
    this.#before = undefined;
    this.#dispatch({ type: 'leaveRequested', handOver: options.handOver }, true);
    await this.stopped;
    await this.#release(options.deleteBlocks);
  }

  snapshot(): LinkSnapshot {
    return {
      ...this.#core.view(),
      ...this.#before,
      ...(this.#engineProgress ? { engine: this.#engineProgress } : {}),
      storedBytes: this.#cache?.storedBytes() ?? 0,
      servedBytes: this.#data?.servedBytes ?? 0,
    };
  }

  // ---- events in, commands out

  /** `now`: somebody waits to see what comes of it. */
  #dispatch(event: TabEvent, now = false): void {
    this.#events.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) {
        for (const command of this.#core.handle(next, this.#clock.nowMs())) this.#execute(command);
      }
    } finally {
      this.#handling = false;
    }
    this.#timer.set(this.#core.nextDeadlineMs());
    this.#pace.changed(now);
  }

  #execute(command: TabCommand): void {
    switch (command.type) {
      case 'openSocket':
        this.#socket.open(command.epoch);
        return;
      case 'closeSocket':
        this.#socket.close(command.epoch, command.code, command.why);
        return;
      case 'sendHello':
        this.#socket.send(this.#identity.hello(this.#platform.mode, this.#engineVersion, command.traits));
        return;
      case 'beginSession':
        this.#beginSession(command.returning);
        return;
      case 'endSession':
        this.#announcements.endSession();
        this.#data?.close();
        this.#data = undefined;
        return;
      case 'send':
        this.#socket.send(command.message);
        return;
      case 'fetchInputs':
      case 'runAttempt':
      case 'stopAttempt':
      case 'forgetAttempt':
      case 'handBack':
      case 'report':
      case 'reportLate':
      case 'takeOutcome':
      case 'discard':
        this.#shop?.attempts.execute(command);
        return;
      case 'forgetWorkerId':
        this.#identity.forgetWorkerId();
        return;
      case 'applySlots':
      case 'applyShare':
      case 'dropResidents':
        if (this.#shop) changeSlots(this.#shop, command, this.#options.onLog);
        return;
      case 'log':
        this.#options.onLog(command.words);
        return;
      case 'stop':
        // Slots and cache go a moment later, when the queue of commands is done.
        if (!this.#stopped) void this.#release(false);
        this.#onStopped(command.why);
        return;
      default:
        unreachable(command, 'command of the tab');
        return;
    }
  }

  /** True: the coordinator knows this tab's store. */
  #onWelcome(message: Extract<CoordinatorMessage, { type: 'welcome' }>): boolean {
    const { sessionId, dataKey, storeId } = message;
    this.#session = { sessionId, dataKey, storeId };
    const returning = this.#identity.isAt(storeId);
    this.#identity.note(message, this.#cache).catch((error: unknown) => {
      this.#options.onLog(`This tab could not note its store's name: ${(error as Error).message}`);
    });
    return returning;
  }

  #beginSession(returning: boolean): void {
    const session = this.#session;
    const cache = this.#cache;
    const shop = this.#shop;
    if (!session || !cache || !shop) return;
    if (!returning) shop.attempts.forgetBorrowed();
    this.#data?.close();
    this.#data = new DataLink({
      platform: this.#platform,
      url: `${this.#baseUrl}/v1/data`,
      sessionId: session.sessionId,
      dataKey: session.dataKey,
      blocks: shop.reader,
      log: this.#options.onLog,
    });
    this.#sendAll(residentMessages(shop.attempts.residents.all()));
    void this.#announcements.beginSession(cache, session.storeId, returning, this.#data.opened());
  }

  #sendAll(messages: readonly WorkerMessage[]): void {
    if (this.#data) for (const message of messages) this.#socket.send(message);
  }

  async #release(deleteBlocks: boolean): Promise<void> {
    this.#stopped = true;
    this.#timer.set(undefined);
    this.#pace.stop();
    this.#announcements.endSession();
    this.#data?.close();
    this.#data = undefined;
    this.#shop?.slots.terminate();
    const cache = this.#cache;
    this.#cache = undefined;
    if (!cache) return;
    if (deleteBlocks) await cache.clear();
    await cache.close();
  }
}
