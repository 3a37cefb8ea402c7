/** How others on the network join, in words: the links, and a QR code of the first one. */
import { renderUnicodeCompact } from 'uqr';
import { joinUrl } from '../auth/join-link.ts';

export function joinLines(
  names: readonly string[],
  port: number,
  volunteerToken: string | undefined,
  authorToken: string | undefined,
): readonly string[] {
  const [first] = names;
  if (first === undefined) return ['This machine has no address on a network: nobody else can join.'];
  const url = joinUrl(first, port, volunteerToken);
  const lines = ['', 'Others join at', `  ${url}`, '', renderUnicodeCompact(url, { border: 2 })];
  for (const name of names.slice(1)) lines.push(`  or ${joinUrl(name, port, volunteerToken)}`);
  if (authorToken !== undefined) {
    lines.push('Those who shall also run queries open', `  ${joinUrl(first, port, authorToken, '/dashboard')}`, '');
  }
  return lines;
}
