/** Splits typed or piped text into SQL statements at semicolons outside quotes and comments. */

export interface Split {
  /** Complete statements, without their semicolons; empty ones are left out. */
  readonly complete: readonly string[];
  /** What follows the last semicolon. */
  readonly rest: string;
}

const QUOTES = ["'", '"'] as const;

export function splitStatements(text: string): Split {
  const complete: string[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    if (text[at] === ';') {
      const statement = text.slice(start, at).trim();
      if (!isBlank(statement)) complete.push(statement);
      start = ++at;
    } else {
      at = skip(text, at);
    }
  }
  return { complete, rest: text.slice(start) };
}

/** True when there is nothing in it but white space and comments. */
export function isBlank(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const next = text.startsWith('--', at) || text.startsWith('/*', at) ? skip(text, at) : at + 1;
    if (next === at + 1 && /\S/.test(text[at] ?? '')) return false;
    at = next;
  }
  return true;
}

/** The index after the token at `at`: a quoted text, a comment, a dollar-quoted text or one character. */
function skip(text: string, at: number): number {
  for (const quote of QUOTES) if (text[at] === quote) return endOf(text, at + 1, quote);
  if (text.startsWith('--', at)) return endOf(text, at + 2, '\n');
  if (text.startsWith('/*', at)) return endOf(text, at + 2, '*/');
  if (text[at] === '$' && !/\w/.test(text[at - 1] ?? '')) {
    const tag = /^\$([A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 130))?.[0];
    if (tag) return endOf(text, at + tag.length, tag);
  }
  return at + 1;
}

function endOf(text: string, from: number, mark: string): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}
