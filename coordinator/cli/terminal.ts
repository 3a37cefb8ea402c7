/** Where a command writes. Answers go to stdout, everything said about them to stderr, so that answers can be piped. */
export interface Terminal {
  /** stdout, as is. */
  print(text: string): void;
  /** stderr, one line. */
  note(line: string): void;
  /** stderr, a line that the next status or note replaces; '' clears it. Silent when stderr is no terminal. */
  status(line: string): void;
  /** Width to which tables are cut; undefined when stdout is not a terminal. */
  readonly columns: number | undefined;
  readonly interactive: boolean;
}

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    print(text) {
      clear();
      stdout.write(text);
    },
    note(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    status(line) {
      if (!stderr.isTTY) return;
      clear();
      if (line === '') return;
      stderr.write(line.slice(0, Math.max(1, (stderr.columns || 80) - 1)));
      shown = true;
    },
    get columns() {
      // Some terminals don't know their width and say 0.
      return (stdout.isTTY && stdout.columns) || undefined;
    },
    get interactive() {
      return Boolean(stdout.isTTY && process.stdin.isTTY);
    },
  };
}
