/** What asks the grid for an answer: the actions of an Rdd. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { decode, encode } from '../encoding.ts';
import type { FunctionContext, FunctionOptions, NoBroadcasts } from '../functions/context.ts';
import { functionSource } from '../functions/function-source.ts';
import { type AggregateSources, aggregateScript } from '../functions/script.ts';
import type { JobHandle } from '../job.ts';
import { planOf } from '../plan/plan-builder.ts';
import { guestNode, type Source, sqlNode } from '../plan/relation-node.ts';
import type { AnyRow } from '../run/cell-values.ts';
import { type ActionOptions, collectRows, streamRows, submitPlan } from '../run/run-plan.ts';
import type { SortKey } from './rdd.ts';
import { countable, nextLabel, orderedOf, type RddState, VALUES, valuesOf, withStep } from './rdd-state.ts';

const elementOf = (row: AnyRow): unknown => decode(String(row.v));

/** `decode`s the zero anew for each group: functions may change what they get. */
export const zeroSource = (zero: unknown): string => `$muster.decode(${JSON.stringify(encode(zero))})`;

/** Sent as text. */
const itself = (value: unknown) => value as SortKey;

function checkCount(step: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new TypeError(`${step} needs a whole number of elements, not ${n}.`);
}

export abstract class RddActions<T> implements AsyncIterable<T> {
  /** @internal */
  readonly state: RddState;

  constructor(state: RddState) {
    this.state = state;
  }

  /** All elements, in memory. Large results: iterate. */
  collect(options?: ActionOptions): Promise<T[]> {
    return this.#elements(valuesOf(this.state), options);
  }

  async count(options?: ActionOptions): Promise<number> {
    const counted = sqlNode('count', [countable(this.state)], ([input]) => `SELECT count(*) AS n FROM ${input}`);
    const [row] = await collectRows(this.state.session, counted, options);
    return Number(row?.n);
  }

  /** Up to `n` elements. */
  take(n: number, options?: ActionOptions): Promise<T[]> {
    checkCount('take', n);
    const limited = sqlNode('take', [valuesOf(this.state)], ([input]) => `SELECT v FROM ${input} LIMIT ${n}`);
    return this.#elements(limited, options);
  }

  /** An element, or undefined where there is none. */
  async first(options?: ActionOptions): Promise<T | undefined> {
    return (await this.take(1, options))[0];
  }

  /** The first `n` in the order of what `fn` gives, or of the elements themselves: no more than these leave a partition. */
  takeOrdered(n: number, fn: (value: T) => SortKey = itself, options?: ActionOptions): Promise<T[]> {
    return this.#extremes('takeOrdered', n, fn, 's', options);
  }

  /** As takeOrdered, from the other end: the greatest first. */
  top(n: number, fn: (value: T) => SortKey = itself, options?: ActionOptions): Promise<T[]> {
    return this.#extremes('top', n, fn, 's DESC', options);
  }

  /**
   * Runs `fn` on each element for what it adds to accumulators; what it returns is dropped. `options`: the function's, and the action's. An
   * accumulator counts an element once, however often a lost partition is made again.
   */
  async foreach<Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (value: T, ctx: FunctionContext<Params, Broadcasts>) => void,
    options: FunctionOptions<Params, Broadcasts> & ActionOptions = {},
  ): Promise<void> {
    const { params, broadcast, ...forJob } = options;
    const given = { ...(params !== undefined && { params }), ...(broadcast !== undefined && { broadcast }) };
    const seen = withStep(this.state, 'map', 'foreach', fn, given);
    const none = valuesOf(withStep(seen, 'filter', 'foreach', () => false, undefined));
    const counted = sqlNode('foreach', [none], ([input]) => `SELECT count(*) AS n FROM ${input}`);
    await collectRows(this.state.session, counted, forJob);
  }

  /**
   * All elements as one: `fn` meets them in any grouping, partition by partition first, so it must be associative.
   * Rejects with RangeError when there is no element.
   */
  async reduce(fn: (a: T, b: T) => T, options?: ActionOptions): Promise<T> {
    const source = functionSource(fn, 'reduce');
    const found = await this.#combined<T>('reduce', { first: '(v) => v', add: source, merge: 'add' }, options);
    if (found.length === 0) throw new RangeError('reduce needs at least one element; fold has a value for none.');
    return found[0] as T;
  }

  /** As reduce, from `zero` in each partition: it must not change what it meets (0 for sums, [] for lists). */
  async fold(zero: T, fn: (a: T, b: T) => T, options?: ActionOptions): Promise<T> {
    return this.aggregate(zero, fn, fn, options);
  }

  /** Elements into a state, partition by partition, and the states into one. `add` and `merge` may change and return their first argument. */
  async aggregate<State>(
    zero: State,
    add: (state: State, value: T) => State,
    merge: (a: State, b: State) => State,
    options?: ActionOptions,
  ): Promise<State> {
    const sources: AggregateSources = {
      first: `(v, ctx) => add(${zeroSource(zero)}, v, ctx)`,
      add: functionSource(add, 'aggregate'),
      merge: functionSource(merge, 'aggregate'),
    };
    const [found] = await this.#combined<State>('aggregate', sources, options);
    return found === undefined ? (decode(encode(zero)) as State) : found;
  }

  /** Elements as they come, batch by batch, without holding them all. Leaving the loop cancels the job. */
  async *stream(options?: ActionOptions): AsyncGenerator<T> {
    for await (const rows of streamRows(this.state.session, valuesOf(this.state), options))
      for (const row of rows) yield elementOf(row) as T;
  }

  [Symbol.asyncIterator](): AsyncGenerator<T> {
    return this.stream();
  }

  /** Starts the job without waiting for it. Its rows are elements as text: docs/client.md says how to read them. */
  async submit(options?: ActionOptions): Promise<JobHandle> {
    return (await submitPlan(this.state.session, valuesOf(this.state), options)).job;
  }

  /** The plan that `collect` would send, with the names that errors use. */
  plan(): AuthorPlan {
    return planOf(valuesOf(this.state));
  }

  #extremes(step: string, n: number, fn: (value: T) => SortKey, order: string, options: ActionOptions | undefined): Promise<T[]> {
    checkCount(step, n);
    const ordered = orderedOf(withStep(this.state, 'keyBy', step, fn, undefined));
    const few = sqlNode(step, [ordered], ([input]) => `SELECT v FROM ${input} ORDER BY ${order} LIMIT ${n}`);
    return this.#elements(few, options);
  }

  async #elements(source: Source, options: ActionOptions | undefined): Promise<T[]> {
    return (await collectRows(this.state.session, source, options)).map(elementOf) as T[];
  }

  /** Of all elements one state, or none where there is no element. */
  async #combined<State>(step: string, sources: AggregateSources, options: ActionOptions | undefined): Promise<State[]> {
    const { state } = this;
    // Functions over elements run in the aggregate itself; those over whole partitions need a relation of their own.
    const isWhole = state.steps.some(({ kind }) => kind === 'mapPartitions');
    const [source, form, steps] = isWhole ? [valuesOf(state), 'values' as const, []] : [state.source, state.form, state.steps];
    const code = aggregateScript(nextLabel(state, step), form, steps, sources);
    const node = guestNode(step, [source], ([input = '']) => ({ kind: 'aggregate', input, keys: [], code, schema: [...VALUES] }));
    const rows = await collectRows(state.session, node, options);
    return rows.flatMap((row) => (row.v === null ? [] : [elementOf(row) as State]));
  }
}
