/** For tests of slots: tasks over small streams, and a booted slot in this very thread. */
import { createRequire } from 'node:module';
import { parseStream, streamRows } from '../../../shared/arrow/ipc.ts';
import { rowsOf, streamOf } from '../../../shared/arrow/testing.ts';
import { wireTypeOf } from '../../../shared/arrow/types.ts';
import { digestOf, sha256Hex } from '../../../shared/hash.ts';
import type { BlockId, DatasetVersion } from '../../../shared/ids.ts';
import type { NamedColumn, PlanColumn, Step } from '../../../shared/plan/physical.ts';
import type { Slice, TaskInput, TaskSpec } from '../../../shared/plan/task.ts';
import { nodeSlotRuntime } from '../../headless/slot-runtime.ts';
import type { CodedSlice, SlotInput, SlotOutcome, SlotTask } from '../api.ts';
import { Slot } from '../slot.ts';

const require = createRequire(import.meta.url);
export const engineUrl: string = require.resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm');
const MiB = 1024 * 1024;

export async function bootedSlot(memoryLimitBytes = 256 * MiB): Promise<Slot> {
  const slot = new Slot(nodeSlotRuntime);
  await slot.boot({ slot: 0, engineUrl, memoryLimitBytes });
  return slot;
}

/** A stream as the link hands it over; `codec` zstd needs the hashes and the slot's zstd to be loaded. */
export function coded(stream: Uint8Array, codec: 'raw' | 'zstd' = 'raw'): CodedSlice {
  const digest = digestOf(stream);
  const slice: Slice = { blockId: sha256Hex(digest) as BlockId, bucket: 0, digest, bytes: stream.length };
  if (codec === 'raw') return { slice, codec, bytes: stream.slice() };
  const zstd = require('@bokuweb/zstd-wasm') as { compress(bytes: Uint8Array, level: number): Uint8Array };
  return { slice, codec, bytes: zstd.compress(stream, 1) };
}

export const planColumn = (type: string): PlanColumn => ({ type, wire: wireTypeOf(type) });

/** The module of a guest, as it came from the coordinator. */
export function moduleInput(bytes: Uint8Array): TestInput {
  const given = coded(bytes);
  return { spec: { kind: 'module', slice: given.slice }, given: { kind: 'module', slices: [given] } };
}

export const named = (...columns: readonly (readonly [name: string, type: string])[]): NamedColumn[] =>
  columns.map(([name, type]) => ({ name, ...planColumn(type) }));

export interface TestInput {
  readonly spec: TaskInput;
  readonly given: SlotInput;
}

/** A stage input of one slice per stream. */
export function slicesInput(types: readonly string[], streams: readonly Uint8Array[]): TestInput {
  const slices = streams.map((s) => coded(s));
  return {
    spec: { kind: 'slices', columns: types.map(planColumn), slices: slices.map((s) => s.slice) },
    given: { kind: 'slices', slices },
  };
}

export interface TestColumnChunks {
  readonly ordinal: number;
  readonly type: string;
  /** Values per chunk. */
  readonly chunks: readonly (readonly unknown[])[];
}

/** A run of chunks; `give` names the ordinals that come with the task (default: all). */
export function chunksInput(key: string, columns: readonly TestColumnChunks[], give?: readonly number[]): TestInput {
  const all = columns.map(({ ordinal, type, chunks }) => ({
    ...planColumn(type),
    ordinal,
    chunks: chunks.map((values) => coded(streamOf([{ name: `c${ordinal}`, wire: wireTypeOf(type), values }]), 'zstd')),
  }));
  const chunkRows = columns[0]?.chunks.map((values) => values.length) ?? [];
  return {
    spec: {
      kind: 'chunks',
      run: {
        residentKey: key,
        dataset: 'd',
        version: 'v' as DatasetVersion,
        chunkRows,
        columns: all.map(({ chunks, ...c }) => ({ ...c, slices: chunks.map((s) => s.slice) })),
      },
    },
    given: {
      kind: 'chunks',
      columns: all.filter((c) => give?.includes(c.ordinal) ?? true).map(({ ordinal, chunks }) => ({ ordinal, chunks })),
    },
  };
}

let attempts = 0;

export function taskOf(
  sql: string | readonly (string | Step)[],
  output: readonly string[],
  inputs: readonly TestInput[] = [],
  more: Partial<TaskSpec> = {},
): SlotTask {
  const steps = (typeof sql === 'string' ? [sql] : sql).map(
    (step): Step => (typeof step === 'string' ? { kind: 'sql', sql: step } : step),
  );
  return {
    attemptId: `a-${attempts++}`,
    spec: {
      blockId: 'b'.repeat(64) as BlockId,
      steps,
      inputs: inputs.map((i) => i.spec),
      output: { columns: output.map(planColumn), partitioning: { kind: 'single' } },
      title: 'a test',
      maxRunMs: 60_000,
      minRunMs: 0,
      ...more,
    },
    inputs: inputs.map((i) => i.given),
  };
}

/** Rows of a success; throws with the failure otherwise. */
export function rowsOfOutcome(outcome: SlotOutcome): unknown[][] {
  if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
  return outcome.streams.flatMap(rowsOf);
}

export function rowCount(stream: Uint8Array): number {
  return streamRows(parseStream(stream));
}
