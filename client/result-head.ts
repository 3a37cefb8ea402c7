/** The first rows of a JSON result, cut from the stream: a result may be far larger than a page can hold. */
import { jsonRows } from './run/json-rows.ts';
import type { Cell, ColumnJson, ResultJson } from './types.ts';

/** The first rows of a result. */
export interface ResultHead extends ResultJson {
  /** There are more rows than these. */
  readonly more: boolean;
}

/** Reads up to `most` + 1 rows (to know whether there are more) and cancels the rest of the body. */
export async function readHead(response: Response, most: number): Promise<ResultHead> {
  let columns: readonly ColumnJson[] = [];
  const rows: (readonly Cell[])[] = [];
  for await (const batch of jsonRows(response)) {
    ({ columns } = batch);
    for (const row of batch.rows) rows.push(row);
    if (rows.length > most) break;
  }
  return { columns, rows: rows.slice(0, most), more: rows.length > most };
}
