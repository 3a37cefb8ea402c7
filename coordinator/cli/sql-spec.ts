import { FORMATS } from './format-names.ts';
import type { CommandSpec } from './options.ts';
import { TARGET_OPTIONS } from './target.ts';

export const sqlSpec: CommandSpec = {
  name: 'sql',
  summary: 'Run a query, or open a SQL shell',
  usage: '[options] ["SQL" | -]',
  positionals: 1,
  options: [
    ...TARGET_OPTIONS,
    { name: 'format', value: 'NAME', help: `${FORMATS.join(', ')} (default table)` },
    { name: 'max-rows', value: 'N', help: 'Rows that a table shows at most, 0 for all (default: 40 on a terminal, else all)' },
    { name: 'no-timing', help: 'Do not print how long it took' },
  ],
  notes: [
    'Without SQL it opens a shell on a terminal, and else reads statements from stdin (as it does for -). Results go to stdout, ' +
      'all else to stderr. It exits 1 when a query failed, 130 when it was cancelled with Ctrl-C.',
  ],
  examples: [
    'muster sql "SELECT origin, avg(delay) FROM flights GROUP BY origin ORDER BY 2 DESC LIMIT 5"',
    'muster sql --format csv "SELECT * FROM flights LIMIT 1000" > flights.csv',
    'muster sql --url http://192.168.1.20:7077 --token TOKEN',
  ],
};
