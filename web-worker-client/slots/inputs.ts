/**
 * Makes a task's inputs visible as in0..inN on a connection: what stays resident is loaded where it is not yet, other stage inputs
 * become tables for the attempt, and each input is a name that the steps can read.
 */
import { namedByPosition } from '../../shared/arrow/canonical.ts';
import { engineBytes, engineBytesTogether } from '../../shared/arrow/engine-size.ts';
import { type IpcStream, streamRows } from '../../shared/arrow/ipc.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { invariant } from '../../shared/assert.ts';
import type { Step } from '../../shared/plan/physical.ts';
import type { ChunkRun, Slice, TaskInput } from '../../shared/plan/task.ts';
import type { CodedSlice, SlotInput, SlotTask } from './api.ts';
import type { AttemptControl } from './attempt-control.ts';
import type { EngineConnection } from './engine.ts';
import { EngineError } from './engine-errors.ts';
import { LITERAL_BYTES_MOST, literalRows } from './literal-rows.ts';
import type { Residents } from './residents.ts';
import { type ChunkStreams, identifier, loadTable } from './table-loader.ts';
import { CorruptSlice, type Unzstd, verifiedStream } from './verify.ts';

/** The link counted on columns that this slot no longer holds. */
export interface Lack {
  readonly input: number;
  readonly ordinals: readonly number[];
}

export interface InputBinderOptions {
  readonly connection: EngineConnection;
  readonly residents: Residents;
  readonly control: AttemptControl;
  readonly unzstd: Unzstd;
  /** A fresh table name. */
  readonly newTable: () => string;
}

type RunColumn = ChunkRun['columns'][number];
type StageInput = Extract<TaskInput, { kind: 'slices' }>;

export class InputBinder {
  readonly #options: InputBinderOptions;
  /** The relation behind each input; modules have none. */
  readonly #sources = new Map<number, string>();
  /** Tables of this attempt alone, to be dropped with it. */
  readonly tables: string[] = [];
  /** Uncompressed bytes inserted. */
  loadedBytes = 0;

  constructor(options: InputBinderOptions) {
    this.#options = options;
  }

  /** What is missing to run the task, before anything is loaded. */
  lacking(task: SlotTask): Lack[] {
    return task.spec.inputs.flatMap((input, i) => {
      if (input.kind === 'slices' && this.#lacksSlices(input, task.inputs[i])) {
        return [{ input: i, ordinals: input.columns.map((_, ordinal) => ordinal) }];
      }
      if (input.kind !== 'chunks') return [];
      const missing = this.#missing(input.run).filter((c) => !carries(task.inputs[i], c));
      return missing.length > 0 ? [{ input: i, ordinals: missing.map((c) => c.ordinal) }] : [];
    });
  }

  /** Binds input `index`. Throws CorruptSlice, EngineError or AttemptStopped. */
  async bind(index: number, spec: TaskInput, given: SlotInput | undefined): Promise<void> {
    if (spec.kind === 'module') return;
    const source =
      spec.kind === 'chunks'
        ? await this.#run(spec.run, given)
        : await this.#slices(spec, given?.kind === 'slices' ? given.slices : []);
    this.#sources.set(index, source);
  }

  /**
   * The steps, able to name the inputs. A single SELECT has them in front as common table expressions, which saves
   * a statement each (0.3 ms); for others they become temporary views of the connection.
   */
  namingInputs(steps: readonly Step[]): readonly Step[] {
    const [only] = steps;
    const sources = this.#sources;
    if (only?.kind === 'sql' && steps.length === 1 && /^SELECT\b/.test(only.sql)) {
      const named = [...sources].map(([i, source]) => `in${i} AS NOT MATERIALIZED (${source})`);
      if (named.length === 0) return steps;
      const { sql, unsorted } = only;
      const naming = (text: string): string => `WITH ${named.join(', ')} ${text}`;
      return [{ ...only, sql: naming(sql), ...(unsorted && { unsorted: { ...unsorted, sql: naming(unsorted.sql) } }) }];
    }
    for (const [i, source] of sources) this.#options.connection.execute(`CREATE OR REPLACE TEMP VIEW in${i} AS ${source}`);
    return steps;
  }

