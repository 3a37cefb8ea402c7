import { DEFAULT_DATA_DIR } from './data-dir.ts';
import type { CommandSpec } from './options.ts';
import { DEFAULT_PORT } from './target.ts';

export const serveSpec: CommandSpec = {
  name: 'serve',
  summary: 'Start the coordinator',
  usage: '[options]',
  positionals: 0,
  options: [
    { name: 'port', short: 'p', value: 'PORT', help: `Port to listen on; 0 picks a free one (default ${DEFAULT_PORT})` },
    { name: 'host', value: 'ADDRESS', help: 'Address to listen on (default 127.0.0.1); beyond loopback everyone needs a token' },
    { name: 'lan', help: 'Listen on all addresses, and print a QR code for joining' },
    { name: 'advertise', value: 'NAME', repeatable: true, help: 'A further name or address by which others reach it' },
    { name: 'allow-origin', value: 'ORIGIN', repeatable: true, help: 'Let pages of this origin call the REST interface' },
    { name: 'data-dir', value: 'DIR', help: `Where everything that survives is kept (default ./${DEFAULT_DATA_DIR})` },
    {
      name: 'disk-cap',
      value: 'SIZE',
      help: 'Most that results, and what tabs have no room for, may take there (default 32GiB)',
    },
    { name: 'author-weight', value: 'NAME=W', repeatable: true, help: 'This author gets slots W times as others do (default 1)' },
    { name: 'pace', value: 'MS', help: 'Give every task at least this time, to let people watch (default 0)' },
  ],
  notes: [
    'Prints `muster ready URL` on stdout when it accepts jobs; everything else goes to stderr. Ctrl-C stops it. The admin token ' +
      'is MUSTER_ADMIN_TOKEN, or is made once and kept in DIR/admin.token.',
  ],
  examples: ['muster serve', 'muster serve --lan --data-dir ~/class', 'muster serve --port 0 --pace 500'],
};
