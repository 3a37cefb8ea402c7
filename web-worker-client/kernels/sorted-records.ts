/**
 * Rows' numbers in the order of their keys: a radix sort of the bits in which rows differ, least significant first (Knuth, The Art of
 * Computer Programming 3, 5.2.5). Equals stay in the order they came.
 */

import { IpcError } from '../../shared/arrow/ipc.ts';
import { parseSqlType } from '../../shared/arrow/types.ts';
import type { SortKey } from '../../shared/plan/physical.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { SegmentedColumn } from './row-segments.ts';

/** Of a record (sort.as.ts). */
export const RECORD_BYTES = 12;
const WORD_BITS = 64;
/** A digit's counts stay in the processor's nearest caches; 4096 places are about as many as it writes to at once. */
const DIGIT_BITS_MOST = 12;
const DIGITS_MOST = Math.ceil(WORD_BITS / DIGIT_BITS_MOST);

/** In the order of keyBounds and addKey in sort.as.ts. */
const KINDS: readonly (readonly string[])[] = [
  ['TINYINT'],
  ['SMALLINT'],
  ['INTEGER', 'DATE'],
  ['BIGINT', 'TIME', 'TIME_NS', 'TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP WITH TIME ZONE', 'DECIMAL'],
  ['UTINYINT'],
  ['USMALLINT'],
  ['UINTEGER'],
  ['UBIGINT'],
  ['FLOAT'],
  ['DOUBLE'],
];

/** A key as the sort sees it, most significant first: where its bits come from, and how many there are. */
interface Digits {
  readonly bits: number;
  readonly add: (shift: number, records: number, asTheyCame: boolean) => void;
}

/** Address of the records, in order. `wires`: types of the columns. Throws IpcError, SplitMemoryError. */
export async function sortedRecords(
  memory: KernelMemory,
  columns: readonly SegmentedColumn[],
  wires: readonly string[],
  rows: number,
  keys: readonly SortKey[],
  breathe: () => Promise<void>,
): Promise<number> {
  const { kernel } = memory;
  let records = memory.take(RECORD_BYTES * rows);
  let spare = memory.take(RECORD_BYTES * rows);
  const tables = memory.take(4 * 2 ** DIGIT_BITS_MOST * DIGITS_MOST);
  kernel.newRecords(records, rows);
  const digits = keys.flatMap((key) => digitsOf(memory, columns, wires, rows, key));
  await breathe();
  for (const [at, word] of wordsOf(digits).entries()) {
    if (at > 0) kernel.clearKeys(records, rows);
    for (const { add, shift } of word.parts) add(shift, records, at === 0);
    await breathe();
    if (kernel.inOrder(records, rows)) continue;
    const passes = Math.ceil(word.bits / DIGIT_BITS_MOST);
    const bits = Math.ceil(word.bits / passes);
    const tableBytes = 4 * 2 ** bits;
    memory.bytes.fill(0, tables, tables + passes * tableBytes);
    kernel.countDigits(records, rows, bits, passes, tables);
    for (let pass = 0; pass < passes; pass++) {
      if (kernel.sortByDigit(records, rows, pass * bits, bits, tables + pass * tableBytes, spare)) {
        [records, spare] = [spare, records];
      }
      await breathe();
    }
  }
  return records;
}

function digitsOf(
  memory: KernelMemory,
  columns: readonly SegmentedColumn[],
  wires: readonly string[],
  rows: number,
  { column, descending, nullsFirst }: SortKey,
): readonly Digits[] {
  const { kernel } = memory;
  const given = columns[column];
  const kind = kindOf(wires[column] ?? '');
  if (given === undefined || kind < 0) throw new IpcError(`rows can't be sorted by column ${column}`);
  const { segments, width, validity } = given;
  const bounds = memory.take(16);
  const value = [kind, segments, width, validity, rows, bounds] as const;
  kernel.keyBounds(...value);
  const view = new DataView(memory.bytes.buffer);
  const [least, most] = [view.getBigUint64(bounds, true), view.getBigUint64(bounds + 8, true)];
  const bits = most > least ? (most - least).toString(2).length : 0;
  const nulls: Digits = {
    bits: 1,
    add: (shift, records) => kernel.addNulls(validity, rows, Number(nullsFirst), shift, records),
  };
  const values: Digits = {
    bits,
    add: (shift, records, asTheyCame) => kernel.addKey(...value, Number(descending), shift, records, Number(asTheyCame)),
  };
  return [...(validity === 0 ? [] : [nulls]), ...(bits > 0 ? [values] : [])];
}

/** Words of key, the least significant first. */
function wordsOf(digits: readonly Digits[]) {
  const words: { bits: number; parts: (Digits & { readonly shift: number })[] }[] = [];
  for (const part of digits.toReversed()) {
    let word = words.at(-1);
    if (word === undefined || word.bits + part.bits > WORD_BITS) {
      word = { bits: 0, parts: [] };
      words.push(word);
    }
    word.parts.push({ ...part, shift: word.bits });
    word.bits += part.bits;
  }
  return words;
}

/** How the kernel reads a wire type; -1: it can't sort by it. */
function kindOf(wire: string): number {
  const type = parseSqlType(wire);
  const name = type.id === 'scalar' ? type.name : type.id === 'decimal' ? 'DECIMAL' : '';
  return KINDS.findIndex((names) => names.includes(name));
}
