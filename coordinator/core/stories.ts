/**
 * What happened and why. Every line goes into one ring for the event stream; lines about jobs and workers are also kept by
 * subject, so that a long job does not lose its beginning to the chatter of others.
 */
import type { StoryLine } from './views.ts';

type Numbered = StoryLine & { readonly seq: number };

const SUBJECTS_KEPT = 8_192;

export class Stories {
  readonly #ring: { readonly line: Numbered; readonly about: readonly string[] }[] = [];
  readonly #kept = new Map<string, StoryLine[]>();
  readonly #ringLines: number;
  readonly #storyLines: number;
  #next = 0;

  constructor(ringLines: number, storyLines: number) {
    this.#ringLines = ringLines;
    this.#storyLines = storyLines;
  }

  /** `about` names the jobs and workers whose story the line belongs to besides its subject's. */
  add(line: StoryLine, about: readonly string[]): void {
    this.#ring[this.#next % this.#ringLines] = { line: { ...line, seq: this.#next }, about };
    this.#next++;
    this.#kept.get(line.subject)?.push(line);
    for (const id of about) this.#kept.get(id)?.push(line);
    this.#trim(line.subject);
    for (const id of about) this.#trim(id);
  }

  #trim(id: string): void {
    const lines = this.#kept.get(id);
    if (lines && lines.length >= 2 * this.#storyLines) lines.splice(0, lines.length - this.#storyLines);
  }

  /** From now on this subject's lines are kept apart. */
  keep(id: string): void {
    if (this.#kept.has(id)) return;
    this.#kept.set(id, []);
    if (this.#kept.size > SUBJECTS_KEPT) {
      const oldest = this.#kept.keys().next().value;
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
  }

  forget(id: string): void {
    this.#kept.delete(id);
  }

  of(id: string): readonly StoryLine[] {
    const kept = this.#kept.get(id);
    if (kept) return kept.slice(-this.#storyLines);
    const lines: StoryLine[] = [];
    for (const { line, about } of this.#inOrder(0)) if (line.subject === id || about.includes(id)) lines.push(line);
    return lines;
  }

  since(seq: number): { lines: readonly Numbered[]; next: number } {
    const lines: Numbered[] = [];
    for (const { line } of this.#inOrder(seq)) lines.push(line);
    return { lines, next: this.#next };
  }

  *#inOrder(from: number): Generator<{ readonly line: Numbered; readonly about: readonly string[] }> {
    for (let seq = Math.max(0, Math.ceil(from), this.#next - this.#ringLines); seq < this.#next; seq++) {
      const entry = this.#ring[seq % this.#ringLines];
      if (entry) yield entry;
    }
  }

  /** Snapshots carry the number and the kept stories, not the ring. */
  save(): { next: number; kept: [string, StoryLine[]][] } {
    return { next: this.#next, kept: [...this.#kept] };
  }

  load(saved: { next: number; kept: [string, StoryLine[]][] }): void {
    this.#next = saved.next;
    for (const [id, lines] of saved.kept) this.#kept.set(id, [...lines]);
  }
}

export function note(
  core: { readonly stories: Stories; readonly now: number },
  subject: string,
  what: string,
  why: string,
  about: readonly string[] = [],
  detail?: { readonly [key: string]: string | number | boolean },
): void {
  const line = { atMs: core.now, subject, what, why };
  core.stories.add(detail ? { ...line, detail } : line, about);
}