  #missing(run: ChunkRun): RunColumn[] {
    const { residents } = this.#options;
    if (residents.rows(run.residentKey) !== undefined && residents.rows(run.residentKey) !== rowsOf(run)) {
      residents.drop(run.residentKey);
    }
    const held = new Set(residents.ordinals(run.residentKey));
    return run.columns.filter((c) => !held.has(c.ordinal));
  }

  async #run(run: ChunkRun, given: SlotInput | undefined): Promise<string> {
    if (run.columns.length === 0) return countedRows(rowsOf(run));
    const { residents } = this.#options;
    residents.pin(run.residentKey);
    const wanted = run.columns.map((c) => c.ordinal);
    const missing = this.#missing(run);
    const loaded = missing.length > 0 ? [await this.#loadGroup(run, missing, given)] : [];
    const resident = residents.groupsFor(run.residentKey, wanted);
    if (resident.length > 1 && residents.countJoin(run.residentKey)) await this.#merge(run.residentKey);
    // A group too large to stay is this attempt's alone.
    const passing = loaded.filter((g) => this.tables.includes(g.table));
    return joinedByPosition([...residents.groupsFor(run.residentKey, wanted), ...passing]);
  }

  /** Makes one table of a run's groups. That there is no room for both forms is no reason to fail: the join goes on. */
  async #merge(key: string): Promise<void> {
    const { residents, connection, control, newTable } = this.#options;
    const table = newTable();
    const source = joinedByPosition(residents.groupsFor(key, residents.ordinals(key)));
    const drop = (): void => connection.execute(`DROP TABLE IF EXISTS ${table}`);
    try {
      await connection.query(
        `CREATE TABLE ${table} AS ${source}`,
        () => control.breathe(),
        () => undefined,
      );
    } catch (error) {
      if (error instanceof EngineError && error.fault === 'trap') throw error;
      drop();
      if (error instanceof EngineError && error.fault === 'memory') return;
      throw error;
    }
    residents.merged(key, table);
  }

  async #loadGroup(run: ChunkRun, columns: readonly RunColumn[], given: SlotInput | undefined): Promise<TableColumns> {
    const { residents, connection, control } = this.#options;
    const bytes = columns.reduce((sum, c) => sum + bytesOf(c), 0);
    const ordinals = columns.map((c) => c.ordinal);
    const named = columns.map((c) => ({ name: `c${c.ordinal}`, wire: c.wire }));
    const table = this.#options.newTable();
    const held = columns.reduce((sum, c) => sum + engineBytes(c.wire, rowsOf(run), bytesOf(c)), 0);
    const stays = residents.reserve(held);
    await loadTable(connection, table, named, this.#chunks(run, columns, given), () => control.breathe());
    this.loadedBytes += bytes;
    if (stays) residents.add(run.residentKey, rowsOf(run), { table, ordinals, bytes: held });
    else this.tables.push(table);
    return { table, ordinals };
  }

  /** Chunk by chunk, the streams of all columns. */
  async *#chunks(run: ChunkRun, columns: readonly RunColumn[], given: SlotInput | undefined): AsyncGenerator<ChunkStreams> {
    const carried = given?.kind === 'chunks' ? given.columns : [];
    const coded = columns.map((c) => carried.find((g) => g.ordinal === c.ordinal)?.chunks ?? []);
    for (const [chunk, rows] of run.chunkRows.entries()) {
      const streams: IpcStream[] = [];
      for (const [i, column] of columns.entries()) {
        const slice = column.slices[chunk];
        invariant(slice, 'a column of a run has fewer slices than the run has chunks');
        const stream = await this.#verified(slice, coded[i]?.[chunk], [column.wire]);
        const found = streamRows(stream);
        if (found !== rows) throw new CorruptSlice(slice, `${found} rows where the dataset has ${rows}`);
        streams.push(stream);
      }
      yield streams;
    }
  }

  #lacksSlices({ residentKey, slices }: StageInput, given: SlotInput | undefined): boolean {
    if (residentKey === undefined || this.#options.residents.rows(residentKey) !== undefined) return false;
    return given?.kind !== 'slices' || given.slices.length !== slices.length;
  }

  /** A stage input that stays loaded: one group with all its columns. */
  async #keptSlices(spec: StageInput, key: string, given: readonly CodedSlice[]): Promise<string> {
    const { residents, connection, control, newTable } = this.#options;
    const wires = spec.columns.map((c) => c.wire);
    const ordinals = wires.map((_, i) => i);
    residents.pin(key);
    if (residents.rows(key) !== undefined) return joinedByPosition(residents.groupsFor(key, ordinals));
    const bytes = spec.slices.reduce((sum, slice) => sum + slice.bytes, 0);
    // How many rows there are, and so how much it takes, is known when they are in.
    residents.reserve(bytes);
    const table = newTable();
    const streams = this.#stageStreams(spec, given, wires);
    const rows = await loadTable(connection, table, namedByPosition(wires), streams, () => control.breathe());
    this.loadedBytes += bytes;
    const held = engineBytesTogether(wires, rows, bytes);
    if (residents.reserve(held)) residents.add(key, rows, { table, ordinals, bytes: held });
    else this.tables.push(table);
    return joinedByPosition([{ table, ordinals }]);
  }

  async #slices(spec: StageInput, given: readonly CodedSlice[]): Promise<string> {
    if (spec.residentKey !== undefined) return this.#keptSlices(spec, spec.residentKey, given);
    const wires = spec.columns.map((c) => c.wire);
    const columns = namedByPosition(wires);
    const streams = this.#stageStreams(spec, given, wires);
    if (columns.length === 0) {
      let rows = 0;
      for await (const [stream] of streams) rows += stream === undefined ? 0 : streamRows(stream);
      return countedRows(rows);
    }
    const bytes = spec.slices.reduce((sum, slice) => sum + slice.bytes, 0);
    this.loadedBytes += bytes;
    if (bytes <= LITERAL_BYTES_MOST) {
      const few: IpcStream[] = [];
      for await (const [stream] of streams) if (stream) few.push(stream);
      return literalRows(few, wires) ?? (await this.#table(columns, single(few)));
    }
    return this.#table(columns, streams);
  }

  /** A table of this attempt alone. */
  async #table(columns: readonly WireColumn[], streams: AsyncIterable<ChunkStreams>): Promise<string> {
    const { connection, control, newTable } = this.#options;
    const table = newTable();
    await loadTable(connection, table, columns, streams, () => control.breathe());
    this.tables.push(table);
    return `SELECT ${columns.map((c) => identifier(c.name)).join(', ')} FROM ${table}`;
  }

  async *#stageStreams(spec: StageInput, given: readonly CodedSlice[], wires: readonly string[]): AsyncGenerator<ChunkStreams> {
    for (const [i, slice] of spec.slices.entries()) yield [await this.#verified(slice, given[i], wires)];
  }

  async #verified(expected: Slice, given: CodedSlice | undefined, wires: readonly string[]): Promise<IpcStream> {
    if (given === undefined) throw new CorruptSlice(expected, 'it did not come with the task');
    const stream = verifiedStream(given, expected, wires, this.#options.unzstd);
    await this.#options.control.breathe();
    return stream;
  }
}

