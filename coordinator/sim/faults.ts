/**
 * What goes wrong. Each fault strikes now and then, by itself, and more often where it hurts: a tab that was just leased something, that
 * has just reported, that is the only holder of a block; a coordinator that has just been told.
 */
import type { Failure } from '../../shared/failure.ts';
import type { BlockId, WorkerId } from '../../shared/ids.ts';
import { Chance } from './chance.ts';
import { damaged } from './engine.ts';
import { claimOf, forged } from './lies.ts';
import { FAULT_RATES, type FaultKind, LIE_RATES, type Moment, type SimOptions } from './options.ts';
import type { Profile } from './profile.ts';
import type { Tab } from './tab.ts';
import type { World } from './world.ts';

/** What may happen to a tab at a risky moment. */
const AT_TAB: readonly FaultKind[] = ['disconnect', 'halfOpen', 'freeze', 'kill', 'reloadTab', 'leave', 'pause', 'slow', 'evict'];
const MINUTE_MS = 60_000;
const MiB = 1024 * 1024;
/** A strike aims at a tab that is the only holder of something with this probability. */
const AIM = 0.3;

export class Faults {
  readonly #world: World;
  readonly #options: SimOptions;
  readonly #chance: Chance;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
    this.#options = world.options;
    this.#chance = new Chance(world.options.seed, 'faults');
  }

  begin(): void {
    for (const kind of Object.keys({ ...FAULT_RATES, ...LIE_RATES }) as FaultKind[]) this.#plan(kind);
    this.#world.hooks = {
      moment: (moment, tab, blockIds) => this.#moment(moment, tab, blockIds),
      strikes: (tab) => this.#strikesAttempt(tab),
    };
  }

  /** No more faults, and those that last are mended. */
  end(): void {
    const world = this.#world;
    this.#isOver = true;
    world.hooks = { moment: () => undefined, strikes: () => undefined };
    world.network.weather = { ...world.network.weather, duplicates: 0, isFifo: true };
    world.disk.isFull = false;
    for (const profile of world.profiles) profile.capBytes = 1024 * MiB;
    for (const tab of world.alive()) {
      if (tab.isFrozen) tab.thaw();
      tab.slowDown(1);
      tab.isLying = false;
      tab.wish({ type: 'resumed', by: 'volunteer' });
      tab.announcements.tellUsage();
    }
  }

  #plan(kind: FaultKind): void {
    const rate = this.#options.faults[kind] ?? 0;
    if (rate <= 0) return;
    this.#world.clock.after(this.#chance.around(MINUTE_MS / rate), () => {
      if (this.#isOver) return;
      this.#strike(kind, this.#aim());
      this.#plan(kind);
    });
  }

  #moment(moment: Moment, at: Tab | undefined, blockIds: readonly BlockId[]): void {
    const chance = this.#chance;
    if (!chance.hit(this.#options.moments[moment] ?? 0)) return;
    const kinds = AT_TAB.filter((kind) => (this.#options.faults[kind] ?? 0) > 0);
    const isCrash = (this.#options.faults.crash ?? 0) > 0 && chance.hit(0.15);
    const tab = at ?? this.#holderOf(blockIds[0]) ?? this.#aim();
    const kind = isCrash ? 'crash' : chance.any(kinds);
    if (!kind) return;
    this.#world.clock.after(chance.hit(0.5) ? 0 : chance.between(1, 30), () => {
      if (!this.#isOver) this.#strike(kind, tab);
    });
  }

  #holderOf(blockId: BlockId | undefined): Tab | undefined {
    if (blockId === undefined) return undefined;
    return this.#world.alive().find((tab) => tab.store.get(blockId) !== undefined);
  }

  /** Some tab; rather one that alone holds a block which nobody else has. */
  #aim(): Tab | undefined {
    const { coordinator } = this.#world;
    const tabs = this.#world.alive();
    if (coordinator && this.#chance.hit(AIM)) {
      for (const { stores, onCoordinator } of coordinator.core.scheduler.blocks()) {
        const [store] = stores;
        if (onCoordinator || stores.length !== 1) continue;
        const holder = tabs.find((tab) => tab.store.storeId === store);
        if (holder) return holder;
      }
    }
    return this.#chance.any(tabs);
  }

  #strike(kind: FaultKind, tab: Tab | undefined): void {
    const world = this.#world;
    world.trace.add(`fault ${kind} ${tab?.name ?? ''}`);
    world.tell(() => `fault: ${kind}${tab ? ` at ${tab.name}` : ''}`);
    this.#ofCoordinator[kind]?.();
    if (tab && !tab.isGone) this.#ofTab[kind]?.(tab);
  }

  readonly #ofCoordinator: { readonly [kind: string]: () => void } = {
    crash: () => {
      const chance = this.#chance;
      const waiting = this.#world.disk.journal.waiting;
      this.#world.crash(chance.around(1_000), chance.hit(0.8), chance.between(0, waiting));
    },
    reloadCore: () => this.#world.coordinator?.core.reload(),
    fullDisk: () =>
      this.#forAWhile(10_000, (on) => {
        this.#world.disk.isFull = on;
      }),
    loseCopy: () => {
      const id = this.#someCopy();
      if (id !== undefined) this.#world.coordinator?.loseBlock(id);
    },
    corruptCopy: () => {
      const id = this.#someCopy();
      const copy = id === undefined ? undefined : this.#world.coordinator?.blocks.get(id);
      if (!copy) return;
      this.#world.rotten.add(copy.blockId);
      this.#world.coordinator?.blocks.replace(damaged(copy, this.#chance.below(copy.buckets.length)));
    },
    endLocal: () => this.#world.coordinator?.endLocal(),
    allGone: () => {
      for (const tab of this.#world.alive()) this.#close(tab, this.#chance.hit(0.7), 0.9);
    },
  };

  readonly #ofTab: { readonly [kind: string]: (tab: Tab) => void } = {
    disconnect: (tab) => tab.disconnect(),
    halfOpen: (tab) => {
      const ways = this.#chance.pick(['up', 'down', 'both'] as const);
      if (ways !== 'down') this.#fallSilent(tab);
      tab.halfOpen(ways);
    },
    slow: (tab) => this.#forAWhile(10_000, (on) => tab.slowDown(on ? this.#chance.between(2, 50) : 1)),
    freeze: (tab) => {
      if (tab.isFrozen) return;
      tab.freeze();
      this.#world.clock.after(this.#chance.around(8_000), () => tab.isFrozen && tab.thaw());
    },
    kill: (tab) => this.#close(tab, this.#chance.hit(0.7), 0.6),
    reloadTab: (tab) => this.#close(tab, true, 1, 50),
    leave: (tab) => {
      tab.wish({ type: 'leaveRequested', handOver: this.#chance.hit(0.7) });
      this.#comeBack(tab, 0.7, 5_000);
    },
    pause: (tab) => {
      const isAtOnce = this.#chance.hit(0.7);
      tab.wish(isAtOnce ? { type: 'paused', by: 'volunteer' } : { type: 'finishThenPauseRequested' });
      this.#world.clock.after(this.#chance.around(4_000), () => tab.wish({ type: 'resumed', by: 'volunteer' }));
    },
    resize: (tab) => tab.wish({ type: 'traitsChanged', traits: { slots: this.#chance.between(0, this.#options.slotsMost) } }),
    drain: (tab) => {
      this.#world.coordinator?.drain(tab.workerId as WorkerId);
      // Draining ends with the session.
      this.#world.clock.after(this.#chance.around(5_000), () => tab.disconnect());
    },
    dismiss: (tab) => {
      this.#world.coordinator?.dismiss(tab.workerId as WorkerId);
      this.#comeBack(tab, 0.8, 5_000);
    },
    duplicateTab: (tab) => void this.#world.open(tab.store.profile, 1, tab.workerId),
    evict: (tab) => {
      const id = this.#chance.any([...tab.store.memory.keys(), ...tab.store.profile.disk.keys()]);
      if (id !== undefined && !tab.isFrozen) tab.store.evict(id);
    },
    evictUntold: ({ store }) => {
      const id = this.#chance.any(store.profile.disk.keys());
      if (id !== undefined) store.profile.disk.delete(id);
    },
    corrupt: (tab) => this.#corrupt(tab),
    quota: ({ store: { profile } }) => {
      profile.capBytes = this.#chance.pick([0, 8, 40]) * MiB;
      this.#world.clock.after(this.#chance.around(10_000), () => {
        profile.capBytes = this.#options.capBytes;
      });
    },
    lie: (tab) =>
      this.#forAWhile(5_000, (on) => {
        tab.isLying = on;
      }),
    claim: (tab) => {
      const scheduler = this.#world.coordinator?.core.scheduler;
      const blockId = scheduler && this.#chance.any([...scheduler.blocks()].map((block) => block.blockId));
      const digest = blockId && scheduler?.blockInfo(blockId)?.digest;
      if (blockId && digest) tab.say(claimOf(blockId, digest));
    },
    forge: (tab) => {
      const others = this.#world.alive().flatMap((other) => [...other.attempts.ids()]);
      for (const message of forged(this.#chance, this.#chance.any(others))) tab.say(message);
    },
    unload: (tab) => !tab.isFrozen && tab.dropResidents(this.#chance.below(4), this.#chance.below(8)),
  };

  /** Bytes rot on the disk, where reading finds out, or in memory, where only their reader does. */
  #corrupt({ store }: Tab): void {
    const chance = this.#chance;
    const id = chance.any([...store.memory.keys(), ...store.profile.disk.keys()]);
    if (id === undefined) return;
    const held = store.memory.get(id);
    if (held) store.memory.set(id, { ...held, copy: damaged(held.copy, chance.below(held.copy.buckets.length)) });
    const stored = store.profile.disk.get(id);
    if (stored) store.profile.disk.set(id, { ...stored, copy: damaged(stored.copy, chance.below(stored.copy.buckets.length)) });
  }

  #someCopy(): BlockId | undefined {
    const { coordinator } = this.#world;
    if (!coordinator) return undefined;
    const results = new Set([...coordinator.jobs.results.values()].flatMap((result) => result.map(({ blockId }) => blockId)));
    // A result that is lost after its job is over is lost: nothing brings it back, here or in the real one.
    return this.#chance.any(coordinator.blocks.ids().filter((id) => !results.has(id)));
  }

  #close(tab: Tab, isNoticed: boolean, returns: number, withinMs = 6_000): void {
    if (!isNoticed) this.#fallSilent(tab);
    tab.vanish(isNoticed);
    this.#comeBack(tab, returns, withinMs);
  }

  #fallSilent(tab: Tab): void {
    this.#world.silences.fell(tab.sessionId, Math.max(this.#world.clock.nowMs(), tab.lastWordAtMs));
  }

  #comeBack({ store: { profile }, workerId }: Tab, probability: number, meanMs: number): void {
    if (!this.#chance.hit(probability)) return;
    const isSame = this.#chance.hit(0.6);
    this.#world.clock.after(this.#chance.around(meanMs), () => {
      if (!this.#isOver) this.#open(profile, isSame ? workerId : undefined);
    });
  }

  #open(profile: Profile, workerId: string | undefined): void {
    if (this.#world.alive().length < 3 * this.#options.tabs) {
      this.#world.open(profile, this.#chance.between(1, this.#options.slotsMost), workerId);
    }
  }

  #forAWhile(meanMs: number, set: (on: boolean) => void): void {
    set(true);
    this.#world.clock.after(this.#chance.around(meanMs), () => {
      if (!this.#isOver) set(false);
    });
  }

  #strikesAttempt(_tab: Tab): Failure | undefined {
    if (this.#options.isPatient || !this.#chance.hit(0.02)) return undefined;
    return { reason: 'resource', code: 'memory-limit', message: 'the slot ran out of memory' };
  }
}
