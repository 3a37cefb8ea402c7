/** The first rows of a JSON result, cut from the stream: a result may be far larger than a page can hold. */
import type { ResultJson } from './types.ts';

export interface ResultHead extends ResultJson {
  /** There are more rows than these. */
  readonly more: boolean;
}

/**
 * Follows the nesting of `{"columns":[{...}],"rows":[[...],...]}` without parsing it. A row ends where a `]` closes the third level;
 * what `columns` holds at that level are objects.
 */
class RowCounter {
  rows = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Reads on until `most` rows have ended; returns the offset after the last one's `]`, or -1 when the text came to its end first. */
  feed(text: string, most: number): number {
    for (let at = 0; at < text.length; at += 1) {
      const char = text[at];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (char === '\\') this.#escaped = true;
        else if (char === '"') this.#inString = false;
      } else if (char === '"') this.#inString = true;
      else if (char === '[' || char === '{') this.#depth += 1;
      else if (char === ']' || char === '}') {
        this.#depth -= 1;
        if (char === ']' && this.#depth === 2) this.rows += 1;
        if (this.rows === most) return at + 1;
      }
    }
    return -1;
  }
}

/** Reads up to `most` + 1 rows (to know whether there are more) and cancels the rest of the body. */
export async function readHead(response: Response, most: number): Promise<ResultHead> {
  const counter = new RowCounter();
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    const piece = decoder.decode(value, { stream: true });
    const cut = counter.feed(piece, most + 1);
    if (cut >= 0) {
      text += `${piece.slice(0, cut)}]}`;
      await reader.cancel();
      break;
    }
    text += piece;
  }
  const { columns, rows } = JSON.parse(text) as ResultJson;
  return { columns, rows: rows.slice(0, most), more: rows.length > most };
}
