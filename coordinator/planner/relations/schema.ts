/** Columns of relations: names and types that authors give, and those that they name. */
import { formatSqlType, parseSqlType, UnsupportedTypeError, wireTypeOf } from '../../../shared/arrow/types.ts';
import type { AuthorColumn } from '../../../shared/plan/author-plan.ts';
import { namesHint, refusedPlan } from './refused.ts';

export interface RelationColumn {
  readonly name: string;
  readonly type: string;
}

/** Types by DuckDB's own names. Throws RefusedSql for types that do not travel, and for names that are not different. */
export function columnsGiven(columns: readonly AuthorColumn[], relation: string): readonly RelationColumn[] {
  refuseDoubles(columns, relation, 'Give each column of the schema a name of its own.');
  return columns.map(({ name, type }) => {
    try {
      wireTypeOf(type);
      return { name, type: formatSqlType(parseSqlType(type)) };
    } catch (thrown) {
      if (!(thrown instanceof UnsupportedTypeError)) throw thrown;
      const detail = `The column "${name}" has the type ${type}, which is none that DuckDB and Muster both know.`;
      throw refusedPlan(
        'plan-schema',
        relation,
        detail,
        'Use names such as BIGINT, DOUBLE, VARCHAR, DECIMAL(15,2), DATE, INTEGER[].',
      );
    }
  });
}

/** SQL does not tell names apart by case. */
export function refuseDoubles(columns: readonly { readonly name: string }[], relation: string, hint: string): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    const key = name.toLowerCase();
    if (seen.has(key)) throw refusedPlan('plan-schema', relation, `Two columns are called "${name}".`, hint);
    seen.add(key);
  }
}

/** Positions of the keys. Throws RefusedSql for one that is no column, or named twice. */
export function keysIn(columns: readonly RelationColumn[], keys: readonly string[], relation: string, of: string): number[] {
  const names = columns.map((c) => c.name);
  const at = keys.map((key) => {
    const index = names.indexOf(key);
    if (index >= 0) return index;
    const detail = `The key "${key}" is no column of "${of}".`;
    throw refusedPlan('plan-unknown-column', relation, detail, namesHint(key, names, 'Columns'));
  });
  if (new Set(at).size < at.length) throw refusedPlan('plan-invalid', relation, 'A key is named twice.', 'Name each key once.');
  return at;
}
