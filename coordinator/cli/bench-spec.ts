import type { CommandSpec } from './options.ts';

export const benchSpec: CommandSpec = {
  name: 'bench',
  summary: 'Run a benchmark beside native DuckDB',
  usage: '[NAME]',
  positionals: 1,
  options: [
    { name: 'repetitions', value: 'N', help: "Measured repetitions per query (default: the bench's own)" },
    { name: 'rows', value: 'N', help: "Rows of the generated table (default: the bench's own)" },
    { name: 'gib', value: 'N', help: "GiB of intermediate data, where the bench makes some (default: the bench's own)" },
    { name: 'seed', value: 'N', help: "Of what is drawn by chance (default: the bench's own, always the same)" },
    { name: 'out', value: 'DIR', help: 'Where the JSON goes (default bench/out)' },
  ],
  notes: ['Without NAME it lists the benches. Each prints a table, and writes the same as JSON.'],
  examples: ['muster bench', 'muster bench engine', 'muster bench overflow --gib 10'],
};
