import type { CommandSpec } from '../options.ts';

export const demoSpec: CommandSpec = {
  name: 'demo',
  summary: 'Show it: real tabs, real data, a tab closed midway',
  usage: '[options]',
  positionals: 0,
  options: [
    { name: 'stay', help: 'Leave the coordinator and the tabs running afterwards, for a look at the pages' },
    { name: 'rows', value: 'N', help: 'Rows of the generated order-lines table (default 6000000)' },
    { name: 'headless-workers', help: 'Use headless workers even where there is a Chromium' },
  ],
  notes: [
    'Opens three headless Chromium tabs (MUSTER_CHROMIUM names the browser, default /usr/bin/chromium) or, without one, three ' +
      'headless workers; runs five queries on them and on native DuckDB, closes a tab in the middle of one, and exits 0 only ' +
      'when all answers are equal.',
  ],
  examples: ['muster demo', 'muster demo --stay'],
};
