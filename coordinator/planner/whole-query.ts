/**
 * The last rung of the fallback ladder: one task reads the columns that the query names and runs the author's own SQL, with
 * its datasets put in front as common table expressions. The query stays a subquery of its own, so that names it defines itself
 * win over ours.
 */
import type { Branch, Fallback, PhysicalPlan, PlanInput, ResultColumn, Stage } from '../../shared/plan/physical.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { sourceOf } from './bind-scan.ts';
import { CLOCK_WORDS, clockLiteral } from './clocks.ts';
import { VOLATILE_FUNCTIONS } from './functions.ts';
import { quoteName } from './literals.ts';
import { type Json, type JsonObject, listOf, objectOf, parseLossless } from './lossless-json.ts';
import { selectList } from './select-list.ts';
import { refusal } from './sql-errors.ts';
import { fragmentOf } from './stages.ts';
import { walkJson } from './statement.ts';
import { missingFunction, missingInTabs } from './tab-functions.ts';
import { CALENDAR } from './utc.ts';
import { planColumn } from './wire.ts';

export interface WholeQuery {
  readonly sql: string;
  readonly ast: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly datasets: readonly DatasetRecord[];
  readonly nowMs: number;
}

interface Findings {
  /** Lower-case names: tables read, names that the query defines itself, every text that could name a column. */
  readonly tables: Set<string>;
  readonly defined: Set<string>;
  readonly words: Set<string>;
  readonly functions: Set<string>;
  /** Stars, or a whole row used as a value. */
  star: boolean;
}

function inspect(ast: Json): Findings {
  const found: Findings = { tables: new Set(), defined: new Set(), words: new Set(), functions: new Set(), star: false };
  const aliases = new Set<string>();
  const bare: string[] = [];
  walkJson(ast, (o) => {
    for (const v of Object.values(o)) {
      if (typeof v === 'string') found.words.add(v.toLowerCase());
      for (const x of listOf(v)) if (typeof x === 'string') found.words.add(x.toLowerCase());
    }
    if (o.type === 'BASE_TABLE') {
      found.tables.add(String(o.table_name).toLowerCase());
      aliases.add(String(o.table_name).toLowerCase());
    }
    if (typeof o.alias === 'string' && o.alias !== '') aliases.add(o.alias.toLowerCase());
    if (o.class === 'STAR' || o.ref_type === 'NATURAL') found.star = true;
    if (o.class === 'COLUMN_REF') {
      const names = listOf(o.column_names);
      if (names.length === 1) bare.push(String(names[0]).toLowerCase());
    }
    if (o.class === 'FUNCTION' || o.class === 'WINDOW') found.functions.add(String(o.function_name).toLowerCase());
    if (o.cte_map)
      for (const e of listOf(objectOf(o.cte_map, 'ctes').map)) found.defined.add(String(objectOf(e, 'cte').key).toLowerCase());
  });
  if (bare.some((name) => aliases.has(name))) found.star = true;
  return found;
}

