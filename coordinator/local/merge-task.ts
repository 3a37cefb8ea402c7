/** A task whose last step says in plain words what it merges, over a few rows: done at once, without the engine. */
import { Canonicaliser, namedByPosition } from '../../shared/arrow/canonical.ts';
import { columnViews } from '../../shared/arrow/column-view.ts';
import { IpcError, type IpcStream, parseStream, streamRows } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import { type Cell, cellKind, columnOfCells, readCells, sameKind, travelsPlain } from '../../shared/cells/plain-cells.ts';
import { digestOf, digestOfBlock } from '../../shared/hash.ts';
import type { MergedRows, PlanColumn } from '../../shared/plan/physical.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import type { CodedSlice, SlotInput } from '../../shared/slots/api.ts';
import type { InlineBucket } from '../sessions/inline.ts';
import { type CellTable, mergeRows } from './merge-rows.ts';

/** Well below a millisecond of the event loop; more is the engine's work. */
const CELLS_MOST = 8_192;

export interface MergedBlock {
  readonly digest: ReturnType<typeof digestOfBlock>;
  readonly buckets: readonly InlineBucket[];
}

/** Parallel to `spec.inputs`: what the coordinator holds of them. Undefined: only the engine is sure to make the right block. */
export function mergedTask(spec: TaskSpec, inputs: readonly SlotInput[]): MergedBlock | undefined {
  const [step, second] = spec.steps;
  const [input] = spec.inputs;
  const [held] = inputs;
  if (second !== undefined || step?.kind !== 'sql' || !step.merge || spec.output.partitioning.kind !== 'single') return undefined;
  if (spec.inputs.length !== 1 || input?.kind !== 'slices' || held?.kind !== 'slices') return undefined;
  const table = tableOf(input.columns, held.slices);
  return table && blockOf(table, step.merge, spec.output.columns);
}

/** Undefined also for bytes that are damaged: the engine's slot says which. */
function tableOf(columns: readonly PlanColumn[], slices: readonly CodedSlice[]): CellTable | undefined {
  if (!slices.every(({ codec, bytes, slice }) => codec === 'raw' && digestOf(bytes) === slice.digest)) return undefined;
  try {
    return readTable(
      columns,
      slices.map(({ bytes }) => parseStream(bytes)),
    );
  } catch (error) {
    if (error instanceof IpcError) return undefined;
    throw error;
  }
}

function readTable(columns: readonly PlanColumn[], streams: readonly IpcStream[]): CellTable | undefined {
  const kinds = columns.flatMap(({ type, wire }) => (travelsPlain(type, wire) ? (cellKind(type) ?? []) : []));
  if (kinds.length !== columns.length) return undefined;
  const rows = streams.reduce((sum, stream) => sum + streamRows(stream), 0);
  if (rows * columns.length > CELLS_MOST) return undefined;
  const layouts = columns.map(({ wire }) => layoutOf(wire));
  const cells: Cell[][] = columns.map(() => []);
  for (const { bytes, batches } of streams) {
    for (const batch of batches) {
      const views = columnViews(bytes, batch, layouts);
      for (const [i, kind] of kinds.entries()) {
        const [view, into] = [views[i], cells[i]];
        if (!view || !into || !readCells(kind, view, into)) return undefined;
      }
    }
  }
  return { kinds, columns: cells, rows };
}

function blockOf(table: CellTable, merge: MergedRows, columns: readonly PlanColumn[]): MergedBlock | undefined {
  const merged = mergeRows(table, merge);
  if (merged?.columns.length !== columns.length) return undefined;
  const views = columns.flatMap(({ type, wire }, i) => {
    const kind = cellKind(type);
    // What was made must be what the plan says.
    const made = merged.kinds[i];
    if (!kind || !made || !sameKind(kind, made) || !travelsPlain(type, wire)) return [];
    return columnOfCells(kind, merged.columns[i] ?? []) ?? [];
  });
  if (views.length !== columns.length) return undefined;
  const canonical = new Canonicaliser(namedByPosition(columns.map((c) => c.wire)));
  canonical.addColumns(views, merged.rows);
  const { bytes: stream, rows } = canonical.finish();
  const info = { rows, bytes: stream.length, digest: digestOf(stream) };
  return { digest: digestOfBlock([info]), buckets: [{ info, stream }] };
}
