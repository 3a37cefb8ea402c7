/** Steps of an author's chain: what each becomes once its inputs have names. Lazy, immutable, and shared between chains. */
import type { AuthorRelation } from '../../shared/plan/author-plan.ts';
import type { CacheLevel } from '../../shared/plan/physical.ts';

/** A named table of the grid. */
export interface DatasetSource {
  readonly kind: 'dataset';
  readonly name: string;
}

export interface RelationNode {
  readonly kind: 'relation';
  /** Name of the method that made it; with the depth, what errors call it: `map_3`. */
  readonly step: string;
  /** Steps from the farthest dataset to this one. It depends on the chain alone, so that a step's code is the same in all plans. */
  readonly depth: number;
  readonly inputs: readonly Source[];
  /** How `write` wants to be told its inputs: quoted, as SQL reads them, or bare, as guests' relations name them. */
  readonly reads: 'sql' | 'names';
  /** SQL that the author wrote: it may name datasets, whose names no step takes then. */
  readonly texts: readonly string[];
  readonly write: (names: readonly string[]) => AuthorRelation;
  /** Where its blocks are kept for later jobs, if they are. */
  readonly kept: CacheLevel | undefined;
}

export type Source = DatasetSource | RelationNode;

const depthOf = (source: Source): number => (source.kind === 'dataset' ? 0 : source.depth);

/** Of a step over these inputs. */
export const depthOver = (inputs: readonly Source[]): number => 1 + Math.max(0, ...inputs.map(depthOf));

/** What errors call a step. */
export const stepLabel = (step: string, depth: number): string => `${step}_${depth}`;

export function dataset(name: string): DatasetSource {
  return { kind: 'dataset', name };
}

/** `write` gets the inputs' names, ready for SQL. */
export function sqlNode(
  step: string,
  inputs: readonly Source[],
  write: (names: readonly string[]) => string,
  texts: readonly string[] = [],
): RelationNode {
  return {
    kind: 'relation',
    step,
    depth: depthOver(inputs),
    inputs,
    reads: 'sql',
    texts,
    kept: undefined,
    write: (names) => ({ kind: 'sql', sql: write(names) }),
  };
}

/** `write` gets the inputs' bare names. */
export function guestNode(
  step: string,
  inputs: readonly Source[],
  write: (names: readonly string[]) => AuthorRelation,
  depth = depthOver(inputs),
): RelationNode {
  return { kind: 'relation', step, depth, inputs, reads: 'names', texts: [], kept: undefined, write };
}

/** The same relation with its blocks kept. */
export function keptNode(source: Source, level: CacheLevel): RelationNode {
  return { ...relationOf(source), kept: level };
}

/** A relation: of a dataset one that has all its rows. */
export function relationOf(source: Source): RelationNode {
  return source.kind === 'relation' ? source : sqlNode('table', [source], ([table]) => `SELECT * FROM ${table}`);
}
