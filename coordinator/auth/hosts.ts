/**
 * Which names this coordinator answers to. A page of another site that rebinds its own name to 127.0.0.1 still sends that
 * name as Host, so an allow-list of names keeps it out; ports don't matter for that.
 */
import { hostname, networkInterfaces } from 'node:os';

/** The name in a Host header or an authority, lower case, without port and brackets; undefined when it is none. */
export function hostName(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 260) return undefined;
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?$/i.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name?.toLowerCase().replace(/\.$/, '');
}

export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || isLoopbackV4(name);
}

/** The peer's address as Node gives it, IPv4 possibly mapped into IPv6. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || isLoopbackV4(plain);
}

function isLoopbackV4(text: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/.test(text);
}

/** This machine's own names and addresses beyond loopback, for `--lan`. */
export function lanNames(): string[] {
  const names = [hostname().toLowerCase(), `${hostname().toLowerCase()}.local`];
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) if (!address.internal) names.push(address.address.toLowerCase());
  }
  return names;
}

export interface HostOptions {
  readonly host: string;
  readonly lan: boolean;
  readonly advertise: readonly string[];
}

export class HostList {
  readonly #names: ReadonlySet<string>;

  /** `advertise` takes names with or without a port. Throws TypeError on one that is no name. */
  constructor(options: HostOptions) {
    const names = new Set<string>();
    for (const text of options.advertise) {
      const name = hostName(text);
      if (name === undefined)
        throw new TypeError(`--advertise ${text}: give a host name or an address, without http:// and path`);
      names.add(name);
    }
    const bound = hostName(options.host.includes(':') && !options.host.startsWith('[') ? `[${options.host}]` : options.host);
    const anyAddress = bound === '0.0.0.0' || bound === '::';
    if (bound !== undefined && !anyAddress) names.add(bound);
    if (options.lan || anyAddress) for (const name of lanNames()) names.add(name);
    this.#names = names;
  }

  has(name: string): boolean {
    return isLoopbackName(name) || this.#names.has(name);
  }

  /** True where requests may come in under a name beyond loopback. */
  get beyondLoopback(): boolean {
    return [...this.#names].some((name) => !isLoopbackName(name));
  }
}
