/** Rows of a result that is still being made, as they come: newline-delimited JSON, one row a line. */
import type { Cell } from '../../client/index.ts';

/** Cuts pieces of a text stream into whole lines. */
export class Lines {
  #rest = '';

  take(piece: string): readonly string[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '');
  }

  /** The last line, where no line break ended it. */
  end(): readonly string[] {
    return this.#rest === '' ? [] : [this.#rest];
  }
}

/** A row as ndjson has it, an object, in the order of its columns. */
function cellsOf(line: string): readonly Cell[] {
  return Object.values(JSON.parse(line) as Record<string, Cell>);
}

/** Calls `onRows` with all rows so far, each time more have come. Rejects when the body breaks off. */
export async function readRows(response: Response, onRows: (rows: readonly (readonly Cell[])[]) => void): Promise<void> {
  const rows: (readonly Cell[])[] = [];
  const lines = new Lines();
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    const whole = piece?.value === undefined ? lines.end() : lines.take(decoder.decode(piece.value, { stream: true }));
    for (const line of whole) rows.push(cellsOf(line));
    if (whole.length > 0) onRows(rows);
    if (piece?.value === undefined) return;
  }
}
