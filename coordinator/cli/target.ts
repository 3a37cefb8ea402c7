/** Which coordinator a command talks to, and with which token. */
import { adminToken, DEFAULT_DATA_DIR, runningIn } from './data-dir.ts';
import type { Arguments, OptionSpec } from './options.ts';

export const DEFAULT_PORT = 7077;

export const TARGET_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'url',
    value: 'URL',
    help: `The coordinator (default: the one running from --data-dir, else http://127.0.0.1:${DEFAULT_PORT})`,
  },
  {
    name: 'token',
    value: 'TOKEN',
    help: 'Access token (default: MUSTER_TOKEN, or the admin token of a coordinator on this machine)',
  },
  { name: 'data-dir', value: 'DIR', help: `Data directory of the coordinator on this machine (default ./${DEFAULT_DATA_DIR})` },
];

export interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

export function targetOf(args: Arguments): Target {
  const dataDir = args.text('data-dir') ?? DEFAULT_DATA_DIR;
  const running = runningIn(dataDir);
  const url = args.url('url') ?? running?.url ?? `http://127.0.0.1:${DEFAULT_PORT}`;
  const token = args.text('token') ?? (process.env.MUSTER_TOKEN || undefined);
  // The admin token goes to no machine but this one.
  return { url, token: token ?? (isLoopback(url) ? adminToken(dataDir) : undefined) };
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
