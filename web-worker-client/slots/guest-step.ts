/** A guest step of a task: the engine's rows into the guest, batch by batch, and what it emits on to where it goes. */
import { checkTypes } from '../../shared/arrow/canonical.ts';
import { IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import { readSchema } from '../../shared/arrow/schema.ts';
import { authorError, GuestError } from '../../shared/guest/guest-error.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { GuestRows, GuestStep } from '../../shared/plan/physical.ts';
import type { AccumulatorBook } from '../guest/accumulator-book.ts';
import type { Guest, GuestOutput, GuestReport } from '../guest/guest.ts';
import type { AttemptControl } from './attempt-control.ts';
import type { EngineConnection } from './engine.ts';
import type { GuestRoom, ReadyModule } from './guest-room.ts';
import { RowBatches } from './row-batches.ts';

export interface GuestStepOptions {
  readonly step: GuestStep;
  readonly blockId: BlockId;
  readonly room: GuestRoom;
  /** By the index of their input. */
  readonly modules: ReadonlyMap<number, ReadyModule>;
  readonly connection: EngineConnection;
  readonly control: AttemptControl;
  readonly accumulators: AccumulatorBook;
  /** Gets what the guest emits, in order: canonical streams of the step's output, to keep or to change. */
  readonly out: (stream: Uint8Array) => void;
}

/** Where batches end cannot be seen by a guest that asks for rows: few at a time, so that long rows take little memory. */
const PULLED_ROWS = 8192;
/** How much of what a guest said last is put to its error. */
const LAST_WORDS_LINES = 10;
const LAST_WORDS_CHARS = 1500;

/** Runs the step to its end. Throws GuestError, EngineError, IpcError or AttemptStopped. */
export async function runGuestStep(options: GuestStepOptions): Promise<GuestReport> {
  const { step, room, modules, control } = options;
  const sides: (readonly Uint8Array[])[] = [];
  for (const side of step.sides ?? []) sides.push(await allRows(side, options));
  const guest = await room.open(step, modules, {
    seed: seedOf(options.blockId),
    breathe: () => control.breathe(),
    deadline: { nowMs: () => control.elapsedMs, atMs: control.maxRunMs },
    sides,
    accumulators: options.accumulators,
  });
  try {
    await pour(guest, options);
  } catch (error) {
    throw withLastWords(error, guest.close());
  }
  return guest.close();
}

/** Equal recipes, equal random numbers. */
const seedOf = (blockId: BlockId): bigint => BigInt(`0x${blockId.slice(0, 16)}`);

async function pour(guest: Guest, { step, connection, control, out }: GuestStepOptions): Promise<void> {
  const { action, code } = step;
  // The host of modules of the batch ABI compares what they emit with what is declared; other hosts' outputs are compared here.
  const checks = code.kind === 'batch' ? () => undefined : (stream: Uint8Array) => checkOutput(stream, step);
  const pass = (outputs: readonly GuestOutput[]): void => {
    for (const { stream } of outputs) {
      checks(stream);
      out(stream);
    }
  };
  const { whole } = guest;
  if (whole !== undefined) {
    const batches = new RowBatches(step.rows.columns, PULLED_ROWS);
    return connection.pulled(step.rows.sql, {
      breathe: () => control.breathe(),
      check: () => control.check(),
      visit: (piece) => batches.add(piece),
      use: (more) => whole(streamsOf(batches, more), (output) => pass([output])),
    });
  }
  const batches = new RowBatches(step.rows.columns);
  const feed = async (stream: Uint8Array): Promise<void> => {
    pass(await (action === 'merge' ? guest.merge(stream) : guest.batch(stream)));
    // Modules of the batch ABI have a copy in their own memory; others may keep what they get.
    if (code.kind === 'batch') batches.giveBack(stream);
  };
  await connection.query(
    step.rows.sql,
    async () => {
      await control.breathe();
      for (const batch of batches.take()) await feed(batch);
    },
    (piece) => batches.add(piece),
  );
  batches.end();
  for (const batch of batches.take()) await feed(batch);
  if (action === 'partial') pass(await guest.endPartial());
  else if (action === 'merge' || action === 'mapPartitions' || code.kind !== 'batch') pass(await guest.endFinal());
}

/** The batches of a guest that asks for them, in the memory of one. It learns its columns from the first, and there is always one. */
function* streamsOf(batches: RowBatches, more: () => boolean): Iterable<Uint8Array> {
  let given = false;
  for (let running = true; running; ) {
    running = more();
    if (!running) batches.end();
    for (const batch of batches.take()) {
      given = true;
      yield batch;
      batches.giveBack(batch);
    }
  }
  if (!given) yield batches.none();
}

async function allRows(rows: GuestRows, { connection, control }: GuestStepOptions): Promise<readonly Uint8Array[]> {
  const batches = new RowBatches(rows.columns);
  await connection.query(
    rows.sql,
    () => control.breathe(),
    (piece) => batches.add(piece),
  );
  batches.end();
  const all = batches.take();
  return all.length > 0 ? all : [batches.none()];
}

function checkOutput(bytes: Uint8Array, { output }: GuestStep): void {
  const { schema } = parseStream(bytes);
  try {
    checkTypes(schema === undefined ? [] : readSchema(schema), output);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    throw authorError('guest-output-type', `What the guest made has other columns than the job says: ${error.message}.`);
  }
}

/** A guest's error with what it logged before, where the error does not quote it already. */
function withLastWords(error: unknown, { log }: GuestReport): unknown {
  if (!(error instanceof GuestError) || log.length === 0 || error.failure.code === 'guest-exit') return error;
  const { reason, code, message, hint } = error.failure;
  const words = log
    .slice(-LAST_WORDS_LINES)
    .map((line) => line.text)
    .join('\n')
    .slice(-LAST_WORDS_CHARS);
  return new GuestError(reason, code, `${message}\nIt logged last:\n${words}`, hint);
}
