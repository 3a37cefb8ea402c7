/**
 * About how many different values a column has, from blocks of neighbouring rows of its chunks. Neighbours show whether equal values
 * stand together, which rows drawn one by one would hide: the keys of a sorted table look unique then.
 */
import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import type { SqlType } from '../../../shared/arrow/types.ts';
import { isSet } from './validity.ts';

const BLOCK_ROWS = 512;
/** Of the first chunk, which may be the only one. */
const FIRST_BLOCKS = 8;
/** Of so many chunks each has a block; beyond them every eighth, and so on. */
const EVERY_CHUNK = 48;
/** Values that no earlier block had, but this one so many times each, and in so great a part: they change along the table. */
const DRIFT_REPEATS = 2;
const DRIFT_PART = 0.2;

/** Bytes of a value in Arrow; 0: text of any length. */
function widthOf(type: SqlType): number | undefined {
  if (type.id === 'decimal') return 16;
  if (type.id !== 'scalar') return undefined;
  switch (type.name) {
    case 'VARCHAR':
    case 'BLOB':
      return 0;
    case 'TINYINT':
    case 'UTINYINT':
      return 1;
    case 'SMALLINT':
    case 'USMALLINT':
      return 2;
    case 'INTEGER':
    case 'UINTEGER':
    case 'FLOAT':
    case 'DATE':
      return 4;
    case 'BOOLEAN':
    case 'INTERVAL':
      return undefined;
    default:
      return 8;
  }
}

export class DistinctSampler {
  readonly #width: number | undefined;
  /** How often each value was met. */
  readonly #values = new Map<number, number>();
  readonly #newInBlock = new Set<number>();
  #chunks = 0;
  #sampledRows = 0;
  /** Values that differ from the one before: equal neighbours tell no more than one of them. */
  #runs = 0;
  /** Of the blocks after the first ones: runs, those of values that no earlier block had, and how many such values. */
  #laterRuns = 0;
  #newRuns = 0;
  #newValues = 0;

  constructor(type: SqlType) {
    this.#width = widthOf(type);
  }

  /** Looks at the next chunk of the column. */
  addChunk(view: ColumnView): void {
    const index = this.#chunks++;
    if (this.#width === undefined || !isLookedAt(index)) return;
    const wanted = index === 0 ? FIRST_BLOCKS : 1;
    const blocks = Math.min(wanted, Math.ceil(view.rows / BLOCK_ROWS));
    for (let b = 0; b < blocks; b++) {
      // The golden ratio spreads single blocks evenly over the places in a chunk.
      const part = blocks > 1 ? b / (blocks - 1) : (index * 0.618034) % 1;
      const first = Math.floor(part * Math.max(0, view.rows - BLOCK_ROWS));
      this.#addBlock(view, first, Math.min(view.rows, first + BLOCK_ROWS));
    }
  }

  #addBlock(view: ColumnView, first: number, end: number): void {
    const isLater = this.#sampledRows >= (FIRST_BLOCKS / 2) * BLOCK_ROWS;
    this.#sampledRows += end - first;
    this.#newInBlock.clear();
    let before: number | undefined;
    for (let row = first; row < end; row++) {
      if (view.validity && !isSet(view.validity, row)) continue;
      const hash = this.#hashAt(view, row);
      if (hash === before) continue;
      before = hash;
      this.#runs += 1;
      const times = this.#values.get(hash) ?? 0;
      this.#values.set(hash, times + 1);
      if (!isLater) continue;
      this.#laterRuns += 1;
      if (times === 0) this.#newInBlock.add(hash);
      if (times === 0 || this.#newInBlock.has(hash)) this.#newRuns += 1;
    }
    this.#newValues += this.#newInBlock.size;
  }

  #hashAt(view: ColumnView, row: number): number {
    const data = view.data as Uint8Array;
    const width = this.#width ?? 0;
    const from = width > 0 ? row * width : (view.offsets?.[row] ?? 0);
    const end = width > 0 ? from + width : (view.offsets?.[row + 1] ?? 0);
    let h = 0x811c9dc5 ^ (end - from);
    for (let i = from; i < end; i++) h = Math.imul(h ^ (data[i] as number), 0x01000193);
    // FNV-1a mixes upwards only; the last bytes of numbers and texts are where they differ.
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (h ^ (h >>> 13)) >>> 0;
  }

  /** Among all `rows` of the column; NULL is no value. Undefined where the type is not looked into. */
  estimate(rows: number): number | undefined {
    if (this.#width === undefined) return undefined;
    if (this.#runs === 0) return 0;
    if (this.#sampledRows >= rows) return this.#values.size;
    const scale = rows / this.#sampledRows;
    const runs = this.#runs * scale;
    const found = this.#values.size;
    const drifts = this.#newRuns > DRIFT_REPEATS * this.#newValues && this.#newRuns > DRIFT_PART * this.#laterRuns;
    const most = Math.max(found, Math.round(runs));
    return Math.min(most, Math.max(this.#unseen() + found, drifts ? Math.round(found * scale) : 0));
  }

  /** Chao's estimate (1984) of how many values were not met, from how many were met once and twice. */
  #unseen(): number {
    let once = 0;
    let twice = 0;
    for (const times of this.#values.values()) {
      if (times === 1) once += 1;
      else if (times === 2) twice += 1;
    }
    return Math.round((once * (once - 1)) / (2 * (twice + 1)));
  }
}

function isLookedAt(chunk: number): boolean {
  let step = 1;
  for (let most = EVERY_CHUNK; chunk >= most; most *= 8) step *= 8;
  return chunk % step === 0;
}
