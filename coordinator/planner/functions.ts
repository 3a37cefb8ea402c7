/** What is known about functions by name: data, compared with the engine's own lists by functions.test.ts. */

/** Table functions that a query may call; all others could read files, settings or other people's names. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['range', 'generate_series', 'unnest', 'repeat', 'repeat_row']);

/** Scalar functions that reach outside the query, and what to say. */
export const REFUSED_FUNCTIONS: ReadonlyMap<string, string> = new Map(
  [
    'setseed',
    'nextval',
    'currval',
    'write_log',
    'sleep_ms',
    'stats',
    'getvariable',
    'getenv',
    'current_setting',
    'current_query',
    'current_query_id',
    'current_connection_id',
    'current_transaction_id',
    'txid_current',
    'in_search_path',
    'json_serialize_sql',
    'json_deserialize_sql',
    'json_serialize_plan',
    'read_text',
    'read_blob',
    'create_sort_key',
  ].map((name) => [name, `${name}() depends on the engine's own state and would differ from tab to tab`]),
);

/** A new value at each call: a stage with one of them cannot be repeated. */
export const VOLATILE_FUNCTIONS: ReadonlySet<string> = new Set([
  'random',
  'uuid',
  'uuidv4',
  'uuidv7',
  'gen_random_uuid',
  'setseed',
]);

/** Clocks: bound to the time of planning by macros (duckdb.ts). */
export const CLOCKS: ReadonlyMap<string, string> = new Map([
  ['now', "CAST(make_timestamp(getvariable('muster_now')) AS TIMESTAMP WITH TIME ZONE)"],
  ['get_current_timestamp', "CAST(make_timestamp(getvariable('muster_now')) AS TIMESTAMP WITH TIME ZONE)"],
  ['transaction_timestamp', "CAST(make_timestamp(getvariable('muster_now')) AS TIMESTAMP WITH TIME ZONE)"],
  ['current_localtimestamp', "make_timestamp(getvariable('muster_now'))"],
  ['today', "CAST(make_timestamp(getvariable('muster_now')) AS DATE)"],
  ['current_date', "CAST(make_timestamp(getvariable('muster_now')) AS DATE)"],
  ['current_localtime', "CAST(make_timestamp(getvariable('muster_now')) AS TIME)"],
  ['get_current_time', "CAST(CAST(make_timestamp(getvariable('muster_now')) AS TIME) AS TIME WITH TIME ZONE)"],
]);

/** Optimisers whose rewrites we have read and can turn back into fragments. All others are switched off by name. */
export const REVIEWED_OPTIMIZERS: ReadonlySet<string> = new Set([
  'expression_rewriter',
  'filter_pullup',
  'filter_pushdown',
  'cte_filter_pusher',
  'regex_range',
  'in_clause',
  'join_order',
  'deliminator',
  'unnest_rewriter',
  'unused_columns',
  // Without it DuckDB cannot resolve the columns of what unused_columns leaves of unions and named queries.
  'statistics_propagation',
  'common_subexpressions',
  'common_aggregate',
  'limit_pushdown',
  'top_n',
  'duplicate_groups',
  'reorder_filter',
  'materialized_cte',
  'sum_rewriter',
  'cte_inlining',
  'common_subplan',
  'join_elimination',
]);
