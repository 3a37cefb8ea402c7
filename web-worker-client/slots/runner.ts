/** Runs one task at a time on one engine: inputs in, steps, canonical bytes out, and every way in which that can end as a value. */
import { namedByPosition } from '../../shared/arrow/canonical.ts';
import { IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import type { Failure } from '../../shared/failure.ts';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { digestOfBlock } from '../../shared/hash.ts';
import type { GuestStep, Step, UnsortedRows } from '../../shared/plan/physical.ts';
import { AccumulatorBook } from '../guest/accumulator-book.ts';
import { KernelMemory, SplitMemoryError } from '../kernels/kernel-memory.ts';
import { KernelSorter } from '../kernels/kernel-sorter.ts';
import { KernelSplitter, type SplitBucket } from '../kernels/kernel-splitter.ts';
import type { CodedSlice, SlotCosts, SlotInput, SlotOutcome, SlotTask } from './api.ts';
import { type AttemptControl, AttemptStopped } from './attempt-control.ts';
import type { Engine, EngineConnection } from './engine.ts';
import { EngineError, failureOf } from './engine-errors.ts';
import type { GuestRoom, ReadyModule } from './guest-room.ts';
import { InputBinder } from './inputs.ts';
import type { Residents } from './residents.ts';
import { identifier, TableFiller } from './table-loader.ts';
import { CorruptSlice, type Unzstd } from './verify.ts';

export interface RunnerOptions {
  readonly engine: Engine;
  readonly residents: Residents;
  readonly unzstd: Unzstd;
  /** QuickJS, compiled. */
  readonly loadScripts: () => Promise<WebAssembly.Module>;
  readonly nowMs: () => number;
  /** Memory for splitting that is kept between tasks; a large output takes more while it is split. */
  readonly splitKeptBytes?: number;
}

/** An outcome without what the slot adds to every one. */
type Verdict = SlotOutcome extends infer O ? (O extends SlotOutcome ? Omit<O, 'residents' | 'costs'> : never) : never;

/** What the steps of an attempt work with. */
interface Attempt {
  readonly task: SlotTask;
  readonly control: AttemptControl;
  readonly binder: InputBinder;
  readonly connection: EngineConnection;
  /** By the index of their input. */
  readonly modules: Map<number, ReadyModule>;
  /** What the guests logged, a line each. */
  readonly log: string[];
  /** What the guests count. */
  readonly accumulators: AccumulatorBook;
}

interface Costs {
  loadMs: number;
  computeMs: number;
  packMs: number;
  loadedBytes: number;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #splitMemory: KernelMemory;
  #tables = 0;
  #guests: Promise<GuestRoom> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#splitMemory = new KernelMemory(options.splitKeptBytes);
  }

  /** Never rejects. */
  async run(task: SlotTask, control: AttemptControl): Promise<SlotOutcome> {
    const { residents, engine } = this.#options;
    const costs: Costs = { loadMs: 0, computeMs: 0, packMs: 0, loadedBytes: 0 };
    let verdict: Verdict;
    try {
      verdict = await this.#withSecondChance(task, control, costs);
      if (verdict.kind === 'succeeded') await control.waitUntilAge(task.spec.minRunMs);
    } catch (error) {
      verdict = { kind: 'failed', failure: failureFrom(error, control), broken: engine.broken || leavesDebris(error) };
    }
    residents.unpinAll();
    this.#splitMemory.reset();
    const rounded: SlotCosts = costs;
    return { ...verdict, residents: residents.takeChanges(), costs: rounded };
  }

  /** Out of memory: what other tasks left loaded goes, and the task runs once more. */
  async #withSecondChance(task: SlotTask, control: AttemptControl, costs: Costs): Promise<Verdict> {
    try {
      return await this.#attempt(task, control, costs);
    } catch (error) {
      if (!(error instanceof EngineError) || error.fault !== 'memory') throw error;
      if (!this.#options.residents.dropUnpinned()) throw error;
    }
    return this.#attempt(task, control, costs);
  }

  async #attempt(task: SlotTask, control: AttemptControl, costs: Costs): Promise<Verdict> {
    const { engine, residents, unzstd } = this.#options;
    control.check();
    const connection = engine.connect();
    const binder = new InputBinder({ connection, residents, control, unzstd, newTable: () => this.#newTable() });
    const attempt: Attempt = {
      task,
      control,
      binder,
      connection,
      modules: new Map(),
      log: [],
      accumulators: new AccumulatorBook(),
    };
    try {
      const lacking = [...binder.lacking(task), ...(await this.#keptModules(attempt))];
      if (lacking.length > 0) return { kind: 'lacking', inputs: lacking };
      await this.#timed(costs, 'loadMs', async () => {
        for (const [i, input] of task.spec.inputs.entries()) await binder.bind(i, input, task.inputs[i]);
        await this.#compileModules(attempt);
      });
      return await this.#compute(attempt, costs);
    } finally {
      costs.loadedBytes += binder.loadedBytes;
      if (!engine.broken) this.#cleanUp(connection, task, binder.tables);
    }
  }

  /** Extraction goes hand in hand with the last step; its share counts as packing. */
  async #compute(attempt: Attempt, costs: Costs): Promise<Verdict> {
    const { task, binder, control, connection } = attempt;
    const { nowMs } = this.#options;
    const steps = binder.namingInputs(task.spec.steps);
    const last = steps.length - 1;
    const columns = namedByPosition(task.spec.output.columns.map((c) => c.wire));
    const { partitioning } = task.spec.output;
    const unsorted = partitioning.kind === 'single' ? unsortedOf(steps[last]) : undefined;
    const splitter = unsorted
      ? new KernelSorter(this.#splitMemory, columns, unsorted.extra, unsorted.keys)
      : new KernelSplitter(this.#splitMemory, columns, partitioning);
    let packMs = 0;
    const pack = (piece: Uint8Array): void => {
      const startedMs = nowMs();
      splitter.addPiece(piece);
      packMs += nowMs() - startedMs;
    };
    await this.#timed(costs, 'computeMs', async () => {
      for (const [i, step] of steps.entries()) {
        const emit = i === last ? pack : () => undefined;
        const sql = i === last && unsorted ? unsorted.sql : step.kind === 'sql' ? step.sql : undefined;
        if (sql !== undefined) await connection.query(sql, () => control.breathe(), emit);
        else if (step.kind === 'guest' && i === last) await this.#guest(attempt, step, i, pack);
        else if (step.kind === 'guest') await this.#guestTable(attempt, step, i);
      }
    });
    costs.computeMs -= packMs;
    costs.packMs += packMs;
    return this.#timed(costs, 'packMs', async () => {
      await control.breathe();
      return succeeded(await splitter.finish(() => control.breathe()), attempt);
    });
  }

  /** Takes the modules that are compiled already. Those that are not, and did not come with the task, are lacking. */
  async #keptModules({ task, modules }: Attempt): Promise<{ readonly input: number; readonly ordinals: readonly number[] }[]> {
    const lacking: { readonly input: number; readonly ordinals: readonly number[] }[] = [];
    for (const [i, input] of task.spec.inputs.entries()) {
      if (input.kind !== 'module') continue;
      const kept = (await this.#guestRoom()).kept(input.slice.digest);
      if (kept) modules.set(i, kept);
      else if (givenModule(task.inputs[i]) === undefined) lacking.push({ input: i, ordinals: [] });
    }
    return lacking;
  }

  /** Modules are compiled before anything runs, like inputs that are loaded. */
  async #compileModules({ task, modules }: Attempt): Promise<void> {
    for (const [i, input] of task.spec.inputs.entries()) {
      const given = givenModule(task.inputs[i]);
      if (input.kind !== 'module' || modules.has(i) || given === undefined) continue;
      modules.set(i, await (await this.#guestRoom()).compile(input.slice, given));
    }
  }

  /** A guest whose rows are the relation s<index> of later steps. They go in while the guest's own rows come out: by another connection. */
  async #guestTable(attempt: Attempt, step: GuestStep, index: number): Promise<void> {
    const columns = namedByPosition(step.output.map((column) => column.wire));
    const table = this.#newTable();
    const inserting = this.#options.engine.connect();
    try {
      const filler = new TableFiller(inserting, table, columns);
      attempt.binder.tables.push(table);
      await this.#guest(attempt, step, index, (stream) => filler.add([parseStream(stream)]));
      filler.finish();
    } finally {
      if (!this.#options.engine.broken) inserting.close();
    }
    const list = columns.map((column) => identifier(column.name)).join(', ');
    attempt.connection.execute(`CREATE OR REPLACE TEMP VIEW s${index} AS SELECT ${list} FROM ${table}`);
  }

  async #guest(attempt: Attempt, step: GuestStep, index: number, out: (stream: Uint8Array) => void): Promise<void> {
    const { task, control, connection, modules, accumulators } = attempt;
    const room = await this.#guestRoom();
    const { runGuestStep } = await import('./guest-step.ts');
    const report = await runGuestStep({
      step,
      blockId: task.spec.blockId,
      room,
      modules,
      connection,
      control,
      accumulators,
      out,
    }).catch((error: unknown) => {
      if (error instanceof GuestError) error.step = index;
      throw error;
    });
    for (const { text } of report.log) attempt.log.push(text);
  }

  /** Tabs that run no guests never load what runs them. */
  #guestRoom(): Promise<GuestRoom> {
    const { unzstd, loadScripts } = this.#options;
    this.#guests ??= import('./guest-room.ts').then(
      ({ GuestRoom: Room }) => new Room({ unzstd, loadScripts }),
      (error: unknown) => {
        // The next task may have more luck with the network.
        this.#guests = undefined;
        throw error;
      },
    );
    return this.#guests;
  }

  #newTable(): string {
    return `t${this.#tables++}`;
  }

  async #timed<T>(costs: Costs, what: 'loadMs' | 'computeMs' | 'packMs', work: () => Promise<T>): Promise<T> {
    const startedMs = this.#options.nowMs();
    try {
      return await work();
    } finally {
      costs[what] += this.#options.nowMs() - startedMs;
    }
  }

  /** Temporary objects go with the connection. Only a task of several steps can have made tables of its own. */
  #cleanUp(connection: EngineConnection, task: SlotTask, tables: readonly string[]): void {
    const { residents } = this.#options;
    for (const table of tables) connection.execute(`DROP TABLE IF EXISTS ${table}`);
    if (task.spec.steps.length > 1) {
      const keep = residents.tables();
      const left = connection.texts('SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary');
      for (const table of left) {
        if (!keep.has(table)) connection.execute(`DROP TABLE IF EXISTS "${table.replaceAll('"', '""')}" CASCADE`);
      }
    }
    connection.close();
  }
}

