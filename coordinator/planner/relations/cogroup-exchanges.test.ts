/** When a cogroup moves an input, and when that lies right already. What comes out is looked at in jobs/cogroup-run.test.ts. */
import { expect, it } from 'vitest';
import type { AuthorRelation } from '../../../shared/plan/author-plan.ts';
import { inflated } from '../testing/world.ts';
import { batch, planningRoom, type Relations, script, sql } from './testing/plans.ts';

const room = planningRoom();

const COUNT = [
  { name: 'id', type: 'INTEGER' },
  { name: 'n', type: 'BIGINT' },
];
const left = sql('SELECT id, weight FROM keys');
const right = sql('SELECT id::INTEGER AS id, word FROM other_keys');
const split = (input: string, key: string, partitions = 5): AuthorRelation => ({
  kind: 'repartition',
  input,
  partitions,
  keys: [key],
});
const aggregate = (input: string, code: typeof script | typeof batch, schema = COUNT): AuthorRelation => {
  const made = code('sum');
  return { kind: 'aggregate', input, keys: ['id'], code: made, schema, ...(made.kind === 'batch' && { state: schema }) };
};
const by = (input: string, other: string): AuthorRelation => ({
  kind: 'cogroup',
  input,
  other,
  keys: ['id'],
  code: script('both'),
  schema: COUNT,
});

const both = { left, right, a: split('left', 'id'), b: split('right', 'id') };
const long = sql('SELECT id, word FROM other_keys');
const joined = sql('SELECT x.id, y.weight FROM keys x JOIN other_keys y ON x.id = y.id');
const CASES: readonly [name: string, splits: number, relations: Relations][] = [
  ['nothing lies right', 2, { left, right, out: by('left', 'right') }],
  ['both lie right', 2, { ...both, out: by('a', 'b') }],
  ['the other side follows', 2, { ...both, out: by('a', 'right') }],
  ['the input follows', 2, { ...both, out: by('left', 'b') }],
  ['what groups the keys', 2, { ...both, sums: sql('SELECT id, sum(weight) FROM a GROUP BY id'), out: by('sums', 'right') }],
  ['what joins by the keys', 3, { joined, right, out: by('joined', 'right') }],
  ['what a script reduces by the keys', 2, { left, right, sums: aggregate('left', script), out: by('sums', 'right') }],
  ['what a script reduces where it lies', 2, { ...both, sums: aggregate('a', script), out: by('sums', 'b') }],
  ['other numbers of partitions', 3, { ...both, b: split('right', 'id', 7), out: by('a', 'b') }],
  ['another key', 3, { ...both, a: split('left', 'weight'), out: by('a', 'b') }],
  ['other keys in both', 4, { ...both, a: split('left', 'weight'), b: split('right', 'word'), out: by('a', 'b') }],
  ['a narrower key', 3, { ...both, right: long, out: by('a', 'b') }],
  ['a narrower key that must move', 3, { ...both, right: long, out: by('a', 'right') }],
  ['what a module reduces', 3, { left, right, sums: aggregate('left', batch), out: by('sums', 'right') }],
  [
    'what a script reduces, its key in another type',
    3,
    {
      left,
      right,
      sums: aggregate('left', script, [
        { name: 'id', type: 'BIGINT' },
        { name: 'n', type: 'BIGINT' },
      ]),
      out: by('sums', 'right'),
    },
  ],
  ['what a cogroup makes', 4, { ...both, met: by('a', 'b'), c: split('left', 'id'), out: by('met', 'c') }],
];

it.each(CASES)('%s: %i exchanges by hash', async (_, splits, relations) => {
  const outcome = await room.plan(relations, {}, inflated(room.world.datasets, 10_000));
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  expect(outcome.plan.stages.filter((stage) => stage.output.partitioning.kind === 'hash')).toHaveLength(splits);
  expect(outcome.plan.fallbacks).toEqual([]);
});
