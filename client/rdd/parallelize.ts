/** An author's own values as an Rdd. */
import { encode } from '../encoding.ts';
import { type Source, sqlNode } from '../plan/relation-node.ts';
import { textSql } from '../sql/literals.ts';

/** A task's queries and code travel in one frame, of which this leaves some room. */
const CHARS_MOST = 512 * 1024;

/** A relation of `values`, encoded, that stand in the plan itself. */
export function inlineValues(values: readonly unknown[]): Source {
  const list = Array.from(values, (value) => `(${textSql(encode(value))})`).join(', ');
  if (list.length > CHARS_MOST)
    throw new RangeError(
      `These values take ${list.length} characters as text; a plan carries ${CHARS_MOST}. Upload a dataset: grid.datasets.upload(name, file).`,
    );
  const sql = values.length === 0 ? "SELECT CAST('' AS VARCHAR) AS v WHERE false" : `SELECT v FROM (VALUES ${list}) AS t(v)`;
  return sqlNode('parallelize', [], () => sql);
}
