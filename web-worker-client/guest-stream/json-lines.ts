/** Lines of JSON as columns of a schema: one object a line, each column by its name; what is not there is NULL. */
import type { Canonicaliser } from '../../shared/arrow/canonical.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType } from '../../shared/arrow/types.ts';
import { columnOfValues, ValueError } from '../../shared/cells/value-columns.ts';
import { authorError, type GuestError } from '../../shared/guest/guest-error.ts';
import type { LineBlock } from './formats-out.ts';

const LINE_FEED = 10;

const badLine = (line: number, why: string): GuestError =>
  authorError(
    'guest-format',
    `Line ${line + 1} of the program's output ${why}`,
    'With the format jsonl every line is one JSON object whose fields fit the columns; integers beyond 2^53 are written as strings.',
  );

function parseLine(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badLine(line, `is no JSON: ${(error as Error).message}.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw badLine(line, 'is no JSON object.');
}

export function jsonLines(schema: readonly WireColumn[]): LineBlock {
  const columns = schema.map(({ name, wire }) => ({ name, type: parseSqlType(wire) }));
  return (block: Uint8Array, rowsBefore: number, rows: Canonicaliser): number => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const values: unknown[][] = columns.map(() => []);
    let count = 0;
    for (let from = 0; from < block.length; ) {
      const found = block.indexOf(LINE_FEED, from);
      const to = found < 0 ? block.length : found;
      let text: string;
      try {
        text = decoder.decode(block.subarray(from, to));
      } catch {
        throw badLine(rowsBefore + count, 'is no UTF-8.');
      }
      const object = parseLine(text, rowsBefore + count);
      columns.forEach(({ name }, i) => {
        values[i]?.push(Object.hasOwn(object, name) ? object[name] : null);
      });
      count++;
      from = to + 1;
    }
    const views = columns.map(({ name, type }, i) => {
      try {
        return columnOfValues(type, values[i] ?? []);
      } catch (error) {
        if (error instanceof ValueError) throw badLine(rowsBefore + error.row, `has a wrong ${name}: ${error.why}.`);
        throw error;
      }
    });
    rows.addColumns(views, count);
    return count;
  };
}
