/** Plans in words: stage titles, operator lines for display and golden plans, and the logical tree. */
import type { LogicalView } from '../../shared/plan/physical.ts';
import { aggregateSql, type ColumnWriter, exprSql, orderSql } from './expression-sql.ts';
import { type Exchange, type GuestNode, inputsOf, type LogicalNode, type Producer, type SharedPlan } from './logical.ts';

export type TableNames = (table: string) => string;

const plain: ColumnWriter = (i) => `c${i}`;
const LONGEST = 160;
/** Each lease carries its stage's. */
const LONGEST_TITLE = 1000;

function clip(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}

export function detailOf(n: LogicalNode, names: TableNames): string {
  switch (n.op) {
    case 'scan':
      return `${n.whole ? 'all of ' : ''}${names(n.table)} columns ${n.ordinals.filter((o) => o >= 0).join(',') || 'none'}`;
    case 'values':
      return `${n.rows.length} rows`;
    case 'tableFunction':
      return `${n.name}(${n.args.join(', ')})`;
    case 'project':
    case 'window':
    case 'unnest':
      return n.exprs.map((e) => exprSql(e, plain)).join(', ');
    case 'filter':
      return n.predicates.map((e) => exprSql(e, plain)).join(' AND ');
    case 'aggregate': {
      const by = n.groups.length > 0 ? ` by ${n.groups.map((g) => exprSql(g, plain)).join(', ')}` : '';
      const sets = n.sets ? ` sets ${n.sets.map((s) => `(${s.join(',')})`).join(' ')}` : '';
      return `${n.aggregates.map((a) => aggregateSql(a, plain)).join(', ')}${by}${sets}`;
    }
    case 'join': {
      const width = n.left.types.length;
      const on = n.conditions.map((c) => `${exprSql(c.left, (i) => `l.c${i}`)} ${c.op} ${exprSql(c.right, (i) => `r.c${i}`)}`);
      const rest = n.residual.map((e) => exprSql(e, (i) => (i < width ? `l.c${i}` : `r.c${i - width}`)));
      return `${n.kind}${n.asof ? ' ASOF' : ''} on ${[...on, ...rest].join(' AND ') || 'everything'}`;
    }
    case 'sort':
      return orderSql(n.keys, plain);
    case 'limit':
      return `${n.percent !== undefined ? `${n.percent}%` : (n.limit ?? 'all')}${n.offset > 0 ? ` after ${n.offset}` : ''}${n.keys.length > 0 ? ` by ${orderSql(n.keys, plain)}` : ''}`;
    case 'distinct':
      return n.on ? `on ${n.on.map((e) => exprSql(e, plain)).join(', ')}` : '';
    case 'sample':
      return n.sql;
    case 'setop':
      return `${n.word}${n.all ? ' ALL' : ''}`;
    case 'shared':
      return n.shared.name;
    case 'delimGet':
      return 'outer keys';
    case 'exchange':
      return exchangeText(n.exchange);
    case 'guest': {
      const by = n.keys.length > 0 ? ` by ${n.keys.map((k) => n.names[k]).join(', ')}` : '';
      return `with ${n.label}${by}`;
    }
    case 'number':
      return '';
    case 'draw':
      return `${n.fraction} of the rows, seed ${n.seed}`;
    case 'repartition': {
      const how = { turns: 'in turns', keys: `by ${columnList(n.keys)}`, neighbours: 'of neighbours' }[n.by];
      return `${how} into ${n.count}`;
    }
  }
}

function exchangeText({ kind, producer, each, tasks }: Exchange): string {
  const how = each ? ', a task each' : tasks !== undefined ? ` into at most ${tasks} tasks` : '';
  return `${exchangeKind(kind, producer)}${how}`;
}

function exchangeKind(kind: Exchange['kind'], producer: Producer): string {
  const by = producer.partitioning;
  if (kind === 'hash' && by.kind === 'hash') return `by hash of ${columnList(by.keys)}`;
  return kind === 'range' ? (producer.turns ? 'in turns' : 'by range of the sort keys') : kind;
}

const columnList = (keys: readonly number[]): string => keys.map((k) => `c${k}`).join(', ');

