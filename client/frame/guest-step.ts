/** Steps of a frame that run an author's code: what they are given, and the relations that they become. */
import type { AuthorCode, AuthorColumn } from '../../shared/plan/author-plan.ts';
import type { FunctionContext, FunctionOptions, NoBroadcasts } from '../functions/context.ts';
import { ModuleCode } from '../functions/modules.ts';
import { bothScript, rowScript, type StepKind, scriptStep } from '../functions/script.ts';
import { depthOver, guestNode, type RelationNode, type Source, stepLabel } from '../plan/relation-node.ts';
import { type Columns, columnsOf, type Schema } from '../plan/schema.ts';
import type { AnyRow } from '../run/cell-values.ts';
import type { DataFrame } from './data-frame.ts';

/** The second argument of functions over rows. */
export interface RowContext<Params = undefined, Broadcasts extends object = NoBroadcasts>
  extends FunctionContext<Params, Broadcasts> {
  /** All rows of the frame at this place of `sides`, the same array at every call. Throws RangeError where there is none. */
  side<Row extends object = AnyRow>(place: number): readonly Row[];
}

/** What a step over rows is given. */
export interface StepOptions<Params, Broadcasts extends object> extends FunctionOptions<Params, Broadcasts> {
  /** Frames that every task gets whole: `ctx.side(0)` in a function, side 0 in a module of the batch ABI. At most 16. */
  readonly sides?: readonly DataFrame<object>[];
}

/** Options of a step that makes rows: the columns that it makes. */
export interface RowOptions<Row extends object, Params, Broadcasts extends object> extends StepOptions<Params, Broadcasts> {
  /** DuckDB's name of each column's type: `{ word: 'VARCHAR', n: 'BIGINT' }`. */
  readonly schema: Schema<Row>;
}

/** Options of a step that runs a module: rows are what the columns say. */
export interface ModuleOptions<Given extends Columns> {
  /** DuckDB's name of each column's type. */
  readonly schema: Given;
  /** Frames that every task gets whole; of modules of the batch ABI. */
  readonly sides?: readonly DataFrame<object>[];
}

/** Options of a step whose rows are made of two frames. */
export interface BothOptions<Row extends object, Params, Broadcasts extends object> extends FunctionOptions<Params, Broadcasts> {
  /** DuckDB's name of each column's type. */
  readonly schema: Schema<Row>;
}

/** What a cogroup calls for each key. */
export type CogroupFunction<
  Row extends object,
  Other extends object,
  Key extends keyof Row,
  Out,
  Params,
  Broadcasts extends object,
> = (
  key: Pick<Row, Key>,
  rows: readonly Row[],
  others: readonly Other[],
  ctx: FunctionContext<Params, Broadcasts>,
) => Iterable<Out>;

export type GuestOperation = Extract<StepKind, 'map' | 'filter' | 'flatMap' | 'mapPartitions'>;

export type GivenOptions = StepOptions<unknown, object> & { readonly schema?: Columns };

/** `inputs`: the rows, then the sides that `options` name. @throws TypeError for what cannot be sent */
export function guestStep(
  operation: GuestOperation,
  inputs: readonly Source[],
  fn: unknown,
  options: GivenOptions | undefined,
): RelationNode {
  const schema: AuthorColumn[] | undefined = options?.schema && columnsOf(options.schema, operation);
  const step = () => scriptStep(operation, stepLabel(operation, depthOver(inputs)), fn, options);
  const code: AuthorCode = fn instanceof ModuleCode ? fn.code : rowScript(step());
  return guestNode(operation, inputs, ([input = '', ...sides]) => ({
    kind: 'guest',
    operation,
    input,
    code,
    ...(schema && { schema }),
    ...(sides.length > 0 && { sides }),
  }));
}

/** Rows of both that have equal keys, through `fn`. */
export function cogroupStep(
  inputs: readonly Source[],
  keys: readonly string[],
  fn: unknown,
  options: GivenOptions,
): RelationNode {
  if (keys.length === 0) throw new TypeError('cogroup needs the names of the columns by which rows meet.');
  const schema = columnsOf(options.schema ?? {}, 'cogroup');
  const step = () => scriptStep('cogroup', stepLabel('cogroup', depthOver(inputs)), fn, options);
  const code: AuthorCode = fn instanceof ModuleCode ? fn.code : bothScript(step());
  return guestNode('cogroup', inputs, ([input = '', other = '']) => {
    return { kind: 'cogroup', input, other, keys: [...keys], code, schema };
  });
}
