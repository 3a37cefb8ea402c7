/**
 * Calls of guests in FROM, found before DuckDB looks at the query, which knows no such functions: each becomes a read of a relation of its
 * own, and what it reads becomes one as well. `FROM words(lines)`, `FROM words((SELECT ...), least := 3) AS w`.
 */
import { refusal } from '../sql-errors.ts';
import { Patched, pairsOf, type Token, tokensOf } from './sql-tokens.ts';

export type Constant = boolean | number | string;

export interface TableCall {
  readonly name: string;
  /** What stands for the call in the query. */
  readonly relation: string;
  /** A query for each table that it is given: the rows, then the sides. */
  readonly tables: readonly Patched[];
  readonly params: { readonly [name: string]: Constant | readonly Constant[] };
  readonly position: number;
}

export interface FoundCalls {
  readonly query: Patched;
  /** In the order in which they can be made. */
  readonly calls: readonly TableCall[];
}

const CLAUSES = new Set(
  'SELECT FROM JOIN WHERE GROUP HAVING QUALIFY WINDOW ORDER LIMIT OFFSET ON USING VALUES UNION EXCEPT INTERSECT SAMPLE SET'.split(
    ' ',
  ),
);
const BEFORE_A_TABLE = new Set(['FROM', 'JOIN', ',', 'LATERAL', '(']);
const QUERIES = new Set(['SELECT', 'FROM', 'WITH', 'VALUES', 'TABLE']);
/** Words after a table that are no alias. */
const NO_ALIAS = new Set(
  (
    'WHERE GROUP HAVING QUALIFY WINDOW ORDER LIMIT OFFSET ON USING UNION EXCEPT INTERSECT JOIN LEFT RIGHT INNER FULL CROSS NATURAL ASOF ' +
    'POSITIONAL SEMI ANTI TABLESAMPLE USING SELECT PIVOT UNPIVOT'
  ).split(' '),
);

const upper = (t: Token | undefined): string => (t && t.kind !== 'quoted' && t.kind !== 'text' ? t.text.toUpperCase() : '');
const isName = (t: Token | undefined): boolean => t?.kind === 'word' || t?.kind === 'quoted';

/** `named`: what is called in lower case, the name of its function; undefined for all other functions. Throws RefusedSql. */
export function tableCallsIn(
  sql: string,
  named: (name: string) => string | undefined,
  relation: (name: string) => string,
): FoundCalls {
  const finder = new Finder(sql, named, relation);
  return { query: finder.query(), calls: finder.calls };
}

class Finder {
  readonly calls: TableCall[] = [];
  private readonly sql: string;
  private readonly tokens: readonly Token[];
  private readonly pairs: ReadonlyMap<number, number>;
  private readonly named: (name: string) => string | undefined;
  private readonly relation: (name: string) => string;
  /** Common table expressions of the outermost WITH, as far as they were passed. */
  private readonly common: Patched[] = [];

  constructor(sql: string, named: Finder['named'], relation: Finder['relation']) {
    this.sql = sql;
    this.named = named;
    this.relation = relation;
    this.tokens = tokensOf(sql);
    this.pairs = pairsOf(this.tokens);
  }

  query(): Patched {
    const all = new Patched();
    let at = 0;
    if (upper(this.tokens[0]) === 'WITH') {
      for (let first = this.afterWith(); ; first = at + 1) {
        const end = this.endOfCommon(first);
        const own = this.rewritten(first, end);
        all.add(new Patched().keep(this.sql, this.end(at - 1), this.start(first))).add(own);
        this.common.push(own);
        at = end;
        if (upper(this.tokens[end]) !== ',') break;
      }
    }
    return all
      .keep(this.sql, this.end(at - 1), this.start(at))
      .add(this.rewritten(at, this.tokens.length))
      .keep(this.sql, this.end(this.tokens.length - 1), this.sql.length);
  }

  private afterWith(): number {
    return upper(this.tokens[1]) === 'RECURSIVE' ? 2 : 1;
  }

  /** The index after the parenthesis that ends a common table expression. */
  private endOfCommon(first: number): number {
    for (let i = first; i < this.tokens.length; i++) {
      const close = this.pairs.get(i);
      if (close === undefined) continue;
      // `name(columns) AS (`: the list of columns is not its end.
      if (['AS', 'MATERIALIZED'].includes(upper(this.tokens[i - 1]))) return close + 1;
      i = close;
    }
    return this.tokens.length;
  }

  private start(i: number): number {
    return this.tokens[i]?.start ?? this.sql.length;
  }

  private end(i: number): number {
    return i < 0 ? 0 : (this.tokens[i]?.end ?? this.sql.length);
  }

  /** The tokens from `from` on and before `to`. */
  private rewritten(from: number, to: number): Patched {
    const out = new Patched();
    const clauses: string[] = [''];
    let kept = from;
    for (let i = from; i < to; i++) {
      const word = upper(this.tokens[i]);
      if (word === '(') clauses.push('');
      if (word === ')') clauses.pop();
      if (CLAUSES.has(word)) clauses[clauses.length - 1] = word;
      const call = this.callAt(i);
      if (!call) continue;
      this.refuseElsewhere(i, call.name, clauses);
      const place = this.call(i, call.name, call.close);
      out.keep(this.sql, this.start(kept), this.start(i)).write(place, this.start(i));
      i = call.close;
      kept = i + 1;
      out.keep(this.sql, this.end(i), this.start(kept));
    }
    return kept < to ? out.keep(this.sql, this.start(kept), this.end(to - 1)) : out;
  }