const WORDS: { readonly [op in LogicalNode['op']]: string } = {
  scan: 'scan',
  values: 'values',
  tableFunction: 'generate rows',
  project: 'project',
  filter: 'filter',
  aggregate: 'aggregate',
  join: 'join',
  sort: 'sort',
  limit: 'limit',
  distinct: 'remove duplicates',
  window: 'window',
  unnest: 'unnest',
  sample: 'sample',
  setop: 'combine',
  shared: 'read shared',
  delimGet: 'outer keys',
  exchange: 'read',
  guest: 'call',
  repartition: 'repartition',
  number: 'number rows',
  draw: 'sample',
};

const GUEST_WORDS: { readonly [A in GuestNode['action']]: string } = {
  map: 'map rows',
  filter: 'filter rows',
  flatMap: 'expand rows',
  mapPartitions: 'map partitions',
  aggregate: 'aggregate',
  partial: 'aggregate partially',
  merge: 'aggregate finally',
  cogroup: 'cogroup',
};

function phaseWord(n: LogicalNode): string {
  if (n.op === 'guest') return GUEST_WORDS[n.action];
  if (n.op !== 'aggregate' && n.op !== 'limit' && n.op !== 'distinct') return WORDS[n.op];
  const word = n.op === 'limit' && n.keys.length > 0 ? 'top rows' : WORDS[n.op];
  return n.phase === 'partial' ? `${word} partially` : n.phase === 'final' ? `${word} finally` : word;
}

/** Where the rows of a stage go, if not all into one bucket. */
function splitText({ partitioning: by, turns }: Producer): string | undefined {
  switch (by.kind) {
    case 'single':
      return undefined;
    case 'hash':
      return `split by hash of ${columnList(by.keys)} into ${by.count}`;
    case 'range':
      return `split ${turns ? 'in turns' : 'by range of the sort keys'} into ${by.count}`;
  }
}

/** One line per operator, outermost first; a branch of UNION ALL begins with its number. */
export function operatorLines(producer: Producer, branches: readonly LogicalNode[], names: TableNames): string[] {
  const split = splitText(producer);
  const lines: string[] = split === undefined ? [] : [split];
  branches.forEach((b, i) => {
    const visit = (n: LogicalNode, depth: number): void => {
      lines.push(
        clip(`${branches.length > 1 ? `${i}: ` : ''}${'  '.repeat(depth)}${phaseWord(n)} ${detailOf(n, names)}`.trimEnd()),
      );
      for (const c of inputsOf(n)) visit(c, inputsOf(n).length > 1 || n.op === 'setop' ? depth + 1 : depth);
    };
    visit(b, 0);
  });
  return lines;
}

/** In words and in the order of work: `scan flights, filter, aggregate partially`. */
export function stageTitle(producer: Producer, names: TableNames): string {
  const words: string[] = [];
  const visit = (n: LogicalNode): void => {
    for (const c of inputsOf(n)) visit(c);
    if (n.op === 'project' || n.op === 'exchange') return;
    const word =
      n.op === 'scan'
        ? `scan ${names(n.table)}`
        : n.op === 'join'
          ? `${n.kind.toLowerCase().replace('_', ' ')} join`
          : n.op === 'guest'
            ? `${phaseWord(n)} with ${n.label}`
            : phaseWord(n);
    if (!words.includes(word)) words.push(word);
  };
  for (const b of producer.branches) visit(b);
  if (producer.partitioning.kind !== 'single')
    words.push(producer.turns ? 'split in turns' : `split by ${producer.partitioning.kind}`);
  const title = words.length > 0 ? words.join(', ') : 'collect';
  return title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE - 3)}...` : title;
}

/** What several places read is written out at the first of them: in plans of many relations it would grow without end. */
export function logicalView(
  n: LogicalNode,
  names: TableNames,
  rowsOf: (table: string) => number,
  shown: Set<SharedPlan> = new Set(),
): LogicalView {
  const again = n.op === 'shared' && shown.has(n.shared);
  if (n.op === 'shared') shown.add(n.shared);
  const inputs = again ? [] : n.op === 'shared' ? [n.shared.plan] : inputsOf(n);
  return {
    op: n.op === 'guest' ? GUEST_WORDS[n.action] : WORDS[n.op],
    detail: clip(detailOf(n, names)),
    ...(n.op === 'scan' ? { rows: rowsOf(n.table) } : {}),
    inputs: inputs.map((c) => logicalView(c, names, rowsOf, shown)),
  };
}
