/** What a tab works with once its engine is there: its blocks, its slots and its attempts. */
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import { SliceReader } from '../blocks/slice-reader.ts';
import type { TabCommand } from '../core/commands.ts';
import type { TabEvent } from '../core/events.ts';
import type { WorkerTraits } from '../core/traits.ts';
import { AttemptTable } from './attempt-table.ts';
import { Copies } from './copies.ts';
import type { EngineAssets, Platform } from './platform.ts';
import { residentMessages } from './reports.ts';
import type { FetchSlices } from './slice-source.ts';
import { SlotPool } from './slot-pool.ts';

export interface WorkshopOptions {
  readonly platform: Platform;
  readonly cache: BlockCache;
  readonly engine: EngineAssets;
  readonly traits: WorkerTraits;
  readonly fetch: FetchSlices;
  readonly dispatch: (event: TabEvent) => void;
  readonly send: (frame: WorkerMessage | string | Uint8Array<ArrayBuffer>) => void;
  /** For a report whose session is gone. */
  readonly sendLate: (frame: string) => void;
}

export interface Workshop {
  readonly send: WorkshopOptions['send'];
  readonly reader: SliceReader;
  readonly slots: SlotPool;
  readonly attempts: AttemptTable;
  readonly copies: Copies;
}

/** Starts nothing: `slots.resize` does. */
export function makeWorkshop({ platform, cache, engine, traits, ...link }: WorkshopOptions): Workshop {
  const reader = new SliceReader(cache);
  const slots = new SlotPool({
    platform,
    engine,
    memoryLimitBytes: traits.memoryPerSlotBytes,
    share: traits.share,
    onResidentsLost: (slot) => {
      for (const message of residentMessages(attempts.residents.lose(slot))) link.send(message);
    },
  });
  const attempts = new AttemptTable({ clock: platform.clock, cache, reader, slots, ...link });
  const copies = new Copies({ cache, fetch: link.fetch, send: link.send });
  return { reader, slots, attempts, copies, send: link.send };
}

export type SlotCommand = Extract<TabCommand, { readonly type: 'applySlots' | 'applyShare' | 'dropResidents' }>;

export function changeSlots(shop: Workshop, command: SlotCommand, log: (words: string) => void): void {
  const { slots } = shop;
  switch (command.type) {
    case 'applySlots':
      slots.resize(command.slots).catch((error: unknown) => log(`A slot did not start: ${(error as Error).message}`));
      return;
    case 'applyShare':
      slots.setShare(command.share);
      return;
    case 'dropResidents':
      dropResidents(shop, command).catch((error: unknown) =>
        log(`Slot ${command.slot} kept its tables: ${(error as Error).message}`),
      );
  }
}

async function dropResidents(
  shop: Workshop,
  { slot, residentKeys }: Extract<SlotCommand, { type: 'dropResidents' }>,
): Promise<void> {
  const dropped = (await shop.slots.get(slot)?.dropResidents(residentKeys)) ?? [];
  for (const message of residentMessages(shop.attempts.residents.apply(slot, dropped))) shop.send(message);
}
