/** The interactive SQL shell: statements over several lines, history, backslash commands; Ctrl-C cancels the query, not the shell. */
import { createInterface, type Interface } from 'node:readline';
import { type Connection, ProblemError } from '../../client/index.ts';
import { CommandError, messageOf } from './errors.ts';
import { HISTORY_LINES, loadHistory, rememberStatement } from './history.ts';
import { problemLines, runQuery } from './run-query.ts';
import { runShellCommand, type ShellState } from './shell-commands.ts';
import { isBlank, splitStatements } from './statements.ts';
import type { Terminal } from './terminal.ts';

export interface ShellOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly historyPath: string;
  readonly state: Omit<ShellState, 'leaving'>;
  readonly greeting: string;
}

const PROMPT = 'muster> ';
const CONTINUED = '   ...> ';

/** Resolves when the user leaves. Errors of queries and commands are shown and the shell goes on. */
export function runShell(grid: Connection, terminal: Terminal, options: ShellOptions): Promise<void> {
  const shell = new Shell(grid, terminal, options);
  return shell.run();
}

class Shell {
  private readonly grid: Connection;
  private readonly terminal: Terminal;
  private readonly options: ShellOptions;
  private readonly state: ShellState;
  private readonly readline: Interface & { history?: string[] };
  private pending = '';
  private running: AbortController | undefined;
  /** Lines typed while a query runs wait here, in order. */
  private work: Promise<void> = Promise.resolve();

  constructor(grid: Connection, terminal: Terminal, options: ShellOptions) {
    this.grid = grid;
    this.terminal = terminal;
    this.options = options;
    this.state = { ...options.state, leaving: false };
    this.readline = createInterface({
      input: options.input,
      output: options.output,
      terminal: terminal.interactive,
      prompt: PROMPT,
      history: loadHistory(options.historyPath),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
    });
  }

  run(): Promise<void> {
    const { readline } = this;
    this.terminal.note(this.options.greeting);
    readline.prompt();
    return new Promise((resolve) => {
      readline.on('line', (line) => {
        this.work = this.work.then(() => this.take(line));
      });
      readline.on('SIGINT', () => this.interrupt());
      readline.on('close', () => {
        this.running?.abort();
        this.work = this.work.then(() => resolve());
      });
    });
  }

  /** A running query is cancelled; a half-typed statement is dropped; else the way out is told. */
  private interrupt(): void {
    if (this.running) {
      this.running.abort();
      return;
    }
    this.terminal.note(this.pending || this.readline.line ? '^C' : '\n\\q or Ctrl-D leaves.');
    this.pending = '';
    // Clears what was typed on the current line.
    this.readline.write(null, { ctrl: true, name: 'u' });
    this.showPrompt();
  }

  private async take(line: string): Promise<void> {
    if (this.state.leaving) return;
    try {
      if (isBlank(this.pending) && line.trimStart().startsWith('\\')) await this.takeCommand(line);
      else await this.takeSql(line);
    } catch (error) {
      this.show(error);
    }
    if (this.state.leaving) this.readline.close();
    else this.showPrompt();
  }

  private async takeCommand(line: string): Promise<void> {
    this.pending = '';
    await runShellCommand(line, this.grid, this.terminal, this.state);
  }

  private async takeSql(line: string): Promise<void> {
    const { complete, rest } = splitStatements(`${this.pending}${line}\n`);
    this.pending = isBlank(rest) ? '' : rest;
    for (const statement of complete) {
      this.remember(statement);
      const cancel = new AbortController();
      this.running = cancel;
      try {
        const end = await runQuery(this.grid, statement, this.terminal, { ...this.state, cancel: cancel.signal });
        if (end !== 'successful') return;
      } finally {
        this.running = undefined;
      }
    }
  }

  /** Several lines become one entry, in the file and under the arrow keys. */
  private remember(statement: string): void {
    const line = rememberStatement(this.options.historyPath, `${statement};`);
    const { history } = this.readline;
    if (!history) return;
    const typed = statement.split('\n').length;
    if (typed > 1) history.splice(0, Math.min(typed, history.length), line);
  }

  private show(error: unknown): void {
    if (error instanceof ProblemError) for (const line of problemLines(error)) this.terminal.note(line);
    else {
      this.terminal.note(`Error: ${messageOf(error)}`);
      if (error instanceof CommandError && error.hint) this.terminal.note(`Hint: ${error.hint}`);
    }
  }

  private showPrompt(): void {
    this.readline.setPrompt(this.pending ? CONTINUED : PROMPT);
    this.readline.prompt();
  }
}
