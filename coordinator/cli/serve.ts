/** `muster serve`: the coordinator, until a signal. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { buildApp } from '../app.ts';
import { lanAddresses } from '../auth/join-link.ts';
import { letHeapGrow } from './collector.ts';
import { announceRunning, DEFAULT_DATA_DIR, forgetRunning } from './data-dir.ts';
import { CommandError, codeOf, messageOf, UsageError } from './errors.ts';
import { joinLines } from './lan.ts';
import type { Arguments } from './options.ts';
import { childEntries, pagesFolder } from './package-root.ts';
import { onceStopped } from './signals.ts';
import { DEFAULT_PORT, isLoopback } from './target.ts';
import type { Terminal } from './terminal.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly lan: boolean;
  readonly advertise: readonly string[];
  readonly allowOrigins: readonly string[];
  readonly dataDir: string;
  readonly paceMs: number;
  readonly authorWeights: { readonly [author: string]: number };
  readonly diskCapBytes: number | undefined;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);
const LONGEST_PACE_MS = 60_000;
const SMALLEST_DISK = 64 * 1024 ** 2;
const LARGEST_DISK = 1024 ** 5;
/** What Node would wait for open sockets when it stops; whoever is still there then is cut off. */
const CLOSE_MS = 5_000;

export function serveOptions(args: Arguments): ServeOptions {
  const lan = args.has('lan');
  for (const origin of args.texts('allow-origin')) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new UsageError(`--allow-origin takes an origin such as https://example.org, not ${JSON.stringify(origin)}`);
    }
  }
  return {
    host: args.text('host') ?? (lan ? '0.0.0.0' : '127.0.0.1'),
    port: args.integer('port', 0, 65_535) ?? DEFAULT_PORT,
    lan,
    advertise: args.texts('advertise'),
    allowOrigins: args.texts('allow-origin'),
    dataDir: resolve(args.text('data-dir') ?? DEFAULT_DATA_DIR),
    paceMs: args.integer('pace', 0, LONGEST_PACE_MS) ?? 0,
    authorWeights: Object.fromEntries(args.texts('author-weight').map(authorWeight)),
    diskCapBytes: args.bytes('disk-cap', SMALLEST_DISK, LARGEST_DISK),
  };
}

function authorWeight(text: string): readonly [name: string, weight: number] {
  const [, name, digits] = /^(.+)=([0-9]+(?:\.[0-9]+)?)$/.exec(text) ?? [];
  const weight = Number(digits);
  if (name === undefined || !(weight > 0 && weight <= 1_000))
    throw new UsageError(`--author-weight takes NAME=W with a W above 0 and up to 1000, not ${JSON.stringify(text)}`);
  return [name, weight];
}

export async function serveCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const options = serveOptions(args);
  // Asked for before anything is started: a Ctrl-C during the start closes what is there.
  const stopped = onceStopped();
  letHeapGrow();
  const adminToken = process.env.MUSTER_ADMIN_TOKEN || undefined;
  const app = await buildApp({
    ...options,
    pagesDir: pagesFolder(),
    childEntries: childEntries(),
    ...(options.diskCapBytes === undefined ? {} : { limits: { coordinatorDiskBytes: options.diskCapBytes } }),
    ...(adminToken === undefined ? {} : { adminToken }),
  });
  try {
    const url = await listen(app, options);
    announceRunning(options.dataDir, { pid: process.pid, url });
    say(options, url, terminal);
    for (const note of app.grid.notes) terminal.note(note);
    terminal.print(`muster ready ${url}\n`);
    const signal = await stopped.promise;
    terminal.note(`${signal}: stopping. Jobs go on when the coordinator is started again.`);
    return 0;
  } finally {
    forgetRunning(options.dataDir);
    await closeWithin(CLOSE_MS, () => app.close(), terminal);
    stopped.release();
  }
}

type App = Awaited<ReturnType<typeof buildApp>>;

/** Resolves with the URL for this machine. */
async function listen(app: App, { host, port }: ServeOptions): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
  const address = app.server.address() as AddressInfo;
  const anyAddress = ANY_ADDRESS.has(address.address);
  return `http://${anyAddress ? '127.0.0.1' : authorityOf(address.address)}:${address.port}`;
}

/** IPv6 addresses stand in brackets before a port. */
const authorityOf = (host: string) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

export function listenError(error: unknown, host: string, port: number): CommandError {
  const where = `${host}:${port}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new CommandError(
        `port ${port} is in use`,
        'Stop what listens there, or choose another with --port PORT (0 picks a free one).',
      );
    case 'EACCES':
      return new CommandError(
        `not allowed to listen on ${where}`,
        'Ports below 1024 need special rights; choose another with --port.',
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandError(
        `this machine has no address ${host}`,
        'Leave --host out for this machine only, or use --lan for all addresses.',
      );
    default:
      return new CommandError(`cannot listen on ${where}: ${messageOf(error)}`, 'Try another --host or --port.');
  }
}

function say(options: ServeOptions, url: string, terminal: Terminal): void {
  terminal.note(`Data directory ${options.dataDir}`);
  terminal.note(`Join with a tab of this machine: ${url}/     dashboard: ${url}/dashboard`);
  if (options.paceMs > 0) terminal.note(`Every task takes at least ${options.paceMs} ms (--pace).`);
  if (!options.lan && options.advertise.length === 0 && isLoopback(`http://${authorityOf(options.host)}`)) return;
  const { port } = new URL(url);
  const bound = ANY_ADDRESS.has(options.host) ? lanAddresses() : [options.host];
  const names = options.advertise.length > 0 ? options.advertise : bound;
  const lines = joinLines(names, Number(port), tokenFile(options.dataDir, 'volunteer'), tokenFile(options.dataDir, 'author'));
  for (const line of lines) terminal.note(line);
}

/** The coordinator writes its join tokens beside the admin token. */
function tokenFile(dataDir: string, role: 'volunteer' | 'author'): string | undefined {
  try {
    return readFileSync(join(dataDir, `${role}.token`), 'utf8').trim() || undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function closeWithin(ms: number, close: () => Promise<unknown>, terminal: Terminal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const end = await Promise.race([close(), late]);
  clearTimeout(timer);
  // What is journalled is safe at any moment; waiting longer would only keep the terminal.
  if (end === 'late') {
    terminal.note('Some connections did not close in time; leaving without them.');
    process.exit(0);
  }
}
