/** The sections of a module: where each begins and ends, in the order that the format demands. */
import { BinaryReader } from './binary-reader.ts';

export const SECTION = {
  CUSTOM: 0,
  TYPE: 1,
  IMPORT: 2,
  FUNCTION: 3,
  TABLE: 4,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  ELEMENT: 9,
  CODE: 10,
  DATA: 11,
  DATA_COUNT: 12,
  TAG: 13,
} as const;

/** The order in which sections must come; custom ones may stand anywhere. */
const { TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, START, ELEMENT, DATA_COUNT, CODE, DATA } = SECTION;
const ORDER: readonly number[] = [
  TYPE,
  IMPORT,
  FUNCTION,
  TABLE,
  MEMORY,
  TAG,
  GLOBAL,
  EXPORT,
  START,
  ELEMENT,
  DATA_COUNT,
  CODE,
  DATA,
];

export interface Section {
  readonly id: number;
  /** Where its id stands, where its body begins, and where it ends. */
  readonly at: number;
  readonly body: number;
  readonly end: number;
  /** Of a custom section. */
  readonly name?: string;
}

/** Throws AdmissionError when they are damaged or out of order. */
export function readSections(bytes: Uint8Array): Section[] {
  const reader = new BinaryReader(bytes, 8);
  const sections: Section[] = [];
  let last = -1;
  while (!reader.done) {
    const at = reader.at;
    const id = reader.u8();
    const size = reader.count();
    const body = reader.at;
    if (id !== SECTION.CUSTOM) {
      const place = ORDER.indexOf(id);
      if (place === -1) reader.damaged('an unknown section');
      if (place <= last) reader.damaged('sections out of order, or twice the same');
      last = place;
    }
    const name = id === SECTION.CUSTOM ? new BinaryReader(bytes, body, body + size).name() : undefined;
    sections.push({ id, at, body, end: body + size, ...(name === undefined ? {} : { name }) });
    reader.at = body + size;
  }
  return sections;
}
