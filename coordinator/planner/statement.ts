/** Looks at a statement as parsed, before anything is bound: one SELECT, allowed functions only. */
import { REFUSED_FUNCTIONS, TABLE_FUNCTIONS } from './functions.ts';
import { type Json, type JsonObject, listOf, objectOf } from './lossless-json.ts';
import { positionOf, RefusedSql, refusal } from './sql-errors.ts';

/** Calls `visit` on every JSON object in a syntax tree. */
export function walkJson(json: Json | undefined, visit: (o: JsonObject) => void): void {
  if (Array.isArray(json)) {
    for (const x of json) walkJson(x, visit);
  } else if (typeof json === 'object' && json !== null) {
    const o = json as JsonObject;
    visit(o);
    for (const x of Object.values(o)) walkJson(x, visit);
  }
}

const NOT_A_QUERY = /^\s*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(\w+)/;

/** Throws RefusedSql unless the statement may be planned. */
export function checkStatement(ast: Json, sql: string): void {
  const root = objectOf(ast, 'statement');
  if (root.error === true) {
    const word = NOT_A_QUERY.exec(sql)?.[1]?.toUpperCase() ?? 'This';
    const pivot =
      word === 'PIVOT' ? 'Name the values: PIVOT ... ON column IN (...).' : 'Write a SELECT, VALUES, FROM or WITH query.';
    throw refusal(`${word} statements are not run here: only queries are`, pivot);
  }
  const statements = listOf(root.statements);
  if (statements.length === 0) {
    throw new RefusedSql({
      code: 'sql-syntax',
      title: 'The SQL is empty',
      detail: 'There is no statement in the text',
      position: 0,
      hint: 'Write a SELECT query.',
    });
  }
  if (statements.length > 1)
    throw refusal(`One statement a job, and this text has ${statements.length}`, 'Submit them as separate jobs.');
  walkJson(statements, (o) => checkNode(o, sql));
}

function checkNode(o: JsonObject, sql: string): void {
  const at = positionOf(sql, typeof o.query_location === 'bigint' ? undefined : o.query_location);
  if (o.type === 'TABLE_FUNCTION') {
    const call = objectOf(o.function, 'table function');
    const name = String(call.function_name).toLowerCase();
    if (!TABLE_FUNCTIONS.has(name)) {
      throw refusal(
        `The table function ${name}() is not allowed`,
        `Allowed: ${[...TABLE_FUNCTIONS].join(', ')}. To read a file, register it as a dataset.`,
        at,
      );
    }
  }
  if (o.type === 'SHOW_REF' && o.query === null)
    throw refusal('SHOW is not run here', 'GET /v1/datasets lists datasets and their columns.', at);
  if (o.class === 'PARAMETER') throw refusal('Parameters ($1, ?) have no values here', 'Write the values into the SQL.', at);
  if (o.class === 'FUNCTION' || o.class === 'WINDOW') {
    const why = REFUSED_FUNCTIONS.get(String(o.function_name).toLowerCase());
    if (why !== undefined) throw refusal(why, undefined, at);
  }
}
