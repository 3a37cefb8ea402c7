/** The part of a job's story that says what was lost, what was recomputed and why, in words. */
import type { StoryLine } from '../../core/views.ts';

const MOST = 8;
const CAUSES: { readonly [cause: string]: string } = { recompute: 'recomputed', retry: 'tried again' };

/** One line each, in order of first appearance; equal ones counted. */
export function reasonsOf(story: readonly StoryLine[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of story) {
    const text = inWords(line);
    if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const lines = [...counts].map(([text, count]) => (count > 1 ? `${text} (${count} times)` : text));
  return lines.length > MOST
    ? [...lines.slice(0, MOST), `and ${lines.length - MOST} more kinds of lines; the dashboard has all`]
    : lines;
}

function inWords({ what, why, detail }: StoryLine): string | undefined {
  const stage = `stage ${String(detail?.stage ?? '?')}`;
  switch (what) {
    case 'outputLost':
      return `a block was lost: ${why}`;
    case 'stageRolledBack':
      return `${stage} was taken back: ${why}`;
    case 'attemptEnded':
      return detail?.how === 'succeeded' ? undefined : `an attempt of ${stage} ended (${String(detail?.how)}): ${why}`;
    case 'attemptLeased': {
      const again = CAUSES[String(detail?.cause)];
      return again === undefined ? undefined : `a task of ${stage} was ${again}: ${why}`;
    }
    case 'recomputeWithdrawn':
      return `a recompute was called off: ${why}`;
    default:
      return undefined;
  }
}
