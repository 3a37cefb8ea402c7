/** `muster sql`: one query, queries from a pipe, or the shell. */
import { connect } from '../../client/index.ts';
import { DEFAULT_DATA_DIR } from './data-dir.ts';
import { FORMATS, type Format } from './format-names.ts';
import { historyPath } from './history.ts';
import type { Arguments } from './options.ts';
import { runQuery } from './run-query.ts';
import { runShell } from './shell.ts';
import { isBlank, splitStatements } from './statements.ts';
import { targetOf } from './target.ts';
import type { Terminal } from './terminal.ts';

const TERMINAL_ROWS = 40;

export async function sqlCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const target = targetOf(args);
  const grid = connect(target.url, { token: target.token });
  const [sql] = args.positionals;
  const given = args.integer('max-rows', 0, 1_000_000_000);
  const print = {
    format: args.choice<Format>('format', FORMATS) ?? 'table',
    timing: !args.has('no-timing'),
    maxRows: given === 0 ? undefined : (given ?? (terminal.columns === undefined ? undefined : TERMINAL_ROWS)),
  };
  if (sql === undefined && terminal.interactive) {
    await runShell(grid, terminal, {
      input: process.stdin,
      output: process.stdout,
      historyPath: historyPath(args.text('data-dir') ?? DEFAULT_DATA_DIR),
      state: print,
      greeting: `Connected to ${target.url}. \\? for help, ; ends a query.`,
    });
    return 0;
  }
  const statements = sql === undefined || sql === '-' ? statementsOf(await readStdin()) : statementsOf(sql);
  const cancel = new AbortController();
  const onSignal = () => cancel.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    // An empty query is sent as it is: the coordinator says what is wrong with it.
    for (const statement of statements.length > 0 ? statements : ['']) {
      const end = await runQuery(grid, statement, terminal, { ...print, cancel: cancel.signal });
      if (end !== 'successful') return end === 'cancelled' && cancel.signal.aborted ? 130 : 1;
    }
    return 0;
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

function statementsOf(text: string): readonly string[] {
  const { complete, rest } = splitStatements(text);
  return isBlank(rest) ? complete : [...complete, rest];
}

async function readStdin(): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}
