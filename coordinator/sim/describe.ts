/** Events and commands as short texts, for the trace and for people. */
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent } from '../core/events.ts';

/** What tells one occurrence from another. */
export function traced(what: CoreEvent | CoreCommand): string {
  const { type, sessionId, attemptId, jobId, digest, atMs } = what as {
    readonly [name in 'type' | 'sessionId' | 'attemptId' | 'jobId' | 'digest' | 'atMs']?: string | number;
  };
  return `${type} ${sessionId} ${attemptId} ${jobId} ${digest} ${atMs}`;
}

/** Ids of blocks are long, and their beginnings do. */
const HEX = /\b([0-9a-f]{8})[0-9a-f]{56}\b/g;
const MOST = 260;
const HIDDEN = new Set(['type', 'atMs', 'plan', 'task', 'costs', 'buckets', 'result']);

export function told(what: CoreEvent | CoreCommand): string {
  const rest = Object.entries(what).filter(([key]) => !HIDDEN.has(key));
  const words = rest.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  if (what.type === 'leaseTask') words.push(`"${what.task.title}" makes ${what.task.blockId}`);
  return `${what.type} ${words.join(' ')}`.replaceAll(HEX, '$1').slice(0, MOST);
}
