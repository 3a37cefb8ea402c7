/** `muster bench`: benches are entries of their own (bench/NAME.bench.ts -> dist/node/bench-NAME.js), loaded by name. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError, UsageError } from './errors.ts';
import { nearest } from './nearest.ts';
import type { Arguments } from './options.ts';
import { builtScript } from './package-root.ts';
import type { Terminal } from './terminal.ts';

/** What a bench exports. */
interface BenchModule {
  readonly summary: string;
  /** Resolves with the exit code. */
  run(options: {
    repetitions?: number;
    rows?: number;
    gib?: number;
    seed?: number;
    out?: string;
    print: (text: string) => void;
    note: (line: string) => void;
  }): Promise<number>;
}

const FILE = /^bench-([a-z0-9-]+)\.js$/;

export async function benchCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const names = benchNames();
  const [name] = args.positionals;
  if (name === undefined) return list(names, terminal);
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw new UsageError(
      `there is no bench ${JSON.stringify(name)}`,
      near ? `Did you mean ${near}?` : `There are: ${names.join(', ') || 'none yet'}`,
    );
  }
  const repetitions = args.integer('repetitions', 1, 10_000);
  const rows = args.integer('rows', 1, 1_000_000_000);
  const gib = args.integer('gib', 1, 1_024);
  const seed = args.integer('seed', 0, 2 ** 31);
  const out = args.text('out');
  return (await load(name)).run({
    print: (text) => terminal.print(text),
    note: (line) => terminal.note(line),
    ...(repetitions === undefined ? {} : { repetitions }),
    ...(rows === undefined ? {} : { rows }),
    ...(gib === undefined ? {} : { gib }),
    ...(seed === undefined ? {} : { seed }),
    ...(out === undefined ? {} : { out }),
  });
}

async function list(names: readonly string[], terminal: Terminal): Promise<number> {
  for (const name of names) terminal.print(`${name.padEnd(12)}  ${(await load(name)).summary}\n`);
  if (names.length === 0) terminal.note('No benches in this installation.');
  return 0;
}

function benchNames(): string[] {
  const folder = dirname(builtScript('main'));
  if (!existsSync(folder)) throw new CommandError(`${folder} is missing`, 'Build it with `npm run build`.');
  return readdirSync(folder)
    .flatMap((file) => FILE.exec(file)?.[1] ?? [])
    .sort();
}

async function load(name: string): Promise<BenchModule> {
  return (await import(pathToFileURL(builtScript(`bench-${name}`)).href)) as BenchModule;
}
