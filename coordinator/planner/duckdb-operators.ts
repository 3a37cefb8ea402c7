/** Operators of DuckDB's plan that need no look below themselves. */
import { aggregateOf, exprOf } from './duckdb-expressions.ts';
import { TABLE_FUNCTIONS } from './functions.ts';
import { literalSql, typeSql } from './literals.ts';
import type { LogicalNode } from './logical.ts';
import { intOf, isInvalidIndex, type JsonObject, listOf, objectOf, textOf, UnsupportedPlan } from './lossless-json.ts';
import { refusal } from './sql-errors.ts';

/** The table function behind every dataset's view (tables.ts). */
export const SCAN_FUNCTION = 'muster_scan';

export function scanOf(o: JsonObject): LogicalNode {
  const name = textOf(o.name, 'table function');
  const types = listOf(o.returned_types);
  const names = listOf(o.names);
  if (listOf(o.children).length > 0) throw new UnsupportedPlan(name, `${name}() over another table runs in one task`);
  if (listOf(objectOf(o.table_filters ?? {}, 'filters').filters).length > 0)
    throw new UnsupportedPlan('scan', 'filters inside a scan');
  if (!isInvalidIndex(o.ordinality_idx) && o.ordinality_idx !== undefined)
    throw new UnsupportedPlan(name, 'WITH ORDINALITY runs in one task');
  let ids = listOf(o.column_indexes).map((c) => objectOf(c, 'column index'));
  if (
    ids.some((c) => listOf(c.child_indexes).length > 0 && c.index_type !== 'FULL_READ' && c.index_type !== 'PUSHDOWN_EXTRACT')
  ) {
    throw new UnsupportedPlan('scan', 'parts of nested columns inside a scan');
  }
  const projection = listOf(o.projection_ids);
  if (projection.length > 0) {
    const all = ids;
    ids = projection.map((p) => objectOf(all[intOf(p, 'projection')], 'column index'));
  }
  // The row id, of which no rows are wanted but their number: any column will do, and the binder chooses a narrow one.
  const ordinals = ids.map((c) => (typeof c.index === 'bigint' ? -1 : intOf(c.index, 'column')));
  const outTypes = ordinals.map((i) => (i < 0 ? 'BIGINT' : typeSql(types[i])));
  if (name !== SCAN_FUNCTION && !TABLE_FUNCTIONS.has(name)) {
    throw refusal(
      `${name}() shows the engine's own state, which differs from tab to tab`,
      'Only registered datasets can be read.',
    );
  }
  if (name === SCAN_FUNCTION) {
    const table = textOf(objectOf(listOf(o.parameters)[0], 'parameter').value, 'table');
    return { op: 'scan', table, ordinals, ranges: [], types: outTypes };
  }
  if (listOf(o.named_parameters).length > 0 || ordinals.some((i) => i < 0))
    throw new UnsupportedPlan(name, `${name}() runs in one task`);
  return {
    op: 'tableFunction',
    name,
    args: listOf(o.parameters).map(literalSql),
    width: names.length,
    columns: ordinals,
    types: outTypes,
  };
}

export function aggregateNodeOf(o: JsonObject, input: LogicalNode): LogicalNode {
  const groups = listOf(o.groups).map((e) => exprOf(e));
  const aggregates = listOf(o.expressions).map(aggregateOf);
  const sets = listOf(o.grouping_sets).map((s) => listOf(s).map((i) => intOf(i, 'group')));
  const groupings = listOf(o.grouping_functions).map((f) => listOf(f).map((i) => intOf(i, 'group')));
  const whole = sets.length === 0 || (sets.length === 1 && sets[0]?.length === groups.length);
  const types = [...groups.map((g) => g.type), ...aggregates.map((a) => a.type), ...groupings.map(() => 'BIGINT')];
  return { op: 'aggregate', input, groups, aggregates, sets: whole ? undefined : sets, groupings, phase: 'whole', types };
}

export function limitOf(o: JsonObject, input: LogicalNode): LogicalNode {
  const limit = objectOf(o.limit_val, 'limit');
  const offset = objectOf(o.offset_val, 'offset');
  const percent = limit.type === 'CONSTANT_PERCENTAGE' ? limit.constant_percentage : undefined;
  const known = (v: JsonObject): boolean => v.type === 'CONSTANT_VALUE' || v.type === 'UNSET';
  if ((percent === undefined && !known(limit)) || !known(offset))
    throw new UnsupportedPlan('limit', 'LIMIT by an expression runs in one task');
  return {
    op: 'limit',
    input,
    keys: [],
    limit: limit.type === 'CONSTANT_VALUE' ? intOf(limit.constant_integer, 'limit') : undefined,
    percent: typeof percent === 'number' ? percent : undefined,
    offset: offset.type === 'CONSTANT_VALUE' ? intOf(offset.constant_integer, 'offset') : 0,
    phase: 'whole',
    types: input.types,
  };
}

export function sampleOf(o: JsonObject, input: LogicalNode): LogicalNode {
  const options = objectOf(o.sample_options, 'sample');
  const size = objectOf(options.sample_size, 'sample size').value;
  const method = textOf(options.method, 'sample method');
  const seed = typeof options.seed === 'number' && options.seed >= 0 ? options.seed : undefined;
  const percent = options.is_percentage === true;
  const sql = `${String(size)}${percent ? '%' : ' ROWS'} (${method}${seed === undefined ? '' : `, ${seed}`})`;
  return {
    op: 'sample',
    input,
    sql,
    fixedRows: !percent || method.toLowerCase() === 'reservoir',
    seeded: seed !== undefined,
    types: input.types,
  };
}
