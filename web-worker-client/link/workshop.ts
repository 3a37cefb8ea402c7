/** What a tab works with once its engine is there: its blocks, its slots and its attempts. */
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import { SliceReader } from '../blocks/slice-reader.ts';
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
  return { reader, slots, attempts, copies };
}
