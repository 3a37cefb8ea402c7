/** Protocol version; a peer with another one is told to reload. */
export const PROTOCOL = 1;

/** WebSocket close codes, each with one meaning. */
export const CLOSE = {
  leaving: 1000,
  goingAway: 1001,
  badMessage: 4400,
  token: 4401,
  origin: 4403,
  duplicate: 4409,
  version: 4426,
  /** The worker was closed by an administrator. */
  dismissed: 4410,
  /** The coordinator lost the session's heartbeats. */
  silent: 4408,
  /** Too many workers. */
  full: 4429,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];