  private callAt(i: number): { readonly name: string; readonly close: number } | undefined {
    const [name, open] = [this.tokens[i], this.tokens[i + 1]];
    if (!name || !isName(name) || upper(open) !== '(' || upper(this.tokens[i - 1]) === '.') return undefined;
    const found = this.named(name.text.toLowerCase());
    const close = this.pairs.get(i + 1);
    return found === undefined || close === undefined ? undefined : { name: found, close };
  }

  private refuseElsewhere(i: number, name: string, clauses: readonly string[]): void {
    const clause = clauses.at(-1) ?? '';
    // In parentheses of its own it may stand where a table may.
    const around = clause === '' ? (clauses.at(-2) ?? '') : clause;
    const inFrom = ['FROM', 'JOIN', 'ON', 'USING'].includes(around) && BEFORE_A_TABLE.has(upper(this.tokens[i - 1]));
    if (inFrom && upper(this.tokens[0]) === 'WITH' && upper(this.tokens[1]) === 'RECURSIVE')
      throw refusal(`${name}() cannot be called in a recursive query`, 'Call it in a relation of its own.', this.start(i));
    if (inFrom) return;
    const hint = `Write FROM ${name}(table), or FROM ${name}((SELECT ...)).`;
    throw refusal(`${name}() makes rows, so it stands in FROM`, hint, this.start(i));
  }

  /** Notes the call, and says what stands for it. */
  private call(at: number, name: string, close: number): string {
    const tables: Patched[] = [];
    const params: { [name: string]: Constant | readonly Constant[] } = {};
    for (const [first, end] of this.argumentsIn(at + 2, close)) {
      if ([':=', '=>'].includes(upper(this.tokens[first + 1]))) {
        params[this.tokens[first]?.text ?? ''] = this.constants(name, first + 2, end);
      } else tables.push(this.table(name, first, end));
    }
    if (tables.length === 0) throw refusal(`${name}() is given no table`, `Write ${name}(table).`, this.start(at));
    const relation = this.relation(name);
    this.calls.push({ name, relation, tables, params, position: this.start(at) });
    const next = this.tokens[close + 1];
    const hasAlias = isName(next) && !NO_ALIAS.has(upper(next));
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    return hasAlias ? `${quoted(relation)} ` : `${quoted(relation)} AS ${quoted(name)}`;
  }

  private argumentsIn(first: number, close: number): (readonly [first: number, end: number])[] {
    const found: (readonly [number, number])[] = [];
    let from = first;
    for (let i = first; i <= close; i++) {
      const inner = this.pairs.get(i);
      if (inner !== undefined) i = inner;
      else if (i === close || upper(this.tokens[i]) === ',') {
        if (i > from) found.push([from, i]);
        from = i + 1;
      }
    }
    return found;
  }

  /** A query, in parentheses or not, or a name. */
  private table(name: string, first: number, end: number): Patched {
    const inner = this.pairs.get(first) === end - 1 ? [first + 1, end - 1] : [first, end];
    const [from = first, to = end] = inner;
    const isQuery = QUERIES.has(upper(this.tokens[from]));
    const isTable = this.tokens.slice(from, to).every((t, i) => (i % 2 === 0 ? isName(t) : t.text === '.'));
    if (!isQuery && (!isTable || (to - from) % 2 === 0)) {
      const hint = `Write ${name}(table) or ${name}((SELECT ...)); parameters are named: ${name}(table, least := 3).`;
      throw refusal(`${name}() is given something that is no table`, hint, this.start(from));
    }
    const out = new Patched();
    const isWith = upper(this.tokens[from]) === 'WITH';
    for (const [i, c] of this.common.entries()) out.write(i === 0 ? 'WITH ' : ', ', 0).add(c);
    const before = this.common.length > 0 ? ' ' : '';
    out.write(isQuery ? (isWith && before !== '' ? ' FROM (' : before) : `${before}FROM `, this.start(from));
    out.add(this.rewritten(from, to));
    return isWith && before !== '' ? out.write(')', this.end(to - 1)) : out;
  }

  private constants(name: string, first: number, end: number): Constant | readonly Constant[] {
    const close = upper(this.tokens[first]) === '[' ? this.pairs.get(first) : undefined;
    if (close === end - 1) return this.argumentsIn(first + 1, close).map(([a, b]) => this.constant(name, a, b));
    return this.constant(name, first, end);
  }

  private constant(name: string, first: number, end: number): Constant {
    const [sign, value] = upper(this.tokens[first]) === '-' ? [-1, this.tokens[first + 1]] : [1, this.tokens[first]];
    const isWhole = end - first === (sign < 0 ? 2 : 1);
    if (isWhole && value?.kind === 'number') return sign * Number(value.text.replaceAll('_', ''));
    if (isWhole && sign > 0 && value?.kind === 'text' && value.text.startsWith("'"))
      return value.text.slice(1, -1).replaceAll("''", "'");
    if (isWhole && sign > 0 && ['TRUE', 'FALSE'].includes(upper(value))) return upper(value) === 'TRUE';
    const hint = 'A parameter is a number, a text, true or false, or a list [..] of one of them.';
    throw refusal(`A parameter of ${name}() is no constant`, hint, this.start(first));
  }
}
