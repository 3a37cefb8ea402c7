/** Elements of any kind, made lazily on the grid by JavaScript functions. */
import type { CacheLevel } from '../../shared/plan/physical.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { FunctionContext, FunctionOptions, NoBroadcasts } from '../functions/context.ts';
import type { StepKind } from '../functions/script.ts';
import { coalesced, indexed, repartitioned, sampled } from '../plan/placed.ts';
import { dataset, keptNode, type Source, sqlNode } from '../plan/relation-node.ts';
import { columnsOf, type Schema } from '../plan/schema.ts';
import { releaseKept } from '../run/kept-relations.ts';
import { type ActionOptions, saveRows } from '../run/run-plan.ts';
import { KeyedRdd, sorted } from './keyed-rdd.ts';
import { distinctValuesOf, pairsOf, type RddState, rowsOf, settledOf, valuesOf, withStep } from './rdd-state.ts';

/** What elements can be sorted by. */
export type SortKey = null | boolean | number | bigint | string | readonly SortKey[];

/** Of encoded elements a.v and b.v. */
const PAIR = "'[' || a.v || ',' || b.v || ']'";
const UNEQUAL = 'zip needs as many elements on both sides: one has more than the other';

/**
 * Lazy and immutable, as a DataFrame, of elements that are any JSON value, bigint or Uint8Array. Functions run in QuickJS in the tabs: their
 * source is sent, so they see their arguments only. Steps one after the other run as one, element by element.
 */
