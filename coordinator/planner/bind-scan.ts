/** Binds scans to a dataset's chunks: which columns are read, and which chunks min/max cannot rule out. */
import type { PlanInput, ScanSource } from '../../shared/plan/physical.ts';
import { neededChunks } from '../../shared/plan/prune.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { LogicalNode } from './logical.ts';
import type { TableFacts } from './relation.ts';

type Scan = Extract<LogicalNode, { op: 'scan' }>;
type ScanInput = Extract<PlanInput, { kind: 'scan' }>;

export interface BoundScan {
  readonly input: ScanInput;
  /** SQL per output column of the scan, over the input's own columns c<ordinal>. */
  readonly columns: readonly string[];
}

/** What every query over a dataset asks anew and is always the same: records never change. */
interface Worked {
  /** By ordinal. */
  readonly bytes: Map<number, number>;
  /** By the ordinals read. */
  readonly chunks: Map<string, ScanSource['chunks']>;
}

const worked = new WeakMap<DatasetRecord, Worked>();

function workedOf(dataset: DatasetRecord): Worked {
  const known = worked.get(dataset);
  if (known) return known;
  const fresh: Worked = { bytes: new Map(), chunks: new Map() };
  worked.set(dataset, fresh);
  return fresh;
}

function columnBytes(dataset: DatasetRecord, ordinal: number): number {
  const { bytes } = workedOf(dataset);
  const known = bytes.get(ordinal);
  if (known !== undefined) return known;
  const sum = dataset.chunks.reduce((total, c) => total + (c.columns[ordinal]?.bytes ?? 0), 0);
  bytes.set(ordinal, sum);
  return sum;
}

/** Combinations of columns kept for one dataset; there may be as many as queries. */
const COMBINATIONS_MAX = 64;

function chunksOf(dataset: DatasetRecord, ordinals: readonly number[]): ScanSource['chunks'] {
  const { chunks } = workedOf(dataset);
  const key = ordinals.join();
  const known = chunks.get(key);
  if (known) return known;
  const made = dataset.chunks.map((c) => ({
    rows: c.rows,
    columns: ordinals.flatMap((o) => {
      const column = c.columns[o];
      return column ? [{ blockId: column.blockId, digest: column.digest, bytes: column.bytes }] : [];
    }),
  }));
  if (chunks.size >= COMBINATIONS_MAX) chunks.clear();
  chunks.set(key, made);
  return made;
}

/** The catalogue's estimate, or how many integers there are between the bounds; NULL is one more value. */
function distinctIn(dataset: DatasetRecord, ordinal: number): number | undefined {
  const column = dataset.columns[ordinal];
  const spread = spreadOf(dataset, ordinal);
  const known = column?.distinct ?? spread;
  if (known === undefined) return undefined;
  return Math.min(known, spread ?? known, Math.max(1, dataset.rows)) + 1;
}

function spreadOf(dataset: DatasetRecord, ordinal: number): number | undefined {
  let [low, high]: (bigint | undefined)[] = [];
  for (const chunk of dataset.chunks) {
    const { min, max, nulls = 0 } = chunk.columns[ordinal] ?? {};
    if (nulls >= chunk.rows) continue;
    if (min?.k !== 'i' || max?.k !== 'i') return undefined;
    const [l, h] = [BigInt(min.v), BigInt(max.v)];
    if (low === undefined || l < low) low = l;
    if (high === undefined || h > high) high = h;
  }
  return low === undefined || high === undefined ? undefined : Number(high - low) + 1;
}

/** Where only the number of rows matters: the column that costs least to move. */
function narrowest(dataset: DatasetRecord): number {
  let best = 0;
  dataset.columns.forEach((_, i) => {
    if (columnBytes(dataset, i) < columnBytes(dataset, best)) best = i;
  });
  return best;
}

export function sourceOf(dataset: DatasetRecord, ordinals: readonly number[], needed: readonly number[]): ScanSource {
  return {
    dataset: dataset.name,
    version: dataset.version,
    ordinals,
    columns: ordinals.map((o) => ({ type: dataset.columns[o]?.type ?? '', wire: dataset.columns[o]?.wire ?? '' })),
    chunks: chunksOf(dataset, ordinals),
    needed,
  };
}

export class ScanBinder {
  private readonly datasets: ReadonlyMap<string, DatasetRecord>;

  /** Datasets by the handle that the logical plan calls them. */
  constructor(datasets: ReadonlyMap<string, DatasetRecord>) {
    this.datasets = datasets;
  }

  dataset(table: string): DatasetRecord {
    const found = this.datasets.get(table);
    if (!found) throw new RangeError(`the plan reads a dataset that was not given: ${table}`);
    return found;
  }

  nameOf(table: string): string {
    return this.dataset(table).name;
  }

  factsOf(table: string): TableFacts {
    const dataset = this.dataset(table);
    return {
      chunks: dataset.chunks.length,
      rows: dataset.rows,
      needed: (scan) => {
        const chunks = neededChunks(dataset.chunks, scan.ranges);
        return { chunks: chunks.length, rows: chunks.reduce((sum, i) => sum + (dataset.chunks[i]?.rows ?? 0), 0) };
      },
      rowBytes: (ordinals) =>
        ordinals.reduce((sum, o) => sum + (o < 0 ? 0 : columnBytes(dataset, o)), 0) / Math.max(1, dataset.rows),
      distinct: (ordinal) => distinctIn(dataset, ordinal),
    };
  }

  bind(scan: Scan): BoundScan {
    const dataset = this.dataset(scan.table);
    const wanted = [...new Set(scan.ordinals.filter((o) => o >= 0))].sort((a, b) => a - b);
    const ordinals = wanted.length > 0 ? wanted : [narrowest(dataset)];
    const source = sourceOf(dataset, ordinals, neededChunks(dataset.chunks, scan.ranges));
    const columns = scan.ordinals.map((o) => {
      const column = dataset.columns[o];
      if (!column) return 'CAST(0 AS BIGINT)';
      // JSON is text with a name that tabs don't know.
      return column.type === column.wire || column.type === 'JSON' ? `t.c${o}` : `CAST(t.c${o} AS ${column.type})`;
    });
    // One chunk is read whole by whoever needs it, so that small tables need no stage of their own.
    const all = scan.whole || dataset.chunks.length <= 1;
    return { input: { kind: 'scan', source, read: all ? 'all' : 'partition' }, columns };
  }
}
