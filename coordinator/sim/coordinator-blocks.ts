/** Task outputs that the coordinator keeps: small ones in its memory, which dies with it, the others on disk. */
import type { BlockId } from '../../shared/ids.ts';
import type { Copy } from './engine.ts';

export class CoordinatorBlocks {
  readonly disk: Map<BlockId, Copy>;
  readonly #memory = new Map<BlockId, Copy>();

  constructor(disk: Map<BlockId, Copy>) {
    this.disk = disk;
  }

  get(blockId: BlockId): Copy | undefined {
    return this.#memory.get(blockId) ?? this.disk.get(blockId);
  }

  ids(): BlockId[] {
    return [...new Set([...this.#memory.keys(), ...this.disk.keys()])];
  }

  get size(): number {
    return this.#memory.size + this.disk.size;
  }

  putInline(copy: Copy): void {
    this.#memory.set(copy.blockId, copy);
  }

  received(copy: Copy): void {
    this.#memory.delete(copy.blockId);
    this.disk.set(copy.blockId, copy);
  }

  /** Makes a block survive; false: it is not here. */
  persist(blockId: BlockId): boolean {
    const copy = this.get(blockId);
    if (copy) this.received(copy);
    return copy !== undefined;
  }

  discard(ids: readonly BlockId[]): void {
    for (const id of ids) {
      this.#memory.delete(id);
      this.disk.delete(id);
    }
  }

  /** Puts other bytes into a block's place, on disk or in memory. */
  replace(copy: Copy): void {
    if (this.#memory.has(copy.blockId)) this.#memory.set(copy.blockId, copy);
    else this.disk.set(copy.blockId, copy);
  }
}
