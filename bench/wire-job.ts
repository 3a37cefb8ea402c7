/**
 * A job of very many very small tasks, as an author may submit it: rows dealt out into 256 partitions many times over, each partition
 * a task of a script that changes nothing, and the outcome read together by a few tasks, so that the result is few blocks.
 */
import type { AuthorPlan, AuthorRelation } from '../client/index.ts';
import { LIMITS } from '../shared/limits.ts';

const PARTITIONS = LIMITS.bucketsPerBlock;
const SAME = { kind: 'script', source: 'export const same = (row) => row;', function: 'same' } as const;
const COLUMNS = [{ name: 'x', type: 'BIGINT' }];
/** Each reads a part of all outputs; a lease must fit into a frame. */
const READERS = 64;

/** `width` times 256 small tasks; 1 + width + 64 others. `salt`: another number gives a job with other blocks. */
export function tinyTasksPlan(width: number, salt: number): AuthorPlan {
  const relations: { name: string; relation: AuthorRelation }[] = [];
  const add = (name: string, relation: AuthorRelation): string => {
    relations.push({ name, relation });
    return name;
  };
  const query = (sql: string): AuthorRelation => ({ kind: 'sql', sql });
  add('seeds', query(`SELECT i AS x FROM range(${PARTITIONS}) AS t(i)`));
  const dealt = Array.from({ length: width }, (_, i) => {
    const input = add(`rows${i}`, query(`SELECT x + ${(salt * width + i) * PARTITIONS} AS x FROM seeds`));
    return add(`dealt${i}`, { kind: 'repartition', input, partitions: PARTITIONS });
  });
  const all = add('together', query(dealt.map((name) => `SELECT x FROM ${name}`).join(' UNION ALL ')));
  const mapped = add('tiny', { kind: 'guest', operation: 'map', input: all, code: SAME, schema: COLUMNS });
  const few = add('few', { kind: 'coalesce', input: mapped, partitions: READERS });
  const result = add('outcome', { kind: 'guest', operation: 'map', input: few, code: SAME, schema: COLUMNS });
  return { relations, result };
}

export const tinyTasks = (width: number): number => width * PARTITIONS;
