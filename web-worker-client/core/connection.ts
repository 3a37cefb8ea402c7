/**
 * The connection's state machine. `epoch` counts sockets: each one opened gets the next number, and whatever comes from an
 * older one is stale. At most one socket is alive at a time.
 */
import { LIMITS } from '../../shared/limits.ts';
import { CLOSE } from '../../shared/protocol/version.ts';

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly sinceMs: number }
  | { readonly kind: 'helloSent'; readonly sinceMs: number }
  | {
      readonly kind: 'joined';
      readonly workerId: string;
      readonly sinceMs: number;
      readonly heartbeatMs: number;
      readonly nextHeartbeatMs: number;
      readonly nextSeq: number;
      readonly heardAtMs: number;
    }
  | { readonly kind: 'backingOff'; readonly untilMs: number; readonly why: string }
  /** Never reconnects by itself. */
  | { readonly kind: 'closed'; readonly code: number; readonly why: string };

/** Close codes after which trying again can't help, with what the reader can do. */
const FINAL: { readonly [code: number]: string } = {
  [CLOSE.version]: 'The coordinator speaks another version: reload this page.',
  [CLOSE.token]: 'The coordinator refused the token: ask for a new link to join.',
  [CLOSE.origin]: 'The coordinator does not allow this page: open its own address instead.',
  [CLOSE.dismissed]: 'The administrator closed this worker. Reload the page to ask again.',
};

export function finalWords(code: number): string | undefined {
  return FINAL[code];
}

/** How long a leaving tab stays at most, for the coordinator to fetch what only it has. */
export const HAND_OVER_MS = 10_000;

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30_000;
/** A coordinator that is started again is back within seconds: for about the first minute tabs look for it so often. */
const SOON_MS = 2_000;
const SOON_FAILURES = 30;
/** A session that lasted this long worked: the tab begins its back-off anew. A welcome alone proves nothing. */
export const STEADY_MS = 10_000;

export function hasSocket({ kind }: ConnectionState): boolean {
  return kind !== 'idle' && kind !== 'backingOff' && kind !== 'closed';
}

export function hasLasted(connection: ConnectionState, atMs: number): boolean {
  return connection.kind === 'joined' && atMs >= connection.sinceMs + STEADY_MS;
}

/**
 * Milliseconds to wait before attempt number `failures` + 1. Half of an exponentially growing span is fixed and half is drawn, so that
 * a class of tabs does not come back in one instant. `random` is in [0, 1).
 */
export function backoffMs(failures: number, code: number, random: number): number {
  const first = code === CLOSE.full ? 10_000 : BACKOFF_FIRST_MS;
  // Who broke the protocol will most likely break it again.
  const isSoon = first < SOON_MS && failures < SOON_FAILURES && code !== CLOSE.badMessage;
  const doublings = isSoon || code === CLOSE.full || code === CLOSE.badMessage ? failures : failures - SOON_FAILURES + 2;
  const span = Math.min(isSoon ? SOON_MS : BACKOFF_MOST_MS, first * 2 ** Math.min(doublings, 16));
  return span / 2 + (span / 2) * random;
}

export function closedWords(code: number, reason: string): string {
  if (code === CLOSE.badMessage) return `a message broke the protocol${reason ? ` (${reason})` : ''}`;
  if (code === CLOSE.silent) return 'the coordinator did not hear from this tab for too long';
  if (code === CLOSE.duplicate) return 'another tab took this one’s name; it joins again under a new one';
  if (code === CLOSE.full) return 'the coordinator has as many workers as it can take';
  return reason || 'the connection was lost';
}

export function joinedAt(atMs: number, workerId: string, askedHeartbeatMs: number): ConnectionState {
  // A coordinator that asks for no pause between heartbeats would keep the tab's loop busy.
  const heartbeatMs = Math.max(100, askedHeartbeatMs);
  return {
    kind: 'joined',
    workerId,
    sinceMs: atMs,
    heartbeatMs,
    nextHeartbeatMs: atMs + heartbeatMs,
    nextSeq: 1,
    heardAtMs: atMs,
  };
}

/** What the passing of time asks for, if anything. */
export function dueAt(state: ConnectionState, atMs: number): 'connect' | 'unanswered' | 'silent' | 'heartbeat' | undefined {
  switch (state.kind) {
    case 'idle':
    case 'closed':
      return undefined;
    case 'backingOff':
      return atMs >= state.untilMs ? 'connect' : undefined;
    case 'connecting':
    case 'helloSent':
      return atMs >= state.sinceMs + 2 * LIMITS.helloMs ? 'unanswered' : undefined;
    case 'joined':
      if (atMs >= state.heardAtMs + LIMITS.sessionSilenceMs) return 'silent';
      return atMs >= state.nextHeartbeatMs ? 'heartbeat' : undefined;
  }
}

/** When the connection next needs a `timePassed`, or nothing. */
export function connectionDeadlineMs(state: ConnectionState): number | undefined {
  switch (state.kind) {
    case 'idle':
    case 'closed':
      return undefined;
    case 'backingOff':
      return state.untilMs;
    case 'connecting':
    case 'helloSent':
      return state.sinceMs + 2 * LIMITS.helloMs;
    case 'joined':
      return Math.min(state.nextHeartbeatMs, state.heardAtMs + LIMITS.sessionSilenceMs);
  }
}
