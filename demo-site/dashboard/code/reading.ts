/** What can be read off a guest's source without running it: its functions, and the columns that it makes. */
import type { AuthorColumn } from '../../../shared/plan/author-plan.ts';

export type Language = 'assemblyscript' | 'javascript';

const EXPORTS: { readonly [L in Language]: RegExp } = {
  assemblyscript: /^\s*export\s+function\s+muster1_(\w+)\s*\(/gm,
  javascript: /^\s*export\s+(?:async\s+)?(?:function\s*\*?|const|let)\s*([A-Za-z_$][\w$]*)/gm,
};
/** What the ABI itself calls. */
const RESERVED = new Set(['abi', 'alloc', 'free']);

/** In the order of the source. */
export function functionsIn(language: Language, source: string): readonly string[] {
  const names = [...source.matchAll(EXPORTS[language])].map((match) => match[1] ?? '');
  return [...new Set(names)].filter((name) => name !== '' && !(language === 'assemblyscript' && RESERVED.has(name)));
}

/** guest/SPEC.md, B-31, as far as one format is one type. */
const TYPES: { readonly [format: string]: string } = {
  b: 'BOOLEAN',
  c: 'TINYINT',
  C: 'UTINYINT',
  s: 'SMALLINT',
  S: 'USMALLINT',
  i: 'INTEGER',
  I: 'UINTEGER',
  l: 'BIGINT',
  L: 'UBIGINT',
  f: 'FLOAT',
  g: 'DOUBLE',
  u: 'VARCHAR',
  z: 'BLOB',
  tdD: 'DATE',
  ttu: 'TIME',
  'tsu:': 'TIMESTAMP',
  'tsu:UTC': 'TIMESTAMPTZ',
};

function typeOf(format: string): string | undefined {
  const decimal = /^d:(\d+),(\d+)$/.exec(format);
  return decimal ? `DECIMAL(${decimal[1]},${decimal[2]})` : TYPES[format];
}

/**
 * The columns that `function` adds to its output with `out.add('name', 'format')`; undefined when there are none or one is not
 * written out like that.
 */
export function columnsIn(source: string, functionName: string): readonly AuthorColumn[] | undefined {
  const from = source.search(new RegExp(`export\\s+function\\s+muster1_${functionName}\\b`));
  if (from < 0) return undefined;
  const next = source.slice(from + 1).search(/^\s*export\s+function\s/m);
  const body = next < 0 ? source.slice(from) : source.slice(from, from + 1 + next);
  const columns: AuthorColumn[] = [];
  for (const [, name = '', format = ''] of body.matchAll(/\.add\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]\s*\)/g)) {
    const type = typeOf(format);
    if (type === undefined) return undefined;
    if (!columns.some((column) => column.name === name)) columns.push({ name, type });
  }
  return columns.length === 0 ? undefined : columns;
}
