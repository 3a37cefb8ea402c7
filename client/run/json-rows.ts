/** A JSON result as it streams in: `{"columns":[{...}],"rows":[[...],...]}`, cut into rows without waiting for its end. */
import type { Cell, ColumnJson, ResultJson } from '../types.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Nesting inside the list of columns, and inside the list of rows after it. */
const IN_LIST = 2;

export class JsonRows {
  /** Undefined until the stream has come to the rows. */
  columns: readonly ColumnJson[] | undefined;
  #text = '';
  /** How far the text was looked at. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Lists opened in the result itself: the second is the rows. */
  #lists = 0;
  /** After the `[` of the rows, while they have not been reached. */
  #rowsBegin = -1;

  /** The rows that `text` completes. Throws SyntaxError for what is no JSON. */
  feed(text: string): readonly (readonly Cell[])[] {
    this.#text += text;
    let end = this.#scan();
    if (this.columns === undefined) {
      if (this.#rowsBegin < 0) return [];
      this.columns = (JSON.parse(`${this.#text.slice(0, this.#rowsBegin)}]}`) as ResultJson).columns;
      end -= this.#rowsBegin;
      this.#drop(this.#rowsBegin);
    }
    if (end <= 0) return [];
    const rows = JSON.parse(`[${this.#text.slice(this.#text.startsWith(',') ? 1 : 0, end)}]`) as (readonly Cell[])[];
    this.#drop(end);
    return rows;
  }

  #drop(chars: number): void {
    this.#text = this.#text.slice(chars);
    this.#at -= chars;
  }

  /** Follows the nesting to the end of the text. Returns the offset after the last row that is complete, or -1. */
  #scan(): number {
    const text = this.#text;
    let end = -1;
    for (; this.#at < text.length; this.#at += 1) {
      const char = text.charCodeAt(this.#at);
      if (this.#inString) this.#within(char);
      else if (char === QUOTE) this.#inString = true;
      else if (char === OPEN_LIST || char === OPEN_OBJECT) {
        this.#depth += 1;
        if (char === OPEN_LIST && this.#depth === IN_LIST && ++this.#lists === 2) this.#rowsBegin = this.#at + 1;
      } else if (char === CLOSE_LIST || char === CLOSE_OBJECT) {
        this.#depth -= 1;
        if (char === CLOSE_LIST && this.#depth === IN_LIST) end = this.#at + 1;
      }
    }
    return end;
  }

  #within(char: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (char === BACKSLASH) this.#isEscaped = true;
    else if (char === QUOTE) this.#inString = false;
  }
}

/**
 * The rows of a JSON result, as many at a time as came together; with the columns. Stops reading, and lets the connection go, when
 * its reader does. Throws what reading the body throws.
 */
export async function* jsonRows(
  response: Response,
): AsyncGenerator<{ readonly columns: readonly ColumnJson[]; readonly rows: readonly (readonly Cell[])[] }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  const parser = new JsonRows();
  let isDone = false;
  let isFirst = true;
  try {
    while (!isDone) {
      const piece = await reader.read();
      isDone = piece.done;
      const rows = parser.feed(decoder.decode(piece.value, { stream: !isDone }));
      const { columns } = parser;
      // Columns are told also when there is no row.
      if (columns !== undefined && (rows.length > 0 || isFirst)) {
        isFirst = false;
        yield { columns, rows };
      }
    }
  } finally {
    if (!isDone) await reader.cancel();
  }
}