const givenModule = (given: SlotInput | undefined): CodedSlice | undefined =>
  given?.kind === 'module' ? given.slices[0] : undefined;

const unsortedOf = (step: Step | undefined): UnsortedRows | undefined => (step?.kind === 'sql' ? step.unsorted : undefined);

/** The end of a log is worth most. */
const LOG_CHARS = 4096;

function succeeded(split: readonly SplitBucket[], { log, accumulators }: Attempt): Verdict {
  const buckets = split.map(({ rows, bytes, digest }) => ({ rows, bytes: bytes.length, digest }));
  const sums = accumulators.sums();
  return {
    kind: 'succeeded',
    digest: digestOfBlock(buckets, sums),
    buckets,
    streams: split.map((b) => b.bytes),
    ...(log.length > 0 && { log: log.join('\n').slice(-LOG_CHARS) }),
    ...(sums !== undefined && { accumulators: sums }),
  };
}

/** Memory that a guest had grown, or a stack that it used up, is given back for certain only with the thread. */
function leavesDebris(error: unknown): boolean {
  return error instanceof GuestError && ['guest-memory', 'guest-stack', 'guest-host'].includes(error.failure.code);
}

function failureFrom(error: unknown, control: AttemptControl): Failure {
  if (error instanceof AttemptStopped) return error.failure;
  if (error instanceof EngineError) return failureOf(error);
  if (error instanceof GuestError) return { ...error.failure, ...(error.step !== undefined && { step: error.step }) };
  if (error instanceof CorruptSlice) {
    const { blockId, bucket } = error.slice;
    return { reason: 'input', code: 'slice-corrupt', message: error.message, slices: [{ blockId, bucket, why: 'corrupt' }] };
  }
  if (error instanceof IpcError) {
    return { reason: 'author', code: 'output-type', message: `The task's result can not be moved: ${error.message}` };
  }
  if (error instanceof SplitMemoryError) {
    const hint = 'Select fewer columns, or filter or aggregate earlier.';
    return { reason: 'resource', code: 'split-memory', message: error.message, hint };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    reason: 'resource',
    code: 'slot-error',
    message: `The slot failed after ${Math.round(control.elapsedMs)} ms: ${message}`,
  };
}
