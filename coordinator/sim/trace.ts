/**
 * What happened, as one number: two runs of a seed must give the same. And in words, when somebody wants to read it: words are made only
 * then, so that a run that nobody reads costs nothing.
 */
const STORY_LINES = 50;
const KEPT_LINES = 50_000;

export class Trace {
  readonly #lines: string[] = [];
  readonly #isTold: boolean;
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;
  #count = 0;

  constructor(isTold: boolean) {
    this.#isTold = isTold;
  }

  /** Adds one occurrence. The hash is cyrb53 (bryc, public domain), over all texts as if they were one. */
  add(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    this.#a = Math.imul(a ^ 10, 2654435761);
    this.#b = Math.imul(b ^ 10, 1597334677);
    this.#count++;
  }

  /** A line for people. */
  tell(atMs: number, words: () => string): void {
    if (!this.#isTold) return;
    this.#lines.push(`${(atMs / 1000).toFixed(3).padStart(9)} s  ${words()}`);
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  }

  /** The last lines, oldest first. */
  story(lines = STORY_LINES): readonly string[] {
    return this.#lines.slice(-lines);
  }

  /** How many occurrences there were. */
  get count(): number {
    return this.#count;
  }

  hash(): string {
    const [a, b] = [this.#a >>> 0, this.#b >>> 0];
    return a.toString(16).padStart(8, '0') + b.toString(16).padStart(8, '0');
  }
}
