/** What an Rdd of pairs [key, value] can do: values of equal keys meet. Keys are equal when they are alike, whatever the order of fields. */

import { decode } from '../encoding.ts';
import { functionSource } from '../functions/function-source.ts';
import { type AggregateSources, aggregateScript } from '../functions/script.ts';
import { guestNode, type Source, sqlNode } from '../plan/relation-node.ts';
import { type ActionOptions, collectRows } from '../run/run-plan.ts';
import type { Rdd } from './rdd.ts';
import { RddActions, zeroSource } from './rdd-actions.ts';
import { nextLabel, orderedOf, PAIRS, pairsOf, type RddState, withStep } from './rdd-state.ts';

/** Pairs, as methods that need them say it. */
export type Pairs<K, V> = KeyedRdd<readonly [K, V]> | KeyedRdd<[K, V]>;

export abstract class KeyedRdd<T> extends RddActions<T> {
  /** The same keys, other values. */
  mapValues<K, V, W>(this: Pairs<K, V>, fn: (value: V) => W): Rdd<[K, W]> {
    return made(withStep(this.state, 'mapValues', 'mapValues', fn, undefined));
  }

  keys<K, V>(this: Pairs<K, V>): Rdd<K> {
    return made(withStep(this.state, 'map', 'keys', ([key]: [unknown]) => key, undefined));
  }

  values<K, V>(this: Pairs<K, V>): Rdd<V> {
    return made(withStep(this.state, 'map', 'values', ([, value]: [unknown, unknown]) => value, undefined));
  }

  /** One value for each key: `fn` meets values in any grouping, so it must be associative. Values meet where they lie first. */
  reduceByKey<K, V>(this: Pairs<K, V>, fn: (a: V, b: V) => V): Rdd<[K, V]> {
    return byKey(this.state, 'reduceByKey', { first: '(v) => v', add: functionSource(fn, 'reduceByKey'), merge: 'add' });
  }

  /** A state for each key: `zero` and a value into a state, then states into one. */
  aggregateByKey<K, V, State>(
    this: Pairs<K, V>,
    zero: State,
    add: (state: State, value: V) => State,
    merge: (a: State, b: State) => State,
  ): Rdd<[K, State]> {
    const first = `(v, ctx) => add(${zeroSource(zero)}, v, ctx)`;
    return byKey(this.state, 'aggregateByKey', { first, ...sourcesOf('aggregateByKey', add, merge) });
  }

  /** As aggregateByKey, with a function that makes the state of a key's first value. */
  combineByKey<K, V, State>(
    this: Pairs<K, V>,
    create: (value: V) => State,
    add: (state: State, value: V) => State,
    merge: (a: State, b: State) => State,
  ): Rdd<[K, State]> {
    const first = functionSource(create, 'combineByKey');
    return byKey(this.state, 'combineByKey', { first, ...sourcesOf('combineByKey', add, merge) });
  }

  /** All values of each key in one array: they must fit in a task's memory. To combine them, reduceByKey moves less. */
  groupByKey<K, V>(this: Pairs<K, V>): Rdd<[K, V[]]> {
    const add = '(list, v) => { list.push(v); return list; }';
    const merge = '(a, b) => { for (const v of b) a.push(v); return a; }';
    return byKey(this.state, 'groupByKey', { first: '(v) => [v]', add, merge });
  }

