/** A terminal that keeps what is written to it. */
import type { Terminal } from '../terminal.ts';

export interface RecordingTerminal extends Terminal {
  /** stdout. */
  printed: string;
  /** stderr, line by line. */
  readonly notes: string[];
  readonly statuses: string[];
}

export function recordingTerminal(columns?: number): RecordingTerminal {
  const terminal: RecordingTerminal = {
    printed: '',
    notes: [],
    statuses: [],
    columns,
    interactive: false,
    print(text) {
      terminal.printed += text;
    },
    note(line) {
      terminal.notes.push(line);
    },
    status(line) {
      if (line) terminal.statuses.push(line);
    },
  };
  return terminal;
}
