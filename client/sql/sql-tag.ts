/** Tagged templates whose values cannot become SQL by accident. */
import type { Source } from '../plan/relation-node.ts';
import { identifierSql, literalSql, type SqlLiteral } from './literals.ts';

/** A piece of SQL made by `expr`, `identifier` or `raw`: the only text that templates take over as it is. */
export class SqlExpression {
  /** The SQL. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** SQL where an expression is wanted: a text, or expr`...` with values in it. */
export type Expression = string | SqlExpression;

export const textOf = (expression: Expression): string => (typeof expression === 'string' ? expression : expression.text);

/** SQL taken over as it is, for queries that are put together by code. Only for text of your own: nothing in it is quoted. */
export function raw(sql: string): SqlExpression {
  return new SqlExpression(sql);
}

/** A column's or dataset's name in a template, whatever characters it has. */
export function identifier(name: string): SqlExpression {
  return new SqlExpression(identifierSql(name));
}

/** An SQL expression with values in it, for `where`, `select` and the like: df.where(expr`delay > ${minutes}`). */
export function expr(texts: TemplateStringsArray, ...values: readonly (SqlLiteral | SqlExpression)[]): SqlExpression {
  return new SqlExpression(texts.map((text, i) => (i === 0 ? text : `${valueSql(values[i - 1])}${text}`)).join(''));
}

const valueSql = (value: unknown): string => (value instanceof SqlExpression ? value.text : literalSql(value));

/** A template between relations: pieces of SQL, and which input stands after which piece. */
export interface SqlTemplate {
  readonly texts: readonly string[];
  readonly inputs: readonly Source[];
  /** The SQL with the inputs' names put in. */
  readonly write: (names: readonly string[]) => string;
}

/** `sourceOf`: the relation behind a value, if it is one. */
export function sqlTemplate(
  texts: readonly string[],
  values: readonly unknown[],
  sourceOf: (value: unknown) => Source | undefined,
): SqlTemplate {
  const inputs: Source[] = [];
  const pieces: (string | { readonly input: number })[] = [];
  texts.forEach((text, i) => {
    if (i > 0) {
      const source = sourceOf(values[i - 1]);
      if (source === undefined) pieces.push(valueSql(values[i - 1]));
      else {
        if (!inputs.includes(source)) inputs.push(source);
        pieces.push({ input: inputs.indexOf(source) });
      }
    }
    pieces.push(text);
  });
  return {
    texts: pieces.filter((piece) => typeof piece === 'string'),
    inputs,
    write: (names) => pieces.map((piece) => (typeof piece === 'string' ? piece : (names[piece.input] ?? ''))).join(''),
  };
}