export class Rdd<T> extends KeyedRdd<T> {
  /** An element for each element. */
  map<U, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (value: T, ctx: FunctionContext<Params, Broadcasts>) => U,
    options?: FunctionOptions<Params, Broadcasts>,
  ): Rdd<U> {
    return this.#step('map', 'map', fn, options);
  }

  /** Elements for which the function is true. */
  filter<Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (value: T, ctx: FunctionContext<Params, Broadcasts>) => unknown,
    options?: FunctionOptions<Params, Broadcasts>,
  ): Rdd<T> {
    return this.#step('filter', 'filter', fn, options);
  }

  /** Any number of elements for each: the function returns an array, or is a generator. */
  flatMap<U, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (value: T, ctx: FunctionContext<Params, Broadcasts>) => Iterable<U>,
    options?: FunctionOptions<Params, Broadcasts>,
  ): Rdd<U> {
    return this.#step('flatMap', 'flatMap', fn, options);
  }

  /** Elements for a partition's elements, which the function pulls one by one. A partition is what one task reads. */
  mapPartitions<U, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (values: Iterable<T>, ctx: FunctionContext<Params, Broadcasts>) => Iterable<U>,
    options?: FunctionOptions<Params, Broadcasts>,
  ): Rdd<U> {
    return this.#step('mapPartitions', 'mapPartitions', fn, options);
  }

  /** Pairs of what the function gives and the element. */
  keyBy<K, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (value: T, ctx: FunctionContext<Params, Broadcasts>) => K,
    options?: FunctionOptions<Params, Broadcasts>,
  ): Rdd<[K, T]> {
    return this.#step('keyBy', 'keyBy', fn, options);
  }

  /** Elements of both, equal ones too. */
  union(other: Rdd<T>): Rdd<T> {
    const inputs = [valuesOf(this.state), valuesOf(this.#alike(other, 'union'))];
    return this.#of(sqlNode('union', inputs, ([a, b]) => `SELECT v FROM ${a} UNION ALL SELECT v FROM ${b}`));
  }

  /** Each element once; objects are equal when their fields are. */
  distinct(): Rdd<T> {
    return this.#of(sqlNode('distinct', [distinctValuesOf(this.state)], ([input]) => `SELECT DISTINCT v FROM ${input}`));
  }

  /** Elements that both have, each once. */
  intersection(other: Rdd<T>): Rdd<T> {
    const inputs = [distinctValuesOf(this.state), distinctValuesOf(this.#alike(other, 'intersection'))];
    return this.#of(
      sqlNode('intersection', inputs, ([a, b]) => `SELECT DISTINCT a.v AS v FROM ${a} AS a SEMI JOIN ${b} AS b ON a.v = b.v`),
    );
  }

  /** Elements that the other does not have; those that are here several times stay so. */
  subtract(other: Rdd<T>): Rdd<T> {
    const keyed = pairsOf(withStep(this.state, 'keyBy', 'subtract', (value: unknown) => value, undefined));
    const inputs = [keyed, distinctValuesOf(this.#alike(other, 'subtract'))];
    return this.#of(sqlNode('subtract', inputs, ([a, b]) => `SELECT a.v AS v FROM ${a} AS a ANTI JOIN ${b} AS b ON a.k = b.v`));
  }

  /** Every pair of an element of this and one of the other: as many as the product of their counts. */
  cartesian<U>(other: Rdd<U>): Rdd<[T, U]> {
    const inputs = [valuesOf(this.state), valuesOf(this.#alike(other, 'cartesian'))];
    return this.#of(sqlNode('cartesian', inputs, ([a, b]) => `SELECT ${PAIR} AS v FROM ${a} AS a CROSS JOIN ${b} AS b`));
  }

  /**
   * Pairs of the elements that are in the same place of both, in that order: places are those of `zipWithIndex`. The job fails when one has
   * more elements than the other.
   */
  zip<U>(other: Rdd<U>): Rdd<[T, U]> {
    const inputs = [indexed(valuesOf(this.state), 'i'), indexed(valuesOf(this.#alike(other, 'zip')), 'i')];
    const pair = `CASE WHEN a.i IS NULL OR b.i IS NULL THEN error('${UNEQUAL}') ELSE ${PAIR} END`;
    const both = sqlNode('zip', inputs, ([a, b]) => {
      return `SELECT coalesce(a.i, b.i) AS i, ${pair} AS v FROM ${a} AS a FULL JOIN ${b} AS b ON a.i = b.i`;
    });
    return this.#of(sqlNode('zip', [both], ([input]) => `SELECT v FROM ${input} ORDER BY i`));
  }

  /** The elements of each partition as one array. */
  glom(): Rdd<T[]> {
    return this.#step('mapPartitions', 'glom', (values: Iterable<unknown>) => [[...values]], undefined);
  }

  /** In the order of what the function gives. It holds for what reads it next: collect, take, an index. */
  sortBy(fn: (value: T) => SortKey, options: { readonly descending?: boolean } = {}): Rdd<T> {
    return sorted(withStep(this.state, 'keyBy', 'sortBy', fn, undefined), 'sortBy', options);
  }

  /** The same elements in just so many partitions, each a task of what follows, however few elements it has. */
  repartition(partitions: number): Rdd<T> {
    return this.#wrapped((source) => repartitioned(source, partitions));
  }

  /** At most so many partitions: neighbours are read together. */
  coalesce(partitions: number): Rdd<T> {
    return this.#wrapped((source) => coalesced(source, partitions));
  }

  /** Pairs of each element and its place among all, from 0 on: in the order of partitions, or of a sort just before. */
  zipWithIndex(): Rdd<[T, number]> {
    const numbered = indexed(valuesOf(this.state), 'i');
    return this.#of(sqlNode('zipWithIndex', [numbered], ([input]) => `SELECT '[' || v || ',' || i || ']' AS v FROM ${input}`));
  }

  /** Each element with the probability `fraction`, by itself. The same elements for the same seed and partitions. */
  sample(fraction: number, seed = 0): Rdd<T> {
    return this.#wrapped((source) => sampled(source, fraction, seed));
  }

  /** persist('memory'). */
  cache(): Rdd<T> {
    return this.persist('memory');
  }

  /** This step's blocks are kept for later jobs that read the Rdd which this gives, once a job has made them; docs/client.md has the levels. */
  persist(level: CacheLevel = 'tabs'): Rdd<T> {
    return this.#wrapped((source) => keptNode(source, level));
  }

  /** persist('coordinator'): also on the coordinator's disk, so that closed tabs lose nothing. */
  checkpoint(): Rdd<T> {
    return this.persist('coordinator');
  }

  /**
   * Lets go what is kept of this step, by this connection or another one of yours: the same step over the same data. True when something
   * was; false when nothing is kept of it. The Rdd can be read on: its blocks are made again then.
   */
  unpersist(): Promise<boolean> {
    return releaseKept(this.state.session.http, settledOf(this.state).source);
  }

  /** Runs the job, keeps its elements as a dataset, and gives an Rdd that reads it; later, grid.savedRdd(name) does. */
  async saveAsDataset(name: string, options?: ActionOptions): Promise<Rdd<T>> {
    const { session } = this.state;
    return this.#of(dataset((await saveRows(session, valuesOf(this.state), name, options)).name));
  }

  /** Elements as rows: objects with a field for each column. */
  toDF<Row extends T & object>(schema: Schema<Row>): DataFrame<Row> {
    return this.state.session.frame(rowsOf(this.state, columnsOf(schema as Readonly<Record<string, string>>, 'toDF')));
  }

  #alike(other: Rdd<unknown>, step: string): RddState {
    if (other.state.session === this.state.session) return other.state;
    throw new TypeError(`${step} needs an Rdd of the same connection.`);
  }

  #step(kind: StepKind, step: string, fn: unknown, options: FunctionOptions<unknown, object> | undefined): Rdd<never> {
    return this.state.session.rdd(withStep(this.state, kind, step, fn, options));
  }

  #of<U>(source: Source): Rdd<U> {
    const { session } = this.state;
    return session.rdd({ session, source, form: 'values', steps: [] });
  }

  /** A step over the relation as a whole: pairs that are there as pairs stay so. */
  #wrapped(step: (source: Source) => Source): Rdd<T> {
    const { session } = this.state;
    const { source, form } = settledOf(this.state);
    return session.rdd({ session, source: step(source), form, steps: [] });
  }
}
