/** The part of a job's story that says what was recomputed and why. */
import type { StoryLine } from '../../core/views.ts';

const TELLING = /recomput|lost|rolledBack|released/i;
const MOST = 8;

/** One sentence each, in order; equal ones counted. */
export function reasonsOf(story: readonly StoryLine[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of story) {
    if (!TELLING.test(line.what)) continue;
    const text = `${line.what}: ${line.why}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const lines = [...counts].map(([text, count]) => (count > 1 ? `${text} (${count} times)` : text));
  return lines.length > MOST ? [...lines.slice(0, MOST), `and ${lines.length - MOST} more; the dashboard shows all`] : lines;
}
