/** The shell's backslash commands. */
import type { Connection } from '../../client/index.ts';
import { UsageError } from './errors.ts';
import { FORMATS, type Format } from './format-names.ts';
import { nearest } from './nearest.ts';
import { countOf, drawTable } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface ShellState {
  format: Format;
  timing: boolean;
  maxRows: number | undefined;
  /** Set by \q. */
  leaving: boolean;
}

const HELP = [
  'End a query with ; to run it. Ctrl-C cancels a running query, Ctrl-D leaves.',
  '  \\d             datasets',
  '  \\d NAME        the columns of a dataset',
  '  \\w             tabs and other workers',
  '  \\timing        turn the time under each result on or off',
  `  \\format NAME   ${FORMATS.join(', ')}`,
  '  \\rows N        rows that a table shows at most (0: all)',
  '  \\q             leave',
];

const NAMES = ['\\d', '\\w', '\\timing', '\\format', '\\rows', '\\q', '\\?'];

/** Runs one command line that begins with a backslash. Throws UsageError for one that it doesn't know. */
export async function runShellCommand(line: string, grid: Connection, terminal: Terminal, state: ShellState): Promise<void> {
  const [name = '', argument] = line.trim().replace(/;$/, '').split(/\s+/, 2);
  switch (name) {
    case '\\d':
      return argument === undefined ? listDatasets(grid, terminal) : describe(grid, terminal, argument);
    case '\\w':
      return listWorkers(grid, terminal);
    case '\\timing':
      state.timing = !state.timing;
      return terminal.note(`Timing is ${state.timing ? 'on' : 'off'}.`);
    case '\\format':
      return setFormat(terminal, state, argument);
    case '\\rows':
      return setRows(terminal, state, argument);
    case '\\q':
      state.leaving = true;
      return;
    case '\\?':
    case '\\h':
    case '\\help':
      for (const text of HELP) terminal.note(text);
      return;
    default: {
      const near = nearest(name, NAMES);
      throw new UsageError(`unknown command ${name}`, near ? `Did you mean ${near}? \\? lists them.` : '\\? lists the commands.');
    }
  }
}

async function listDatasets(grid: Connection, terminal: Terminal): Promise<void> {
  const datasets = await grid.datasets.list();
  if (datasets.length === 0) return terminal.note('No datasets yet. Add one on the dashboard, or POST /v1/datasets.');
  const rows = datasets.map((set) => [set.name, set.rows, set.schema.length, mebibytes(set.bytes), set.state]);
  const columns = [
    { name: 'dataset', type: 'VARCHAR' },
    { name: 'rows', type: 'BIGINT' },
    { name: 'columns', type: 'BIGINT' },
    { name: 'MiB', type: 'DOUBLE' },
    { name: 'state', type: 'VARCHAR' },
  ];
  terminal.print(drawTable(columns, rows, { width: terminal.columns }));
}

async function describe(grid: Connection, terminal: Terminal, name: string): Promise<void> {
  const dataset = await grid.datasets.get(name.replace(/^"(.*)"$/, '$1'));
  const columns = [
    { name: 'column', type: 'VARCHAR' },
    { name: 'type', type: 'VARCHAR' },
  ];
  terminal.print(
    drawTable(
      columns,
      dataset.schema.map((column) => [column.name, column.type]),
      { width: terminal.columns },
    ),
  );
  terminal.note(
    `(${countOf(dataset.rows, 'row')}, ${mebibytes(dataset.bytes)} MiB, ${countOf(dataset.partitions, 'partition')})`,
  );
}

async function listWorkers(grid: Connection, terminal: Terminal): Promise<void> {
  const workers = await grid.workers();
  if (workers.length === 0) return terminal.note("Nobody is there. Open the coordinator's address in a browser and join.");
  const columns = [
    { name: 'worker', type: 'VARCHAR' },
    { name: 'state', type: 'VARCHAR' },
    { name: 'kind', type: 'VARCHAR' },
    { name: 'slots', type: 'BIGINT' },
    { name: 'busy', type: 'BIGINT' },
    { name: 'tasks done', type: 'BIGINT' },
  ];
  const rows = workers.map((w) => [w.workerId, w.state, w.visibility, w.slots, w.busySlots, w.tasksDone]);
  terminal.print(drawTable(columns, rows, { width: terminal.columns }));
}

function setFormat(terminal: Terminal, state: ShellState, argument: string | undefined): void {
  const found = FORMATS.find((format) => format === argument);
  if (!found) throw new UsageError(`\\format takes ${FORMATS.join(', ')}`);
  state.format = found;
  terminal.note(`Results come as ${found}.`);
}

function setRows(terminal: Terminal, state: ShellState, argument: string | undefined): void {
  if (argument === undefined || !/^\d{1,9}$/.test(argument))
    throw new UsageError('\\rows takes a whole number; 0 shows all rows');
  state.maxRows = Number(argument) === 0 ? undefined : Number(argument);
  terminal.note(state.maxRows === undefined ? 'Tables show all rows.' : `Tables show at most ${countOf(state.maxRows, 'row')}.`);
}

const mebibytes = (bytes: number) => Number((bytes / 1024 ** 2).toFixed(1));
