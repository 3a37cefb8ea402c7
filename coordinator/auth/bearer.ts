/** The token of an `Authorization: Bearer TOKEN` header; the empty string (which no token is) for a header of another form. */
export function bearer(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}
