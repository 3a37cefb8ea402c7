/** An author's own values as an Rdd. */
import { encode } from '../encoding.ts';
import { type Source, sqlNode } from '../plan/relation-node.ts';
import { textSql } from '../sql/literals.ts';

/** The coordinator takes 256 KiB of a query; the rest of it is short. */
const BYTES_MOST = 255 * 1024;

/**
 * A relation of `values`, encoded, that stand in the plan itself: as one text with a line each, which is planned as fast however many they
 * are. Encoded values have no line ends of their own.
 */
export function inlineValues(values: readonly unknown[]): Source {
  const text = textSql(Array.from(values, encode).join('\n'));
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > BYTES_MOST)
    throw new RangeError(
      `These values take ${bytes} bytes as text; a plan carries ${BYTES_MOST}. Upload a dataset: grid.datasets.upload(name, file).`,
    );
  const sql =
    values.length === 0 ? "SELECT CAST('' AS VARCHAR) AS v WHERE false" : `SELECT unnest(string_split(${text}, chr(10))) AS v`;
  return sqlNode('parallelize', [], () => sql);
}
