/** Where others on the network join: this machine's addresses, and links that carry a token. */
import { networkInterfaces } from 'node:os';

/** This machine's IPv4 addresses beyond loopback; the ones that routers hand out come first, virtual networks last. */
export function lanAddresses(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string[] {
  const found: { address: string; rank: number }[] = [];
  for (const [name, addresses] of Object.entries(interfaces)) {
    for (const { address, family, internal } of addresses ?? []) {
      if (internal || family !== 'IPv4' || address.startsWith('169.254.')) continue;
      found.push({ address, rank: /^(docker|br-|veth|virbr|vmnet|tun|tap|utun)/.test(name) ? 1 : 0 });
    }
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
}

/** The token travels in the fragment, which browsers never send. */
export function joinUrl(name: string, port: number, token: string | undefined, path = '/'): string {
  const bareIpv6 = name.split(':').length > 2 && !name.startsWith('[');
  const host = bareIpv6 ? `[${name}]` : name;
  const authority = /:\d+$/.test(host) ? host : `${host}:${port}`;
  return `http://${authority}${path}${token === undefined ? '' : `#t=${token}`}`;
}
