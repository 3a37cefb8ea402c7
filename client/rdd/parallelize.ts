/** An author's own values as an Rdd. */
import { encode } from '../encoding.ts';
import { type Source, sqlNode } from '../plan/relation-node.ts';
import { textSql } from '../sql/literals.ts';

/** A relation of `values`, encoded, that stand in the plan itself. */
export function inlineValues(values: readonly unknown[]): Source {
  const list = values.map((value) => `(${textSql(encode(value))})`).join(', ');
  const sql = values.length === 0 ? "SELECT CAST('' AS VARCHAR) AS v WHERE false" : `SELECT v FROM (VALUES ${list}) AS t(v)`;
  return sqlNode('parallelize', [], () => sql);
}
