/** The decisions of design section 9, in one place for REST and for both sockets. No I/O. */
import { type HostList, hostName, isLoopbackAddress, isLoopbackName } from './hosts.ts';
import { type Identity, LOCAL } from './identity.ts';
import type { Tokens } from './tokens.ts';

export interface Caller {
  /** The Host header as it came. */
  readonly host: string | undefined;
  readonly remoteAddress: string | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly why: 'missing' | 'wrong' };

export class Guard {
  readonly #hosts: HostList;
  readonly #tokens: Tokens;
  readonly #allowOrigins: ReadonlySet<string>;

  constructor(options: { hosts: HostList; tokens: Tokens; allowOrigins: readonly string[] }) {
    this.#hosts = options.hosts;
    this.#tokens = options.tokens;
    this.#allowOrigins = new Set(options.allowOrigins.map((origin) => new URL(origin).origin));
  }

  hostAllowed(host: string | undefined): boolean {
    const name = hostName(host);
    return name !== undefined && this.#hosts.has(name);
  }

  /** Absent, our own (the very Host that was asked, port included), or allowed by `--allow-origin`. */
  originAllowed(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined) return true;
    if (this.#allowOrigins.has(origin)) return true;
    return host !== undefined && (origin === `http://${host.toLowerCase()}` || origin === `https://${host.toLowerCase()}`);
  }

  /** True for an Origin other than our own that `--allow-origin` names: it gets CORS headers. */
  originShared(origin: string): boolean {
    return this.#allowOrigins.has(origin);
  }

  /**
   * A given token decides alone, and a wrong one is wrong on loopback too. Without one only this machine may ask, under a
   * loopback name: the peer's address is checked as well, since anyone on the network can write `Host: localhost`.
   */
  identify(caller: Caller, token: string | undefined): Verdict {
    if (token !== undefined) {
      const identity = this.#tokens.identify(token);
      return identity ? { ok: true, identity } : { ok: false, why: 'wrong' };
    }
    const name = hostName(caller.host);
    const here = name !== undefined && isLoopbackName(name) && isLoopbackAddress(caller.remoteAddress);
    return here ? { ok: true, identity: LOCAL } : { ok: false, why: 'missing' };
  }
}
