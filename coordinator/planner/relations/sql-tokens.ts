/** SQL cut into tokens, as far as calls and parentheses need it. DuckDB itself says what is wrong with a text. */

export interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'sign';
  /** As written; of a quoted name without its quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Blanks and comments; names, texts ('..', E'..', $$..$$), numbers; anything else is a sign. */
const SKIPPED = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const PIECES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /\$([A-Za-z_]*)\$[\s\S]*?\$\1\$/y],
  ['text', /[eE]'(?:\\[\s\S]|''|[^'\\])*'/y],
  ['text', /'(?:''|[^'])*'/y],
  ['quoted', /"(?:""|[^"])*"/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['number', /(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['sign', /:=|=>|[\s\S]/uy],
];

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(SKIPPED, sql, at)?.length ?? 0;
    if (at >= sql.length) return tokens;
    for (const [kind, pattern] of PIECES) {
      const found = matchAt(pattern, sql, at);
      if (found === undefined) continue;
      const text = kind === 'quoted' ? found.slice(1, -1).replaceAll('""', '"') : found;
      tokens.push({ kind, text, start: at, end: at + found.length });
      at += found.length;
      break;
    }
  }
}

/** By the index of an opening parenthesis or bracket, that of the closing one; those that are never closed are left out. */
export function pairsOf(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  tokens.forEach((t, i) => {
    if (t.kind !== 'sign') return;
    if (t.text === '(' || t.text === '[') open.push(i);
    if (t.text !== ')' && t.text !== ']') return;
    const first = open.pop();
    if (first !== undefined) pairs.set(first, i);
  });
  return pairs;
}

/** A text put together from parts of another one: where in that one each place comes from. */
export class Patched {
  private readonly parts: { readonly at: number; readonly from: number; readonly moves: boolean }[] = [];
  private built = '';

  get sql(): string {
    return this.built;
  }

  /** A part as it stands in `source`. */
  keep(source: string, start: number, end: number): this {
    this.parts.push({ at: this.built.length, from: start, moves: true });
    this.built += source.slice(start, end);
    return this;
  }

  /** Text that stands for what was at `from`. */
  write(text: string, from: number): this {
    this.parts.push({ at: this.built.length, from, moves: false });
    this.built += text;
    return this;
  }

  add(other: Patched): this {
    const { length } = this.built;
    for (const p of other.parts) this.parts.push({ ...p, at: p.at + length });
    this.built += other.built;
    return this;
  }

  origin(position: number): number {
    const part = this.parts.findLast((p) => p.at <= position);
    if (!part) return position;
    return part.from + (part.moves ? position - part.at : 0);
  }
}
