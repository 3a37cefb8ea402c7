/** Relations that guests make, as nodes of the logical plan. */
import { sameSqlType } from '../../../shared/arrow/types.ts';
import type { AuthorRelation } from '../../../shared/plan/author-plan.ts';
import { commonType } from '../exchange-keys.ts';
import type { GuestNode, LogicalNode } from '../logical.ts';
import { type Modules, programOf } from './programs.ts';
import { refusedPlan } from './refused.ts';
import { columnsGiven, keysIn, type RelationColumn } from './schema.ts';

/** A relation that others may read. */
export interface Readable {
  readonly node: LogicalNode;
  readonly columns: readonly RelationColumn[];
}

export interface RelationContext {
  /** Of the relation at hand. */
  readonly name: string;
  readonly modules: Modules;
  /** Throws RefusedSql for a name that is neither a relation before this one nor a dataset. */
  readonly read: (name: string) => Readable;
}

export type Made = { readonly node: LogicalNode; readonly columns: readonly RelationColumn[] };
type Of<Kind extends AuthorRelation['kind']> = Extract<AuthorRelation, { kind: Kind }>;

const namesOf = (columns: readonly RelationColumn[]): readonly string[] => columns.map((c) => c.name);
const typesOf = (columns: readonly RelationColumn[]): readonly string[] => columns.map((c) => c.type);

export function guestRelation(relation: Of<'guest' | 'aggregate' | 'cogroup'>, context: RelationContext): Made {
  switch (relation.kind) {
    case 'guest':
      return functionOfRows(relation, context);
    case 'aggregate':
      return aggregate(relation, context);
    case 'cogroup':
      return cogroup(relation, context);
  }
}

function nodeOver(
  context: RelationContext,
  relation: { readonly input: string; readonly code: Of<'guest'>['code'] },
  action: GuestNode['action'],
  columns: readonly RelationColumn[],
): GuestNode & { readonly types: readonly string[] } {
  const input = context.read(relation.input);
  return {
    op: 'guest',
    action,
    input: input.node,
    ...programOf(relation.code, context.name, action, context.modules),
    // The name of a call in SQL has a number, which its author never saw.
    relation: context.name.replace(/ \d+$/, '()'),
    names: namesOf(input.columns),
    outputNames: namesOf(columns),
    keys: [],
    sides: [],
    types: typesOf(columns),
  };
}

function functionOfRows(relation: Of<'guest'>, context: RelationContext): Made {
  const { operation, sides = [] } = relation;
  const columns = operation === 'filter' ? filtered(relation, context) : schemaOf(relation, context);
  const tables = sides.map((side) => {
    const { node, columns: own } = context.read(side);
    return { node, names: namesOf(own) };
  });
  return { columns, node: { ...nodeOver(context, relation, operation, columns), sides: tables } };
}

function schemaOf({ schema, operation }: Of<'guest'>, { name }: RelationContext): readonly RelationColumn[] {
  if (schema) return columnsGiven(schema, name);
  throw refusedPlan(
    'plan-schema',
    name,
    `Nothing says which columns this ${operation} makes.`,
    'Give it a `schema`: a list of {name, type}.',
  );
}

/** A filter hands rows on: what it says of its columns must be true of its input. */
function filtered({ schema, input }: Of<'guest'>, { name, read }: RelationContext): readonly RelationColumn[] {
  const { columns } = read(input);
  if (!schema) return columns;
  const given = columnsGiven(schema, name);
  const same = given.length === columns.length && given.every((c, i) => sameColumn(c, columns[i]));
  if (same) return columns;
  const detail = `A filter keeps the columns of "${input}", and the schema has others.`;
  throw refusedPlan('plan-schema', name, detail, 'Leave the schema out, or use a flatMap.');
}

const sameColumn = (a: RelationColumn, b: RelationColumn | undefined): boolean =>
  b !== undefined && a.name === b.name && sameSqlType(a.type, b.type);

/** Where scripts keep a group's state, as JSON. */
const SCRIPT_STATE: RelationColumn = { name: 'state', type: 'VARCHAR' };

function aggregate(relation: Of<'aggregate'>, context: RelationContext): Made {
  const { name } = context;
  const { columns: own } = context.read(relation.input);
  const keys = keysIn(own, relation.keys, name, relation.input);
  const columns = columnsGiven(relation.schema, name);
  const keyColumns = keys.flatMap((k) => own[k] ?? []);
  const state = stateOf(relation, keyColumns, name);
  const node = nodeOver(context, relation, 'aggregate', columns);
  return { columns, node: { ...node, keys, state: { names: namesOf(state), types: typesOf(state) } } };
}

function stateOf({ state, code }: Of<'aggregate'>, keys: readonly RelationColumn[], name: string): readonly RelationColumn[] {
  const script = [...keys, SCRIPT_STATE];
  const given = state && columnsGiven(state, name);
  if (code.kind === 'script') {
    if (keys.some((k) => k.name.toLowerCase() === SCRIPT_STATE.name)) {
      const detail = `A key of a script's aggregate cannot be called "${SCRIPT_STATE.name}": that is where the script keeps its state.`;
      throw refusedPlan('plan-schema', name, detail, 'Give the column another name in SQL before.');
    }
    if (!given || (given.length === script.length && given.every((c, i) => sameColumn(c, script[i])))) return script;
    throw refusedPlan('plan-schema', name, 'A script keeps its state by itself.', 'Leave `state` out.');
  }
  if (!given) {
    const hint = 'Give it `state`: a list of {name, type} that begins with the keys.';
    throw refusedPlan('plan-schema', name, 'Nothing says which columns a partial state has.', hint);
  }
  const wrong = keys.find((k, i) => !sameColumn(k, given[i]));
  if (!wrong) return given;
  const detail = `The columns of \`state\` must begin with the keys: "${wrong.name}" ${wrong.type} is not where it belongs.`;
  throw refusedPlan('plan-schema', name, detail, 'A module emits the keys first, with the names and types of the input.');
}

function cogroup(relation: Of<'cogroup'>, context: RelationContext): Made {
  const { name } = context;
  const [input, other] = [context.read(relation.input), context.read(relation.other)];
  const keys = keysIn(input.columns, relation.keys, name, relation.input);
  const otherKeys = keysIn(other.columns, relation.keys, name, relation.other);
  keys.forEach((k, i) => {
    const [a, b] = [input.columns[k], other.columns[otherKeys[i] ?? -1]];
    if (!a || !b || sameSqlType(a.type, b.type) || commonType(a.type, b.type) !== undefined) return;
    const detail = `The key "${a.name}" is ${a.type} in "${relation.input}" and ${b.type} in "${relation.other}".`;
    throw refusedPlan('plan-schema', name, detail, 'Cast one of them in SQL before.');
  });
  const columns = columnsGiven(relation.schema, name);
  const sides = [{ node: other.node, names: namesOf(other.columns) }];
  return { columns, node: { ...nodeOver(context, relation, 'cogroup', columns), keys, otherKeys, sides } };
}
