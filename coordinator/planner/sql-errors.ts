/** Errors of SQL as authors see them: a stable code, where, and what to try. */
import { nearNames } from '../../shared/near-names.ts';
import type { Json, JsonObject } from './lossless-json.ts';

export type SqlErrorCode =
  | 'sql-syntax'
  | 'sql-unknown-table'
  | 'sql-unknown-column'
  | 'sql-binding'
  | 'sql-refused'
  | 'sql-unsupported'
  | 'plan-invalid'
  | 'plan-unknown-relation'
  | 'plan-unknown-column'
  | 'plan-unknown-module'
  | 'plan-unknown-function'
  | 'plan-schema'
  | 'planner-crash'
  | 'planner-timeout';

export interface SqlError {
  readonly code: SqlErrorCode;
  readonly title: string;
  readonly detail: string;
  /** 0-based offset in the SQL text, in UTF-16 units. */
  readonly position?: number;
  readonly hint?: string;
  /** In a plan of several relations: in which of them; `position` is then one in its SQL. */
  readonly relation?: string;
}

/** What the catalogue offers, for near names. */
export interface KnownNames {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

export class RefusedSql extends Error {
  override name = 'RefusedSql';
  readonly error: SqlError;
  constructor(error: SqlError) {
    super(error.detail);
    this.error = error;
  }
}

export function refusal(detail: string, hint?: string, position?: number): RefusedSql {
  return new RefusedSql({
    code: 'sql-refused',
    title: 'This SQL is not allowed here',
    detail,
    ...(position === undefined ? {} : { position }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** DuckDB counts bytes of UTF-8. */
export function positionOf(sql: string, byteOffset: Json | undefined): number | undefined {
  const offset = typeof byteOffset === 'string' ? Number(byteOffset) : typeof byteOffset === 'number' ? byteOffset : Number.NaN;
  if (!Number.isInteger(offset) || offset < 0) return undefined;
  let bytes = 0;
  let at = 0;
  for (const ch of sql) {
    if (bytes >= offset) break;
    const code = ch.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += ch.length;
  }
  return at;
}

function didYouMean(names: readonly string[]): string | undefined {
  return names.length > 0 ? `Did you mean ${names.map((n) => `"${n}"`).join(' or ')}?` : undefined;
}

const KEYWORDS =
  'select from where group order by having limit offset join left right full inner outer cross on using union all except intersect with as distinct case when then else end between and or not in is null like values over partition asc desc exists cast interval'.split(
    ' ',
  );

function syntaxHint(sql: string, position: number | undefined): string | undefined {
  if (position === undefined) return undefined;
  if (position >= sql.trimEnd().length) return 'The text ends where more was expected.';
  const here = /^\w+/.exec(sql.slice(position))?.[0] ?? '';
  const before = /(\w+)\s*$/.exec(sql.slice(0, position))?.[1] ?? '';
  for (const word of [here, before]) {
    const near = word.length > 2 && !KEYWORDS.includes(word.toLowerCase()) ? nearNames(word, KEYWORDS) : [];
    if (near.length > 0) return didYouMean(near.slice(0, 1).map((n) => n.toUpperCase()));
  }
  return 'Look at the text just before this place.';
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** DuckDB's own error, as its JSON functions give it, in our words. */
export function sqlErrorOf(raw: JsonObject, sql: string, known: KnownNames): SqlError {
  const message = text(raw.error_message).split('\n\nLINE ')[0] ?? '';
  const position = positionOf(sql, raw.position);
  const make = (code: SqlErrorCode, title: string, detail: string, hint: string | undefined): SqlError => ({
    code,
    title,
    detail,
    ...(position === undefined ? {} : { position }),
    ...(hint === undefined ? {} : { hint }),
  });
  const candidates = text(raw.candidates)
    .split(',')
    .filter((c) => c !== '');
  const name = text(raw.name);
  const [firstLine = message] = message.split('\n');
  if (raw.error_type === 'parser') return make('sql-syntax', 'The SQL has a syntax error', message, syntaxHint(sql, position));
  const file = text(raw.type) === 'Table' && /[/\\:]|\.\w{2,8}$/.test(name);
  if (raw.error_type === 'permission' || raw.error_type === 'io' || file || message.startsWith('No extension found')) {
    return make(
      'sql-refused',
      'This SQL is not allowed here',
      'SQL reads registered datasets only, never files or addresses',
      'Register the file as a dataset first (POST /v1/datasets).',
    );
  }
  if (raw.error_type === 'catalog' && text(raw.type) === 'Table') {
    const near = nearNames(name, known.tables);
    const some = known.tables.slice(0, 10).join(', ');
    return make(
      'sql-unknown-table',
      `There is no dataset "${name}"`,
      `The query reads "${name}", which is not a dataset you may read`,
      didYouMean(near) ?? (some === '' ? 'No datasets are registered yet.' : `Datasets: ${some}`),
    );
  }
  if (text(raw.error_subtype) === 'COLUMN_NOT_FOUND' || /column .* not found|does not have a column named/i.test(firstLine)) {
    const near = nearNames(name, known.columns);
    return make(
      'sql-unknown-column',
      `There is no column "${name}"`,
      firstLine,
      didYouMean(near) ?? didYouMean(candidates) ?? candidateLine(message),
    );
  }
  return make('sql-binding', 'The query cannot be understood', firstLine, didYouMean(candidates) ?? candidateLine(message));
}

/** DuckDB puts advice on the lines after the first. */
function candidateLine(message: string): string | undefined {
  const rest = message.split('\n').slice(1).join(' ').trim();
  return rest === '' ? undefined : rest;
}
