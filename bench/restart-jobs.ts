/** The jobs in the middle of which `bench restart` kills the coordinator: several stages each, 30 to 60 tasks, with the SQL that native DuckDB answers. */
import type { Connection } from '../client/index.ts';
import { columns, planOf, sql } from '../examples/example.ts';
import type { AuthorPlan, AuthorRelation } from '../shared/plan/author-plan.ts';

/** `n` makes a job whose blocks, but for what is cached, no other job has made. */
export interface JobKind {
  readonly name: string;
  plan(n: number): AuthorPlan;
  native(n: number): string;
}

/** Prime, so that neither slots nor chunks divide it. */
const PARTITIONS = 13;

/** A score per row, in AssemblyScript: the same in SQL is `order_key * 3 + part_key % 11`. */
const SCORE = `import { BATCH, Batch, Output } from 'muster';
export { muster1_abi, muster1_alloc, muster1_free } from 'muster';

export function muster1_score(event: i32, schema: usize, array: usize): i32 {
  if (event != BATCH) return 0;
  const rows = new Batch(schema, array);
  const order = rows.column('order_key');
  const part = rows.column('part_key');
  const out = new Output();
  const key = out.add('part_key', 'l');
  const score = out.add('score', 'l');
  for (let row = 0; row < rows.length; row++) {
    const p = part.get<i64>(row);
    key.push<i64>(p);
    score.push<i64>(order.get<i64>(row) * 3 + (p % 11));
  }
  out.emit();
  return 0;
}
`;

const spreadBy = (input: string, key: string): AuthorRelation => ({
  kind: 'repartition',
  input,
  partitions: PARTITIONS,
  keys: [key],
});

/** Uploads the module that one of them runs. */
export async function restartJobs(admin: Connection): Promise<readonly JobKind[]> {
  const module = await admin.modules.compile(SCORE, { name: 'restart-score' });
  return [shuffled, guest(module.digest), cached];
}

/** Two shuffles and a sort. */
const shuffled: JobKind = {
  name: 'shuffles',
  plan: (n) =>
    planOf({
      picked: sql(`SELECT order_key, part_key, quantity FROM lines WHERE supplier_key > ${n}`),
      by_order: spreadBy('picked', 'order_key'),
      orders: sql('SELECT order_key, max(part_key) AS part_key, sum(quantity) AS q FROM by_order GROUP BY order_key'),
      by_part: spreadBy('orders', 'part_key'),
      parts: sql('SELECT part_key, count(*) AS n, sum(q) AS q FROM by_part GROUP BY part_key'),
      best: sql('SELECT * FROM parts ORDER BY q DESC, part_key LIMIT 300'),
    }),
  native: (n) => `SELECT part_key, count(*) AS n, sum(q) AS q FROM
    (SELECT order_key, max(part_key) AS part_key, sum(quantity) AS q FROM lines WHERE supplier_key > ${n} GROUP BY order_key)
    GROUP BY part_key ORDER BY q DESC, part_key LIMIT 300`,
};

/** A guest between two shuffles. */
const guest = (module: string): JobKind => ({
  name: 'guest',
  plan: (n) =>
    planOf({
      picked: sql(
        `SELECT order_key, part_key::BIGINT AS part_key, ship_mode FROM lines WHERE supplier_key % 4 = 0 AND supplier_key > ${n}`,
      ),
      spread: spreadBy('picked', 'order_key'),
      scored: {
        kind: 'guest',
        operation: 'mapPartitions',
        input: 'spread',
        code: { kind: 'batch', module, function: 'score' },
        schema: columns('part_key BIGINT', 'score BIGINT'),
      },
      by_part: spreadBy('scored', 'part_key'),
      parts: sql('SELECT part_key, count(*) AS n, max(score) AS best FROM by_part GROUP BY part_key'),
      best: sql('SELECT * FROM parts ORDER BY best DESC, part_key LIMIT 300'),
    }),
  native: (n) => `SELECT part_key::BIGINT AS part_key, count(*) AS n, max(order_key * 3 + part_key % 11) AS best
    FROM lines WHERE supplier_key % 4 = 0 AND supplier_key > ${n} GROUP BY part_key ORDER BY best DESC, part_key LIMIT 300`,
});

/** Reads a relation that stays in the tabs from job to job, and joins it with itself. */
const cached: JobKind = {
  name: 'cached',
  plan: (n) =>
    planOf(
      {
        wide: sql(`SELECT order_key, part_key, supplier_key, quantity FROM lines WHERE discount <= 0.0${Math.floor(n / 9) % 10}`),
        kept: spreadBy('wide', 'order_key'),
        orders: sql(`SELECT order_key, count(*) AS n, sum(quantity) AS q FROM kept WHERE supplier_key > ${n} GROUP BY order_key`),
        singles: sql(`SELECT order_key, max(part_key) AS part FROM kept WHERE quantity > 10 GROUP BY order_key`),
        joined: sql('SELECT part, o.n, o.q FROM orders AS o JOIN singles AS s ON o.order_key = s.order_key'),
        by_part: spreadBy('joined', 'part'),
        parts: sql('SELECT part, sum(n)::BIGINT AS n, sum(q) AS q FROM by_part GROUP BY part'),
        best: sql('SELECT * FROM parts ORDER BY q DESC, part LIMIT 300'),
      },
      ['kept'],
    ),
  native: (n) => `WITH kept AS (FROM lines WHERE discount <= 0.0${Math.floor(n / 9) % 10}),
    orders AS (SELECT order_key, count(*) AS n, sum(quantity) AS q FROM kept WHERE supplier_key > ${n} GROUP BY order_key),
    singles AS (SELECT order_key, max(part_key) AS part FROM kept WHERE quantity > 10 GROUP BY order_key)
    SELECT part, sum(o.n)::BIGINT AS n, sum(o.q) AS q FROM orders AS o JOIN singles AS s ON o.order_key = s.order_key
    GROUP BY part ORDER BY q DESC, part LIMIT 300`,
};
