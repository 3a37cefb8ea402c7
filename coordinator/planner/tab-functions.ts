/** What native DuckDB can do and DuckDB-WASM cannot: JSON and ICU. tab-functions.test.ts compares both engines' own lists. */
import { RefusedSql } from './sql-errors.ts';

const NAMES: ReadonlySet<string> = new Set(
  (
    '->> array_to_json from_json from_json_strict json json_array json_array_length json_contains json_deserialize_sql ' +
    'json_each json_execute_serialized_sql json_exists json_extract json_extract_path json_extract_path_text ' +
    'json_extract_string json_group_array json_group_object json_group_structure json_keys json_merge_patch json_object ' +
    'json_pretty json_quote json_serialize_plan json_serialize_sql json_structure json_transform json_transform_strict ' +
    'json_tree json_type json_valid json_value make_timestamptz row_to_json to_json icu_sort_key variant_bytes_to_variant ' +
    'variant_to_parquet_variant timezone timezone_hour timezone_minute '
  ).split(' '),
);

/** Clocks are missing too, but are constants by then (clocks.ts). */
export function missingInTabs(name: string): boolean {
  const lower = name.toLowerCase();
  return NAMES.has(lower) || lower.startsWith('icu_collate_');
}

export function missingFunction(name: string): RefusedSql {
  return new RefusedSql({
    code: 'sql-unsupported',
    title: `${name}() is not available in tabs`,
    detail: `The engine in the tabs has no JSON and no time zone functions, and the query uses ${name}()`,
    hint: 'Convert such values when the file is registered, or compute them without this function.',
  });
}
