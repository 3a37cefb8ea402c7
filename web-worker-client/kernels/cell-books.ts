/**
 * What each cell (one record batch of one bucket) will hold: rows, NULLs of each node, lengths of its strings and lists. Counted
 * while pieces come, so that the place of every buffer is known before the first value is moved.
 */
import { IpcError } from '../../shared/arrow/ipc.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { hasOffsets, type SplitNode } from './nodes.ts';
import { type CellTables, FAILED } from './split-exports.ts';
import type { StagedNode } from './staged-piece.ts';

/** Cells of one task; 4096 of 122,880 rows are more than fit into memory. */
const CELLS_MAX = 4096;
/** Where elements of NULL lists go: laid out like a cell, never read. */
export const NOWHERE = CELLS_MAX;
const TABLE_BYTES = 4 * (CELLS_MAX + 1);

interface NodeTables {
  readonly nulls: number;
  /** 0 for nodes without offsets. */
  readonly lengths: number;
}

export class CellBooks {
  readonly #memory: KernelMemory;
  readonly #nodes: readonly SplitNode[];
  readonly #rowsMax: number;
  readonly #cellOfBucket: number;
  readonly #cellRows: number;
  readonly #cellBucket: number;
  readonly #tables: readonly NodeTables[];
  #used = 0;

  constructor(memory: KernelMemory, nodes: readonly SplitNode[], buckets: number, rowsMax: number) {
    this.#memory = memory;
    this.#nodes = nodes;
    this.#rowsMax = rowsMax;
    this.#cellOfBucket = memory.take(4 * buckets);
    this.#cellRows = memory.takeZeros(TABLE_BYTES);
    this.#cellBucket = memory.take(TABLE_BYTES);
    this.#tables = nodes.map((node) => ({
      nulls: memory.takeZeros(TABLE_BYTES),
      lengths: hasOffsets(node) ? memory.takeZeros(TABLE_BYTES) : 0,
    }));
    // Every bucket begins with a cell that is full: its first row gets a fresh one.
    memory.words.fill(NOWHERE, this.#cellOfBucket >>> 2, (this.#cellOfBucket >>> 2) + buckets);
    memory.words[(this.#cellRows >>> 2) + NOWHERE] = rowsMax;
  }

  get cellsUsed(): number {
    return this.#used;
  }

  /** Gives rows their cells through one of the kernel's functions. Returns false where that one could not. */
  assign(by: (...tables: CellTables) => number): boolean {
    const used = by(this.#cellOfBucket, this.#cellRows, this.#cellBucket, this.#used, CELLS_MAX, this.#rowsMax) >>> 0;
    if (used !== FAILED) this.#used = used;
    return used !== FAILED;
  }

  /** Gives every node of a piece cells, and counts what they will hold. `cells` are those of the piece's `rows`. */
  count(staged: readonly StagedNode[], rows: number, cells: number): void {
    const { kernel } = this.#memory;
    for (let i = 0; i < this.#nodes.length; i++) {
      const node = this.#nodes[i];
      const own = staged[i];
      const tables = this.#tables[i];
      if (node === undefined || own === undefined || tables === undefined) continue;
      const parent = staged[node.parent];
      const parentNode = this.#nodes[node.parent];
      if (parent !== undefined && parentNode !== undefined) this.#part(own, parent, parentNode);
      else {
        own.rows = rows;
        own.cells = cells;
      }
      if (own.validity !== 0) kernel.countNulls(own.cells, own.validity, own.rows, tables.nulls);
      if (hasOffsets(node)) this.#countLengths(own, node, staged[i + 1], tables.lengths);
    }
  }

  /** A part of a nested column: what its parent says about rows, cells and NULLs. */
  #part(own: StagedNode, parent: StagedNode, node: SplitNode): void {
    const { kernel } = this.#memory;
    if (node.kind === 'list') {
      own.cells = this.#memory.take(2 * own.rows);
      kernel.cellsOfElements(parent.cells, parent.offsets, parent.validity, parent.rows, own.rows, NOWHERE, own.cells);
      return;
    }
    let inherited = parent.validity;
    own.rows = parent.rows;
    own.cells = parent.cells;
    if (node.kind === 'array') {
      own.rows = parent.rows * node.width;
      own.cells = this.#memory.take(2 * own.rows);
      kernel.repeatCells(parent.cells, parent.rows, node.width, own.cells);
      if (parent.validity !== 0) {
        inherited = this.#memory.take((own.rows + 7) >> 3);
        kernel.repeatBits(parent.validity, parent.rows, node.width, inherited);
      }
    }
    own.validity = this.#both(own.validity, inherited, own.rows);
  }

  #both(a: number, b: number, rows: number): number {
    if (a === 0 || b === 0) return a + b;
    const to = this.#memory.take((rows + 7) >> 3);
    this.#memory.kernel.bothValid(a, b, rows, to);
    return to;
  }

  #countLengths(staged: StagedNode, node: SplitNode, child: StagedNode | undefined, table: number): void {
    const { cells, offsets, validity, rows } = staged;
    const sum = this.#memory.kernel.countLengths(cells, offsets, validity, rows, table) >>> 0;
    if (sum === FAILED) throw new IpcError('the offsets of a column go backwards');
    // Elements of no list, or of one that is NULL, go nowhere.
    if (node.kind === 'list' && child !== undefined) {
      const at = (table >>> 2) + NOWHERE;
      this.#memory.words[at] = (this.#memory.words[at] ?? 0) + child.rows - sum;
    }
  }

  bucketOf(cell: number): number {
    return this.#memory.words[(this.#cellBucket >>> 2) + cell] ?? 0;
  }

  /** Rows of a cell's columns; none NOWHERE. */
  rowsOf(cell: number): number {
    return cell === NOWHERE ? 0 : (this.#memory.words[(this.#cellRows >>> 2) + cell] ?? 0);
  }

  nullsOf(node: number, cell: number): number {
    return this.#memory.words[((this.#tables[node]?.nulls ?? 0) >>> 2) + cell] ?? 0;
  }

  lengthsOf(node: number, cell: number): number {
    return this.#memory.words[((this.#tables[node]?.lengths ?? 0) >>> 2) + cell] ?? 0;
  }
}
