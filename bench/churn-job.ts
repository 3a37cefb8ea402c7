/** The job of `bench churn`: levels of equal tasks with a shuffle between them, whose outputs are too large to ride along with reports. */
import type { AuthorPlan, AuthorRelation } from '../client/index.ts';

/** Tasks of a level. */
export const LEVEL_TASKS = 48;
/** So that an output is more than what the coordinator takes inline: it is lost with its tab. */
export const BLOCK_ROWS = 20_000;

const SAME = { kind: 'script', source: 'export const same = (row) => row;', function: 'same' } as const;
const COLUMNS = [{ name: 'x', type: 'BIGINT' }];

/** `levels` times LEVEL_TASKS tasks, and two at either end. */
export function churnPlan(levels: number): AuthorPlan {
  const relations: { name: string; relation: AuthorRelation }[] = [];
  const add = (name: string, relation: AuthorRelation): string => {
    relations.push({ name, relation });
    return name;
  };
  let input = add('seeds', { kind: 'sql', sql: 'SELECT i AS x FROM range(1000) AS t(i)' });
  for (let level = 1; level <= levels; level++) {
    const dealt = add(`dealt${level}`, { kind: 'repartition', input, partitions: LEVEL_TASKS });
    input = add(`made${level}`, { kind: 'guest', operation: 'map', input: dealt, code: SAME, schema: COLUMNS });
  }
  const result = add('outcome', { kind: 'sql', sql: `SELECT count(*) AS n FROM ${input}` });
  return { relations, result };
}