  /** A pair for each two values of a key that both have. */
  join<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, [V, W]]> {
    return joined(this.state, other.state, 'join', 'JOIN', ['a.k', 'a.v', 'b.v']);
  }

  /** As join, and a pair with null for each value whose key the other lacks. */
  leftOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, [V, W | null]]> {
    return joined(this.state, other.state, 'leftOuterJoin', 'LEFT JOIN', ['a.k', 'a.v', "coalesce(b.v, 'null')"]);
  }

  rightOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, [V | null, W]]> {
    return joined(this.state, other.state, 'rightOuterJoin', 'RIGHT JOIN', ['b.k', "coalesce(a.v, 'null')", 'b.v']);
  }

  fullOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, [V | null, W | null]]> {
    const columns = ['coalesce(a.k, b.k)', "coalesce(a.v, 'null')", "coalesce(b.v, 'null')"] as const;
    return joined(this.state, other.state, 'fullOuterJoin', 'FULL JOIN', columns);
  }

  /** Pairs whose key the other has not. */
  subtractByKey<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, V]> {
    const inputs = pairsOfBoth(this.state, other.state, 'subtractByKey');
    return pairsFrom(
      this.state,
      sqlNode('subtractByKey', inputs, ([a, b]) => `SELECT a.k, a.v FROM ${a} AS a ANTI JOIN ${b} AS b ON a.k = b.k`),
    );
  }

  /** For each key all values of both, which may be none. */
  cogroup<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Rdd<[K, [V[], W[]]]> {
    const inputs = pairsOfBoth(this.state, other.state, 'cogroup');
    const side = (name: string | undefined, head: string, tail: string) =>
      `SELECT k, '${head}' || v || '${tail}' AS v FROM ${name}`;
    const tagged = sqlNode('cogroup', inputs, ([a, b]) => `${side(a, '[0,', ']')} UNION ALL ${side(b, '[1,', ']')}`);
    const add = '(lists, [side, v]) => { lists[side].push(v); return lists; }';
    const merge = '(a, b) => { for (const side of [0, 1]) for (const v of b[side]) a[side].push(v); return a; }';
    const both = { ...this.state, source: tagged, form: 'pairs', steps: [] } as const;
    return byKey(both, 'cogroup', { first: '(v) => add([[], []], v)', add, merge });
  }

  /** In the order of keys: null, booleans, bigints, numbers, NaN, text, arrays. It holds for what reads it next. */
  sortByKey<K, V>(this: Pairs<K, V>, options: { readonly descending?: boolean } = {}): Rdd<[K, V]> {
    return sorted(
      withStep(this.state, 'keyBy', 'sortByKey', ([key]: [unknown]) => key, undefined),
      'sortByKey',
      options,
    );
  }

  /** How many elements each key has. */
  async countByKey<K, V>(this: Pairs<K, V>, options?: ActionOptions): Promise<Map<K, number>> {
    const counted = sqlNode('countByKey', [pairsOf(this.state)], ([input]) => `SELECT k, count(*) AS n FROM ${input} GROUP BY k`);
    const rows = await collectRows(this.state.session, counted, options);
    return new Map(rows.map(({ k, n }) => [decode(String(k)) as K, Number(n)]));
  }
}

function made<T>(state: RddState): Rdd<T> {
  return state.session.rdd(state);
}

function pairsFrom<K, V>({ session }: RddState, source: Source): Rdd<[K, V]> {
  return session.rdd({ session, source, form: 'pairs', steps: [] });
}

function sourcesOf(step: string, add: unknown, merge: unknown): { readonly add: string; readonly merge: string } {
  return { add: functionSource(add, step), merge: functionSource(merge, step) };
}

/** Values of a key into one, where they lie first. */
function byKey<K, V>(state: RddState, step: string, sources: AggregateSources): Rdd<[K, V]> {
  const code = aggregateScript(nextLabel(state, step), 'values', [], sources);
  const node = guestNode(step, [pairsOf(state)], ([input = '']) => {
    return { kind: 'aggregate', input, keys: ['k'], code, schema: [...PAIRS] };
  });
  return pairsFrom(state, node);
}

function pairsOfBoth(a: RddState, b: RddState, step: string): Source[] {
  if (a.session !== b.session) throw new TypeError(`${step} needs an Rdd of the same connection.`);
  return [pairsOf(a), pairsOf(b)];
}

function joined<K, V>(
  a: RddState,
  b: RddState,
  step: string,
  how: string,
  [k, left, right]: readonly [string, string, string],
): Rdd<[K, V]> {
  const inputs = pairsOfBoth(a, b, step);
  const columns = `${k} AS k, '[' || ${left} || ',' || ${right} || ']' AS v`;
  return pairsFrom(
    a,
    sqlNode(step, inputs, ([l, r]) => `SELECT ${columns} FROM ${l} AS a ${how} ${r} AS b ON a.k = b.k`),
  );
}

/** `keyed`: pairs of what gives the order and the element. */
export function sorted<T>(keyed: RddState, step: string, { descending = false }: { readonly descending?: boolean }): Rdd<T> {
  const order = descending ? 's DESC' : 's';
  const source = sqlNode(step, [orderedOf(keyed)], ([input]) => `SELECT v FROM ${input} ORDER BY ${order}`);
  return keyed.session.rdd({ session: keyed.session, source, form: 'values', steps: [] });
}