async function* single(streams: readonly IpcStream[]): AsyncGenerator<ChunkStreams> {
  for (const stream of streams) yield [stream];
}

interface TableColumns {
  readonly table: string;
  readonly ordinals: readonly number[];
}

/** One relation of tables with equally many rows. */
function joinedByPosition(groups: readonly TableColumns[]): string {
  const columns = groups.flatMap((g, i) => g.ordinals.map((o) => `g${i}.c${o}`));
  const tables = groups.map((g, i) => `${g.table} g${i}`);
  return `SELECT ${columns.join(', ')} FROM ${tables.join(' POSITIONAL JOIN ')}`;
}

/** Uncompressed Arrow bytes of a column of a run. */
const bytesOf = (column: RunColumn): number => column.slices.reduce((sum, slice) => sum + slice.bytes, 0);

const rowsOf = (run: ChunkRun): number => run.chunkRows.reduce((sum, rows) => sum + rows, 0);

/** An input of which no column is read, as in `SELECT count(*)`: only its rows count. */
const countedRows = (rows: number): string => `SELECT 1 AS nothing FROM range(${rows})`;

function carries(given: SlotInput | undefined, column: RunColumn): boolean {
  if (given?.kind !== 'chunks') return false;
  const carried = given.columns.find((c) => c.ordinal === column.ordinal);
  return carried !== undefined && carried.chunks.length === column.slices.length;
}
