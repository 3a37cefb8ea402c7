/** The command line's first step: which command, its help, and how anything thrown becomes a line and an exit code. */

import { COMMANDS } from './cli/commands.ts';
import { CommandError, codeOf, messageOf, UsageError } from './cli/errors.ts';
import { commandHelp, mainHelp } from './cli/help.ts';
import { nearest } from './cli/nearest.ts';
import { parseCommand } from './cli/options.ts';
import { versionOf } from './cli/package-root.ts';
import { processTerminal, type Terminal } from './cli/terminal.ts';

/** Runs one command; resolves with the exit code. Never rejects. */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const [name, ...rest] = argv;
  const specs = COMMANDS.map((command) => command.spec);
  if (name === '--version') {
    terminal.print(`muster ${versionOf()}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    if (name === undefined) terminal.note(mainHelp(specs).trimEnd());
    else terminal.print(mainHelp(specs));
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((candidate) => candidate.spec.name === name);
  try {
    if (!command) {
      const near = nearest(
        name,
        specs.map((spec) => spec.name),
      );
      throw new UsageError(`unknown command ${JSON.stringify(name)}`, near ? `Did you mean muster ${near}?` : undefined);
    }
    const args = parseCommand(command.spec, rest);
    if (args.has('help')) {
      terminal.print(commandHelp(command.spec));
      return 0;
    }
    const run = await command.load();
    return await run(args, terminal);
  } catch (error) {
    return report(error, command?.spec.name, terminal);
  }
}

function report(error: unknown, command: string | undefined, terminal: Terminal): number {
  const prefix = command ? `muster ${command}` : 'muster';
  terminal.status('');
  terminal.note(`${prefix}: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint) terminal.note(hint);
  if (error instanceof UsageError) terminal.note(`Try: ${prefix} --help`);
  // A mistake of ours rather than of the user: where it happened belongs in the report that they send.
  else if (hint === undefined && codeOf(error) === undefined && error instanceof Error) terminal.note(error.stack ?? '');
  return error instanceof CommandError ? error.exitCode : 1;
}

/** CommandError, StoreError and ProblemError all carry one. */
function hintOf(error: unknown): string | undefined {
  return error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
}
