/** A link with fake slots beside a fake coordinator. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Clock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/hash.ts';
import type { BlockId } from '../../../shared/ids.ts';
import type { Slice, TaskSpec } from '../../../shared/plan/task.ts';
import type { CoordinatorMessage } from '../../../shared/protocol/session.ts';
import { MemoryStore } from '../../blocks/memory-store.ts';
import { TieredCache } from '../../blocks/tiered-cache.ts';
import { Link } from '../link.ts';
import type { Platform } from '../platform.ts';
import type { LinkSnapshot } from '../snapshot.ts';
import { type WebSocketLike, wrapWebSocket } from '../web-socket.ts';
import { FakeCoordinator } from './fake-coordinator.ts';
import { FakeSlots } from './fake-slot.ts';

const realClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

export interface Harness {
  readonly coordinator: FakeCoordinator;
  readonly slots: FakeSlots;
  readonly link: Link;
  readonly store: MemoryStore;
  readonly logs: string[];
  /** Snapshots as the page got them. */
  readonly told: LinkSnapshot[];
  snapshot(): LinkSnapshot;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly slots?: number;
  readonly store?: MemoryStore;
  readonly workerId?: string;
  readonly claim?: (name: string) => Promise<boolean>;
}

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const coordinator = await FakeCoordinator.open();
  const slots = new FakeSlots();
  const store = options.store ?? new MemoryStore();
  const logs: string[] = [];
  const told: LinkSnapshot[] = [];
  const platform: Platform = {
    mode: 'headless',
    clock: realClock,
    wallMs: () => 0,
    randomBytes: (count) => randomBytes(count),
    openSocket: (url, events) => wrapWebSocket(() => new WebSocket(url) as unknown as WebSocketLike, events),
    spawnSlot: (slot) => slots.spawn(slot),
    loadEngine: async () => ({ engineUrl: 'none' }),
    ...(options.claim && { claim: options.claim }),
    openBlockCache: () =>
      TieredCache.open({
        store,
        memoryBytes: 1 << 26,
        capBytes: 1 << 28,
        wallMs: () => 0,
        owner: 'test',
        log: (w) => logs.push(w),
      }),
  };
  const link = new Link({
    platform,
    url: coordinator.url,
    ...(options.workerId !== undefined && { workerId: options.workerId }),
    traits: { slots: options.slots ?? 1, visibility: 'headless', share: 1, memoryPerSlotBytes: 1 << 28 },
    onChange: (snapshot) => told.push(snapshot),
    onLog: (words) => logs.push(words),
  });
  return {
    coordinator,
    slots,
    link,
    store,
    logs,
    told,
    snapshot: () => link.snapshot(),
    async close() {
      await link.leave({ deleteBlocks: false, handOver: false });
      await coordinator.close();
    },
  };
}

/** A slice of the given bytes in a block of its own. */
export function sliceOf(fill: number, bytes: Uint8Array): Slice {
  return { blockId: blockId(fill), bucket: 0, digest: digestOf(bytes), bytes: bytes.byteLength };
}

export function blockId(fill: number): BlockId {
  return fill.toString(16).padStart(64, '0') as BlockId;
}

export function taskOf(inputs: TaskSpec['inputs'], more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    blockId: blockId(0xabc),
    steps: [{ kind: 'sql', sql: 'select 1' }],
    inputs,
    output: { columns: [{ type: 'INTEGER', wire: 'INTEGER' }], partitioning: { kind: 'single' } },
    title: 'count things',
    maxRunMs: 60_000,
    minRunMs: 0,
    ...more,
  };
}

/** One column of `slices.length` chunks of 10 rows. */
export function chunkInput(
  residentKey: string,
  columns: readonly { ordinal: number; slices: readonly Slice[] }[],
): TaskSpec['inputs'][number] {
  return {
    kind: 'chunks',
    run: {
      residentKey,
      dataset: 'd',
      version: 'v' as never,
      chunkRows: (columns[0]?.slices ?? []).map(() => 10),
      columns: columns.map((c) => ({ type: 'INTEGER', wire: 'INTEGER', ...c })),
    },
  };
}

export function leaseOf(attemptId: string, slot: number, task: TaskSpec): Extract<CoordinatorMessage, { type: 'lease' }> {
  return { type: 'lease', attemptId, slot, task } as unknown as Extract<CoordinatorMessage, { type: 'lease' }>;
}
