/** The demo's data: real flights and airports from the package vega-datasets, and order lines made on the spot. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CommandError } from '../errors.ts';
import { packageRoot } from '../package-root.ts';

export interface DemoFiles {
  /** Three million flights in the USA, January to July 2001: date, delay (min), distance (miles), origin, destination. */
  readonly flights: string;
  readonly airports: string;
}

export function demoFiles(): DemoFiles {
  const require = createRequire(join(packageRoot(), 'package.json'));
  const folder = join(dirname(require.resolve('vega-datasets')), '..', 'data');
  const files = { flights: join(folder, 'flights-3m.parquet'), airports: join(folder, 'airports.csv') };
  for (const file of Object.values(files)) {
    if (!existsSync(file)) throw new CommandError(`${file} is missing`, 'Install the package vega-datasets again: npm ci');
  }
  return files;
}

/**
 * Order lines in the shape of TPC-H's lineitem: every value is a hash of the row's number, so that each run and each machine
 * makes the same table. `multiplier` decorrelates the columns.
 */
const draw = (multiplier: number, below: number) => `(hash(i * ${multiplier} + ${multiplier}) % ${below})::BIGINT`;

const SHIP_DATE = `DATE '1992-01-02' + ${draw(31, 2526)}::INTEGER`;

const COLUMNS: readonly (readonly [name: string, sql: string])[] = [
  ['order_key', '(i // 4 + 1)::BIGINT'],
  ['part_key', `(${draw(3, 200_000)} + 1)::INTEGER`],
  ['supplier_key', `(${draw(5, 10_000)} + 1)::INTEGER`],
  ['line_number', '(i % 4 + 1)::INTEGER'],
  ['quantity', `(${draw(7, 50)} + 1)::DECIMAL(15,2)`],
  ['extended_price', `((${draw(7, 50)} + 1) * (90000 + ${draw(11, 110_000)}) / 100)::DECIMAL(15,2)`],
  ['discount', `(${draw(13, 11)} / 100)::DECIMAL(15,2)`],
  ['tax', `(${draw(17, 9)} / 100)::DECIMAL(15,2)`],
  ['return_flag', `CASE WHEN ${SHIP_DATE} > DATE '1995-06-17' THEN 'N' WHEN ${draw(19, 2)} = 0 THEN 'R' ELSE 'A' END`],
  ['line_status', `CASE WHEN ${SHIP_DATE} > DATE '1995-06-17' THEN 'O' ELSE 'F' END`],
  ['ship_date', SHIP_DATE],
  ['commit_date', `${SHIP_DATE} + (${draw(37, 91)}::INTEGER - 30)`],
  ['ship_mode', `['AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK'][${draw(41, 7)} + 1]`],
  [
    'comment',
    `['carefully packed', 'left at the door', 'handle with care', 'signed for', 'deliver at night'][${draw(43, 5)} + 1] || ' ' || ${draw(47, 1000)}`,
  ],
];

export const ORDER_LINE_COLUMNS = COLUMNS.length;

/** DuckDB SQL that writes `rows` order lines to a parquet file. */
export function orderLinesSql(rows: number, path: string): string {
  const columns = COLUMNS.map(([name, sql]) => `  ${sql} AS ${name}`).join(',\n');
  return `COPY (SELECT\n${columns}\nFROM range(${rows}) AS t(i)) TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`;
}
