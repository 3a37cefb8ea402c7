/**
 * A block's identity: sha256 of the canonical JSON of what made it (design, section 5). Two equal recipes give equal
 * bytes, whoever runs them; so nothing in a recipe may name a job, a stage, a worker or an attempt.
 */
export interface Recipe {
  readonly v: 1;
  /** Digest of the fragment: its steps, the settings that change results, the engine's version and flavour. */
  readonly fragment: string;
  readonly output: OutputPartitioning;
  /** Per input, in order: the (blockId, bucket) pairs it reads, in the order they are appended. Never digests. */
  readonly inputs: readonly (readonly (readonly [blockId: string, bucket: number])[])[];
  /** Only where the fragment reads its index or has no inputs. */
  readonly partition?: number;
  /** Indeterminate stages only: job and attempt, so that nothing else can claim the same id. */
  readonly salt?: string;
}

/**
 * How a task's rows are split into the buckets of its block. `single`: one bucket. `hash`: by `splitHash` (shared/arrow/split.ts) of
 * the columns `keys`, modulo `count`; equal keys of equal wire types meet in the bucket of the same number, whichever
 * stage made them. `range`: the fragment has one more column at the end, INTEGER and never NULL, that says the row's
 * bucket; it is not stored.
 */
export type OutputPartitioning =
  | { readonly kind: 'single' }
  | { readonly kind: 'hash'; readonly keys: readonly number[]; readonly count: number }
  | { readonly kind: 'range'; readonly count: number };

/** `canonicalJson` of a recipe, made several times sooner: a stage may have a million of them. */
export function recipeJson({ v, fragment, output, inputs, partition, salt }: Recipe): string {
  const read = inputs.map((pairs) => `[${pairs.map(([id, bucket]) => `[${JSON.stringify(id)},${bucket}]`).join(',')}]`);
  const number = partition === undefined ? '' : `"partition":${partition},`;
  const salted = salt === undefined ? '' : `"salt":${JSON.stringify(salt)},`;
  const split = output.kind === 'single' ? SINGLE : canonicalJson(output);
  return `{"fragment":${JSON.stringify(fragment)},"inputs":[${read.join(',')}],"output":${split},${number}${salted}"v":${v}}`;
}

const SINGLE = '{"kind":"single"}';

/** The recipe of a column chunk of a dataset. */
export interface SourceRecipe {
  readonly v: 1;
  readonly source: string;
  readonly firstRow: number;
  readonly rows: number;
  readonly column: number;
  readonly normaliser: number;
}

/**
 * JSON with sorted keys, no white space, no undefined members: equal values give equal text.
 * Numbers must be finite; -0 is written as 0.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members: string[] = [];
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record).sort()) {
      if (record[key] !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(record[key])}`);
    }
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`canonical JSON has no ${typeof value}`);
}