const CLOCK = new RegExp(`^(${CLOCK_WORDS.join('|')})\\s*(\\(\\s*\\))?`, 'i');
const QUALIFIED = /^(?:(?:"[^"]*"|\w+)\s*\.\s*){1,2}/;

/** A clock, called or by its bare name; a column of that name comes first. */
function clockAt(o: JsonObject, columns: ReadonlySet<string>): string | undefined {
  const bare = o.class === 'COLUMN_REF' ? listOf(o.column_names) : [];
  const name = o.class === 'FUNCTION' ? o.function_name : bare.length === 1 ? bare[0] : undefined;
  if (typeof name !== 'string' || !CLOCK_WORDS.includes(name.toLowerCase())) return undefined;
  return o.class === 'COLUMN_REF' && columns.has(name.toLowerCase()) ? undefined : name;
}

/** Clocks become constants and `main.flights` becomes `flights`, each at the place that the parser noted. */
function rewriteText(sql: string, ast: Json, nowMs: number, columns: ReadonlySet<string>): string {
  const bytes = new TextEncoder().encode(sql);
  const edits: { at: number; length: number; text: string }[] = [];
  const rest = (at: number): string => new TextDecoder().decode(bytes.subarray(at));
  walkJson(ast, (o: JsonObject) => {
    const at = o.query_location;
    if (typeof at !== 'number') return;
    const clock = clockAt(o, columns);
    if (clock !== undefined) {
      const match = CLOCK.exec(rest(at));
      if (!match) throw refusal(`${clock} is written in a way that cannot be replaced by the time of planning`);
      edits.push({ at, length: new TextEncoder().encode(match[0]).length, text: clockLiteral(clock, nowMs) });
    }
    if (o.type === 'BASE_TABLE' && o.schema_name !== '') {
      const match = QUALIFIED.exec(rest(at));
      if (match) edits.push({ at, length: new TextEncoder().encode(match[0]).length, text: '' });
    }
  });
  let out = '';
  let from = 0;
  for (const e of edits.sort((a, b) => a.at - b.at)) {
    if (e.at < from) continue;
    out += new TextDecoder().decode(bytes.subarray(from, e.at)) + e.text;
    from = e.at + e.length;
  }
  return out + new TextDecoder().decode(bytes.subarray(from));
}

/** Table names are only those of datasets and of the query itself: views of the engine would show its own state. */
function checkTables(found: Findings, datasets: ReadonlyMap<string, DatasetRecord>): void {
  for (const t of found.tables) {
    if (!datasets.has(t) && !found.defined.has(t))
      throw refusal(`"${t}" is not a dataset`, 'Only registered datasets can be read.');
  }
}

/** The original text keeps its zoned timestamps, and calendar functions over them need ICU. */
function refuseZoned(found: Findings, datasets: ReadonlyMap<string, DatasetRecord>): void {
  const zoned = [...found.tables].some((t) =>
    datasets
      .get(t)
      ?.columns.some((c) => c.type === 'TIMESTAMP WITH TIME ZONE' && (found.star || found.words.has(c.name.toLowerCase()))),
  );
  const fn = [...found.functions].find((f) => CALENDAR.has(f) && !['+', '-', 'range', 'generate_series'].includes(f));
  if (zoned && fn !== undefined) throw missingFunction(fn);
}

export function planWholeQuery(query: WholeQuery, operator: string, why: string): PhysicalPlan {
  const ast = parseLossless(query.ast);
  const found = inspect(ast);
  const byName = new Map(query.datasets.map((d) => [d.name.toLowerCase(), d]));
  checkTables(found, byName);
  const missing = [...found.functions].find(missingInTabs);
  if (missing !== undefined) throw missingFunction(missing);
  refuseZoned(found, byName);
  const inputs: PlanInput[] = [];
  const prelude: string[] = [];
  for (const name of found.tables) {
    const dataset = byName.get(name);
    if (!dataset) continue;
    const read = dataset.columns
      .map((_, i) => i)
      .filter((i) => found.star || found.words.has(dataset.columns[i]?.name.toLowerCase() ?? ''));
    const ordinals = read.length > 0 ? read : [0];
    const columns = ordinals.map((o) => {
      const c = dataset.columns[o];
      return `${c && c.type !== c.wire && c.type !== 'JSON' ? `CAST(c${o} AS ${c.type})` : `c${o}`} AS ${quoteName(c?.name ?? '')}`;
    });
    prelude.push(`${quoteName(dataset.name)} AS (SELECT ${columns.join(', ')} FROM in${inputs.length})`);
    inputs.push({
      kind: 'scan',
      source: sourceOf(
        dataset,
        ordinals,
        dataset.chunks.map((_, i) => i),
      ),
      read: 'all',
    });
  }
  const output = query.columns.map((c) => planColumn(c.type));
  const columnNames = new Set(query.datasets.flatMap((d) => d.columns.map((c) => c.name.toLowerCase())));
  const text = rewriteText(query.sql, ast, query.nowMs, columnNames).replace(/[\s;]+$/, '');
  const names = output.map((_, i) => `o${i}`);
  const select = selectList(output.map((c, i) => (c.type === c.wire ? `q.o${i}` : `CAST(q.o${i} AS ${c.wire})`)));
  const sql = `${prelude.length > 0 ? `WITH ${prelude.join(', ')} ` : ''}SELECT ${select} FROM (${text}\n) q(${names.join(', ')})`;
  const branch: Branch = { fragment: fragmentOf([{ kind: 'sql', sql }], output), inputs };
  const fallback: Fallback = { scope: 'query', operator, why };
  const stage: Stage = {
    index: 0,
    title: 'the whole query in one task',
    branches: [branch],
    output: { columns: output, partitioning: { kind: 'single' } },
    determinacy: [...found.functions].some((f) => VOLATILE_FUNCTIONS.has(f)) ? 'indeterminate' : 'unordered',
    operators: [
      'whole query',
      ...inputs.map((i) => (i.kind === 'scan' ? `  scan ${i.source.dataset} columns ${i.source.ordinals.join(',')}` : '')),
    ],
    fallback,
  };
  const columns: ResultColumn[] = query.columns.map((c) => ({ name: c.name, ...planColumn(c.type) }));
  const sources = inputs.flatMap((i) => (i.kind === 'scan' ? [i.source] : []));
  const chunks = sources.reduce((sum, s) => sum + s.chunks.length, 0);
  return {
    stages: [stage],
    columns,
    logical: {
      op: 'whole query',
      detail: why,
      inputs: sources.map((s) => ({ op: 'scan', detail: `${s.dataset} columns ${s.ordinals.join(',')}`, inputs: [] })),
    },
    fallbacks: [fallback],
    datasets: sources.map((s) => ({ name: s.dataset, version: s.version })),
    chunks: { total: chunks, needed: chunks },
  };
}
