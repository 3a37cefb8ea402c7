/** Where each slice of a fetch comes from: the coordinator's own blocks, or a holder; many slices of one holder go together. */
import type { BlockId, Digest, SessionId } from '../../shared/ids.ts';
import type { BucketInfo, Slice } from '../../shared/plan/task.ts';
import type { DataPeer, FetchMessage } from './relay-peer.ts';
import type { FailedWhy } from './relay-upstream.ts';

export interface ItineraryDeps {
  readonly blocks: { has(blockId: BlockId): boolean };
  /** Whether a live lease of this session reads the slice. */
  readonly leased: (sessionId: SessionId, blockId: BlockId, bucket: number) => boolean;
  /** The accepted buckets of a task's output. */
  readonly accepted: (blockId: BlockId) => readonly BucketInfo[] | undefined;
  /** Data sockets of other sessions that hold the block, best first. */
  readonly holders: (blockId: BlockId, except: SessionId) => readonly DataPeer[];
}

export interface Group {
  readonly holder: DataPeer;
  readonly indices: readonly number[];
}

export class Itinerary {
  readonly slices: readonly Slice[];
  /** Indices of slices that the coordinator holds, in the order in which they are asked for. */
  readonly kept: readonly number[];
  readonly #sessionId: SessionId;
  readonly #deps: ItineraryDeps;
  readonly #hopeless: (readonly [index: number, why: FailedWhy])[] = [];
  readonly #groups = new Map<DataPeer, number[]>();
  readonly #assigned = new Map<number, DataPeer>();
  /** Holders that failed to give a slice. */
  readonly #tried = new Map<number, DataPeer[]>();
  #keptDone = 0;

  constructor(sessionId: SessionId, wanted: FetchMessage['slices'], deps: ItineraryDeps) {
    this.#sessionId = sessionId;
    this.#deps = deps;
    this.slices = wanted.map(({ blockId, bucket, digest }) => {
      const bytes = deps.accepted(blockId as BlockId)?.[bucket]?.bytes ?? 0;
      return { blockId: blockId as BlockId, bucket, digest: digest as Digest, bytes };
    });
    const kept: number[] = [];
    for (const [index, { blockId, bucket }] of this.slices.entries()) {
      if (!deps.leased(sessionId, blockId, bucket)) this.#hopeless.push([index, 'refused']);
      else if (deps.blocks.has(blockId)) kept.push(index);
      else this.#assign(index);
    }
    this.kept = kept;
  }

  /** Slices that nobody may or can serve; each is told once. */
  hopeless(): readonly (readonly [index: number, why: FailedWhy])[] {
    return this.#hopeless.splice(0);
  }

  nextKept(): number | undefined {
    return this.kept[this.#keptDone++];
  }

  /** The next slices of one holder, at least one, about `bytes` together; holders take turns. */
  nextGroup(bytes: number): Group | undefined {
    const [next] = this.#groups;
    if (!next) return undefined;
    const [holder, waiting] = next;
    let sum = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || sum < bytes)) sum += this.slices[waiting[count++] ?? 0]?.bytes ?? 0;
    const indices = waiting.splice(0, count);
    this.#groups.delete(holder);
    if (waiting.length > 0) this.#groups.set(holder, waiting);
    return { holder, indices };
  }

  /** Waiting slices that pass through now for others, about `bytes` together: they are read on the way. */
  passing(bytes: number, passes: (slice: Slice) => boolean): readonly number[] {
    const found: number[] = [];
    let sum = 0;
    for (const [holder, waiting] of this.#groups) {
      const left = waiting.filter((index) => {
        const slice = this.slices[index];
        if (!slice || sum >= bytes || !passes(slice)) return true;
        sum += slice.bytes;
        found.push(index);
        return false;
      });
      if (left.length > 0) this.#groups.set(holder, left);
      else this.#groups.delete(holder);
    }
    return found;
  }

  /** Plans a slice anew of which nothing was sent. Answers why it can't be had, if so. */
  again(index: number, why: FailedWhy, fromTab = true): FailedWhy | undefined {
    const holder = this.#assigned.get(index);
    if (fromTab && holder) this.#tried.set(index, [...(this.#tried.get(index) ?? []), holder]);
    const slice = this.slices[index];
    if (!slice || !this.#deps.leased(this.#sessionId, slice.blockId, slice.bucket)) return 'refused';
    this.#assign(index);
    return this.#hopeless.pop() && (fromTab ? lastWord(why) : 'missing');
  }

  #assign(index: number): void {
    const slice = this.slices[index];
    const tried = this.#tried.get(index) ?? [];
    // Another digest than the accepted one: the worker's lease is older than what is there now.
    const accepted = slice && this.#deps.accepted(slice.blockId)?.[slice.bucket]?.digest === slice.digest;
    const holders = slice && accepted ? this.#deps.holders(slice.blockId, this.#sessionId) : [];
    const holder = holders.find((one) => !one.closed && !tried.includes(one));
    if (!holder) {
      this.#hopeless.push([index, 'missing']);
      return;
    }
    this.#assigned.set(index, holder);
    const group = this.#groups.get(holder);
    if (group) group.push(index);
    else this.#groups.set(holder, [index]);
  }
}

/** What a consumer hears when the last holder failed: its lineage makes the block again, whatever was wrong with the holder. */
function lastWord(why: FailedWhy): FailedWhy {
  return why === 'refused' || why === 'timeout' ? 'missing' : why;
}
