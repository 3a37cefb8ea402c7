/** Functions that an author's SQL may call, made of guests: what their calls become. */
import type { AuthorPlan, AuthorRelation, AuthorSqlFunction } from '../../../shared/plan/author-plan.ts';
import { TABLE_FUNCTIONS } from '../functions.ts';
import type { LogicalNode } from '../logical.ts';
import type { RefusedSql } from '../sql-errors.ts';
import type { GuestAggregate } from './guest-aggregates.ts';
import { guestRelation } from './guest-relation.ts';
import type { Modules } from './programs.ts';
import { refusedPlan } from './refused.ts';
import { columnsGiven, type RelationColumn } from './schema.ts';
import { type FoundCalls, type TableCall, tableCallsIn } from './table-calls.ts';

type Of<Kind extends AuthorSqlFunction['kind']> = Extract<AuthorSqlFunction, { kind: Kind }>;

export class SqlFunctions {
  private readonly tables = new Map<string, { readonly name: string; readonly made: Of<'table'> }>();
  readonly aggregates: readonly GuestAggregate[];
  private calls = 0;

  /** Throws RefusedSql for what can be told without a call. */
  constructor(functions: AuthorPlan['functions'], modules: Modules) {
    const aggregates: GuestAggregate[] = [];
    const names = new Set<string>();
    for (const [name, given] of Object.entries(functions ?? {})) {
      const key = name.toLowerCase();
      if (names.has(key))
        throw refusedPlan('plan-invalid', undefined, `Two functions are called "${name}".`, 'Names ignore case.');
      names.add(key);
      if (TABLE_FUNCTIONS.has(key)) throw ownName(name);
      if (given.kind === 'table') this.tables.set(key, { name, made: given });
      else aggregates.push(aggregateOf(name, given, modules));
    }
    this.aggregates = aggregates;
  }

  /** Throws RefusedSql for calls where no rows may be made. */
  callsIn(sql: string): FoundCalls {
    return tableCallsIn(
      sql,
      (name) => this.tables.get(name)?.name,
      (name) => `${name} ${++this.calls}`,
    );
  }

  /** The relation that stands for a call; `tables`: names of those that it is given. */
  relationOf({ name, params }: TableCall, [input = '', ...sides]: readonly string[]): AuthorRelation {
    const made = this.tables.get(name.toLowerCase())?.made;
    if (!made) throw refusedPlan('plan-unknown-function', undefined, `There is no function "${name}".`);
    const { code, operation = 'flatMap', schema } = made;
    const given = Object.keys(params).length > 0;
    if (given && code.kind === 'stream') {
      const hint = 'Give it `args` where the function is described.';
      throw refusedPlan('plan-invalid', undefined, `${name}() is a stream program, which takes no parameters.`, hint);
    }
    const whole = given && code.kind !== 'stream' ? { ...code, params: { ...code.params, ...mutable(params) } } : code;
    return {
      kind: 'guest',
      operation,
      input,
      code: whole,
      ...(schema && { schema }),
      ...(sides.length > 0 && { sides }),
    };
  }
}

function mutable(params: TableCall['params']): NonNullable<Extract<Of<'table'>['code'], { kind: 'batch' }>['params']> {
  return Object.fromEntries(Object.entries(params).map(([name, v]) => [name, typeof v === 'object' ? [...v] : v]));
}

export function ownName(name: string): RefusedSql {
  return refusedPlan('plan-invalid', undefined, `${name}() is a function of SQL already.`, 'Call yours something else.');
}

function aggregateOf(name: string, given: Of<'aggregate'>, modules: Modules): GuestAggregate {
  const [returns] = columnsGiven([given.returns], name);
  if (!returns) throw refusedPlan('plan-schema', name, 'Nothing says what the aggregate returns.');
  const over = (node: LogicalNode, columns: readonly RelationColumn[], keys: number): LogicalNode => {
    if (given.keys && given.keys.length !== keys) {
      const detail = `${name}() is made for groups by ${given.keys.length} keys, and the query groups by ${keys}.`;
      throw refusedPlan('plan-schema', name, detail, `Its keys: ${given.keys.join(', ') || 'none'}.`);
    }
    const own = columns.map((c, i) => ({ ...c, name: (i < keys ? given.keys?.[i] : undefined) ?? c.name }));
    const by = own.slice(0, keys);
    const relation = {
      kind: 'aggregate' as const,
      input: name,
      keys: by.map((c) => c.name),
      code: given.code,
      ...(given.state && { state: [...by, ...given.state] }),
      schema: [...by, returns],
    };
    return guestRelation(relation, { name, modules, read: () => ({ node, columns: own }) }).node;
  };
  return { name, args: given.args, returns, over };
}

/** DuckDB knows aggregates of guests as macros, and says so. */
export function inOwnWords(error: RefusedSql['error'], names: readonly string[]): RefusedSql['error'] {
  if (names.length === 0 || !/Macro Function|function macros/i.test(error.detail)) return error;
  const { position } = error;
  const who = names.map((n) => `${n}()`).join(', ');
  return {
    code: 'sql-binding',
    title: 'The query cannot be understood',
    detail: `An aggregate made by a guest (${who}) takes its arguments and nothing else: no DISTINCT, FILTER, ORDER BY or OVER.`,
    hint: 'Filter, sort or remove duplicates in a query below.',
    ...(position !== undefined && { position }),
  };
}
