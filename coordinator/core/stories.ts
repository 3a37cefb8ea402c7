/**
 * What happened and why. Every line goes into one ring for the event stream; lines about jobs and workers are also kept by
 * subject, so that a long job does not lose its beginning to the chatter of others.
 */
import type { StoryLine } from './views.ts';

type Numbered = StoryLine & { readonly seq: number };

const SUBJECTS_KEPT = 8_192;
/** Lines of all kept subjects together; beyond it the subjects kept longest are cut to LINES_LEFT each. */
const LINES_KEPT = 262_144;
const LINES_LEFT = 16;

export class Stories {
  /** Line `seq` at `seq` modulo their length, and whom else it is about. */
  readonly #ring: StoryLine[] = [];
  readonly #about: (readonly string[])[] = [];
  readonly #kept = new Map<string, StoryLine[]>();
  readonly #ringLines: number;
  readonly #storyLines: number;
  #next = 0;
  /** How many lines `#kept` holds. */
  #lines = 0;

  constructor(ringLines: number, storyLines: number) {
    this.#ringLines = ringLines;
    this.#storyLines = storyLines;
  }

  /** `about` names the jobs and workers whose story the line belongs to besides its subject's. */
  add(line: StoryLine, about: readonly string[]): void {
    const place = this.#next++ % this.#ringLines;
    this.#ring[place] = line;
    this.#about[place] = about;
    this.#append(line.subject, line);
    for (const id of about) this.#append(id, line);
    if (this.#lines > LINES_KEPT) this.#cutOldest();
  }

  #append(id: string, line: StoryLine): void {
    const lines = this.#kept.get(id);
    if (!lines) return;
    lines.push(line);
    this.#lines++;
    if (lines.length >= 2 * this.#storyLines) this.#cut(id, lines, this.#storyLines);
  }

  #cut(id: string, lines: readonly StoryLine[], most: number): void {
    const left = bounded(lines, most);
    this.#kept.set(id, left);
    this.#lines -= lines.length - left.length;
  }

  /** Well below the bound, so that the next lines do not bring it here again. */
  #cutOldest(): void {
    for (const [id, lines] of this.#kept) {
      if (this.#lines <= (7 / 8) * LINES_KEPT) return;
      this.#cut(id, lines, LINES_LEFT);
    }
  }

  /** From now on this subject's lines are kept apart. */
  keep(id: string): void {
    if (this.#kept.has(id)) return;
    this.#kept.set(id, []);
    if (this.#kept.size > SUBJECTS_KEPT) {
      const oldest = this.#kept.keys().next().value;
      if (oldest !== undefined) this.forget(oldest);
    }
  }

  forget(id: string): void {
    this.#lines -= this.#kept.get(id)?.length ?? 0;
    this.#kept.delete(id);
  }

  of(id: string): readonly StoryLine[] {
    const kept = this.#kept.get(id);
    if (kept) return bounded(kept, this.#storyLines);
    const lines: StoryLine[] = [];
    for (const { line, about } of this.#inOrder(0)) if (line.subject === id || about.includes(id)) lines.push(line);
    return lines;
  }

  since(seq: number): { lines: readonly Numbered[]; next: number } {
    const lines: Numbered[] = [];
    for (const { line, seq: at } of this.#inOrder(seq)) lines.push({ ...line, seq: at });
    return { lines, next: this.#next };
  }

  *#inOrder(from: number): Generator<{ readonly line: StoryLine; readonly about: readonly string[]; readonly seq: number }> {
    for (let seq = Math.max(0, Math.ceil(from), this.#next - this.#ringLines); seq < this.#next; seq++) {
      const line = this.#ring[seq % this.#ringLines];
      // After a restart the numbers go on, and the lines before them are not here.
      if (line) yield { line, about: this.#about[seq % this.#ringLines] ?? [], seq };
    }
  }

  /** Snapshots carry the number and the kept stories, not the ring. */
  save(): { next: number; kept: [string, StoryLine[]][] } {
    return { next: this.#next, kept: [...this.#kept] };
  }

  load(saved: { next: number; kept: [string, StoryLine[]][] }): void {
    this.#next = saved.next;
    for (const [id, lines] of saved.kept) {
      this.#kept.set(id, [...lines]);
      this.#lines += lines.length;
    }
  }
}

/** The newest lines; attempts that went as planned go first, or a job of many tasks would lose the rest of its story to them. */
function bounded(lines: readonly StoryLine[], most: number): StoryLine[] {
  let excess = lines.length - most;
  return lines.filter((line) => excess <= 0 || !isRoutine(line) || excess-- <= 0).slice(-most);
}

function isRoutine({ what, detail }: StoryLine): boolean {
  return what === 'attemptLeased' ? detail?.cause === 'planned' : what === 'attemptEnded' && detail?.how === 'succeeded';
}

export function note(
  core: { readonly stories: Stories; readonly now: number },
  subject: string,
  what: string,
  why: string,
  about: readonly string[] = [],
  detail?: { readonly [key: string]: string | number | boolean },
): void {
  const atMs = core.now;
  core.stories.add(detail ? { atMs, subject, what, why, detail } : { atMs, subject, what, why }, about);
}
