/** A stream guest as a step of a fragment: rows in, rows out. */
import type { CanonicalStream } from '../../shared/arrow/canonical.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { type StreamTable, stdinPieces } from './formats-in.ts';
import { stdoutReader } from './formats-out.ts';
import { runStream, type StreamCounts, type StreamFormat, type StreamRun } from './run-stream.ts';

export interface StreamTask extends Omit<StreamRun, 'input' | 'output' | 'format'> {
  readonly table: StreamTable;
  readonly inputFormat: StreamFormat;
  readonly outputFormat: StreamFormat;
  /** The columns of the output: needed for jsonl, checked for arrow, given by the format else. */
  readonly outputSchema?: readonly WireColumn[];
  /** Gets rows of line formats while the program runs; absent: all are in the result. */
  readonly drain?: (stream: CanonicalStream) => void;
}

export interface StreamTaskResult {
  readonly columns: readonly WireColumn[];
  /** Rows that were not drained. */
  readonly stream: CanonicalStream;
  readonly counts: StreamCounts;
}

/** @throws GuestError */
export function runStreamTask(task: StreamTask): StreamTaskResult {
  const reader = stdoutReader(task.outputFormat, task.outputSchema, task.drain);
  const counts = runStream({
    ...task,
    format: task.inputFormat,
    input: stdinPieces(task.inputFormat, task.table),
    output: (bytes) => reader.write(bytes),
  });
  return { ...reader.finish(), counts };
}
