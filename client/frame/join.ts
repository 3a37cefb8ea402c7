/** Two frames as one. */
import { type RelationNode, type Source, sqlNode } from '../plan/relation-node.ts';
import { identifierSql } from '../sql/literals.ts';
import { type Expression, textOf } from '../sql/sql-tag.ts';

/** `semi` keeps rows that have a partner, `anti` those that have none; `left`, `right` and `full` keep rows without one as well. */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';

const isNames = (on: readonly string[] | Expression): on is readonly string[] => Array.isArray(on);

/** `on`: columns that both have, or SQL over `l` and `r`. */
export function joinNode(left: Source, right: Source, on: readonly string[] | Expression, how: JoinType | 'cross'): RelationNode {
  const step = how === 'cross' ? 'crossJoin' : 'join';
  const texts = isNames(on) ? [] : [textOf(on)];
  if (how !== 'cross' && isNames(on) && on.length === 0)
    throw new TypeError('join needs the columns to join on; crossJoin needs none.');
  const condition = isNames(on) ? `USING (${on.map(identifierSql).join(', ')})` : `ON ${texts[0]}`;
  const word = how.toUpperCase();
  return sqlNode(
    step,
    [left, right],
    ([l, r]) => `SELECT * FROM ${l} AS l ${word} JOIN ${r} AS r${how === 'cross' ? '' : ` ${condition}`}`,
    texts,
  );
}
