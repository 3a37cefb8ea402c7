/** What is written in the code box, and the plan that it means. */
import type { AuthorCode, AuthorPlan } from '../../../shared/plan/author-plan.ts';
import { readColumns, writeColumns } from './columns-text.ts';
import { columnsIn, functionsIn, type Language } from './reading.ts';

export const OPERATIONS = ['map', 'filter', 'flatMap', 'mapPartitions'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Draft {
  readonly language: Language;
  readonly source: string;
  /** A dataset's name; empty: the rows of `inputSql`. */
  readonly dataset: string;
  readonly inputSql: string;
  readonly operation: Operation;
  /** Empty: the first one of the source. */
  readonly functionName: string;
  /** Empty: what the source says, or for a filter the input's. */
  readonly schema: string;
  /** A query over `output`; empty: all its rows. */
  readonly thenSql: string;
}

export type DraftField = 'source' | 'inputSql' | 'schema' | 'functionName';

/** What keeps a draft from being run, and where. */
export interface DraftProblem {
  readonly field: DraftField;
  readonly why: string;
}

export function functionOf(draft: Draft): string | undefined {
  const names = functionsIn(draft.language, draft.source);
  return names.find((name) => name === draft.functionName) ?? names[0];
}

/** The schema that is used when the author writes none; undefined: there is no telling. */
export function defaultSchema(draft: Draft): string | undefined {
  if (draft.language !== 'assemblyscript') return undefined;
  const columns = columnsIn(draft.source, functionOf(draft) ?? '');
  return columns === undefined ? undefined : writeColumns(columns);
}

/** Names of the columns that come out, in order; undefined: there is no telling. */
export function columnNames(draft: Draft): readonly string[] | undefined {
  const schema = readColumns(draft.schema.trim() === '' ? (defaultSchema(draft) ?? '') : draft.schema);
  return schema.ok && schema.columns.length > 0 ? schema.columns.map(({ name }) => name) : undefined;
}

/** Relations are named as the page names them: `input`, `output`, and `answer` for what is asked of the output. */
const INPUT = 'input';
const OUTPUT = 'output';
const ANSWER = 'answer';

export type Planned =
  | { readonly ok: true; readonly plan: (module: string) => AuthorPlan }
  | ({ readonly ok: false } & DraftProblem);

/** `plan` takes the digest of the compiled source; a script has none. */
export function plan(draft: Draft): Planned {
  const functionName = functionOf(draft);
  if (functionName === undefined) return { ok: false, field: 'source', why: NO_FUNCTION[draft.language] };
  const inputSql = draft.dataset === '' ? draft.inputSql.trim() : `SELECT * FROM "${draft.dataset.replaceAll('"', '""')}"`;
  if (inputSql === '') return { ok: false, field: 'inputSql', why: 'Choose a dataset, or write the query whose rows go in.' };
  const schema = readColumns(draft.schema.trim() === '' ? (defaultSchema(draft) ?? '') : draft.schema);
  if (!schema.ok) return { ok: false, field: 'schema', why: schema.why };
  const keepsColumns = draft.operation === 'filter' && draft.language === 'javascript';
  if (schema.columns.length === 0 && !keepsColumns) {
    return { ok: false, field: 'schema', why: 'Say which columns come out, with their types: word VARCHAR, n BIGINT.' };
  }
  const thenSql = draft.thenSql.trim();
  const guest = (code: AuthorCode): AuthorPlan => ({
    relations: [
      { name: INPUT, relation: { kind: 'sql', sql: inputSql } },
      {
        name: OUTPUT,
        relation: {
          kind: 'guest',
          operation: draft.operation,
          input: INPUT,
          code,
          ...(schema.columns.length > 0 && { schema: [...schema.columns] }),
        },
      },
      ...(thenSql === '' ? [] : [{ name: ANSWER, relation: { kind: 'sql' as const, sql: thenSql } }]),
    ],
    result: thenSql === '' ? OUTPUT : ANSWER,
  });
  return {
    ok: true,
    plan: (module) =>
      guest(
        draft.language === 'assemblyscript'
          ? { kind: 'batch', module, function: functionName }
          : { kind: 'script', source: draft.source, function: functionName },
      ),
  };
}

const NO_FUNCTION: { readonly [L in Language]: string } = {
  assemblyscript:
    'The source has no function for Muster: export function muster1_NAME(event: i32, schema: usize, array: usize): i32.',
  javascript: 'The source exports no function: begin with export const NAME = (row) => …',
};

/** The SQL that a problem of relation `relation` points into. */
export function sqlOfRelation(draft: Draft, relation: string | undefined): string | undefined {
  if (relation === INPUT && draft.dataset === '') return draft.inputSql.trim();
  return relation === ANSWER ? draft.thenSql.trim() : undefined;
}
