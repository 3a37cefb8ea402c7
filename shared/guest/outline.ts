/** What a module consists of, as far as admission must know: read from its sections without compiling it. */
import { BinaryReader } from './binary-reader.ts';
import type { Feature } from './features.ts';
import { checkValueType, type OnFeature, scanInstructions } from './opcode-scan.ts';
import { readSections, SECTION, type Section } from './sections.ts';

export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
  readonly flags: number;
  readonly at: number;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  /** 0 function, 1 table, 2 memory, 3 global, 4 tag. */
  readonly kind: number;
  readonly signature: string;
  readonly at: number;
}

export interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
  /** Of a function. */
  readonly signature: string;
}

export interface Table {
  readonly type: number;
  readonly limits: Limits;
}

export interface Outline {
  readonly sections: readonly Section[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly memories: readonly Limits[];
  readonly tables: readonly Table[];
  readonly functions: number;
  readonly hasStart: boolean;
  readonly features: ReadonlySet<Feature>;
}

export interface FeatureSite {
  readonly at: number;
  /** Index of the function whose body it stands in. */
  readonly function?: number;
}

/** Called at every feature met for the first time; throws to refuse it. */
export type Judge = (feature: Feature, site: FeatureSite) => void;

const LETTERS: Readonly<Record<number, string>> = { 127: 'i', 126: 'I', 125: 'f', 124: 'F', 123: 'v', 112: 'r', 111: 'x' };

class OutlineReader {
  readonly #bytes: Uint8Array;
  readonly #judge: Judge;
  readonly features = new Set<Feature>();
  readonly types: string[] = [];
  /** Type index of each function, imports first. */
  readonly functionTypes: number[] = [];
  readonly imports: Import[] = [];
  readonly exports: { name: string; kind: number; index: number }[] = [];
  readonly memories: Limits[] = [];
  readonly tables: Table[] = [];
  hasStart = false;
  #function: number | undefined;

  constructor(bytes: Uint8Array, judge: Judge) {
    this.#bytes = bytes;
    this.#judge = judge;
  }

  readonly #onFeature: OnFeature = (feature, at) => {
    if (this.features.has(feature)) return;
    this.#judge(feature, { at, ...(this.#function === undefined ? {} : { function: this.#function }) });
    this.features.add(feature);
  };

  read(section: Section): void {
    const reader = new BinaryReader(this.#bytes, section.body, section.end);
    this.#readBody(reader, section);
    if (!reader.done) reader.damaged('a section is longer than what it holds');
  }

  #readBody(reader: BinaryReader, section: Section): void {
    const each = (bytesEach: number, read: () => void): void => this.#each(reader, bytesEach, read);
    const readers: Readonly<Record<number, () => void>> = {
      [SECTION.TYPE]: () => each(3, () => this.#type(reader)),
      [SECTION.IMPORT]: () => each(4, () => this.#import(reader)),
      [SECTION.FUNCTION]: () => each(1, () => this.functionTypes.push(reader.u32())),
      [SECTION.TABLE]: () => each(2, () => this.tables.push(this.#table(reader))),
      [SECTION.MEMORY]: () => each(2, () => this.memories.push(this.#limits(reader))),
      [SECTION.GLOBAL]: () => each(3, () => this.#global(reader)),
      [SECTION.EXPORT]: () => each(3, () => this.exports.push({ name: reader.name(), kind: reader.u8(), index: reader.u32() })),
      [SECTION.START]: () => reader.u32(),
      [SECTION.ELEMENT]: () => each(2, () => this.#element(reader)),
      [SECTION.CODE]: () => this.#code(reader),
      [SECTION.DATA]: () => each(2, () => this.#data(reader)),
      [SECTION.DATA_COUNT]: () => reader.u32(),
      [SECTION.TAG]: () => this.#tags(reader),
      [SECTION.CUSTOM]: () => this.#custom(reader, section),
    };
    readers[section.id]?.();
  }

  #tags(reader: BinaryReader): void {
    this.#onFeature('exceptions', reader.at);
    this.#each(reader, 2, () => {
      reader.u8();
      reader.u32();
    });
  }

  #custom(reader: BinaryReader, section: Section): void {
    reader.at = reader.end;
    if (section.name === 'dylink.0' || section.name === 'dylink') this.#onFeature('dynamic-linking', section.at);
  }

  #each(reader: BinaryReader, bytesEach: number, read: () => void): void {
    for (let left = reader.count(bytesEach); left > 0; left--) read();
  }

  #type(reader: BinaryReader): void {
    const at = reader.at;
    const form = reader.u8();
    if (form !== 0x60) {
      this.#onFeature('gc', at);
      return;
    }
    const values = (): string => {
      let letters = '';
      for (let left = reader.count(); left > 0; left--) letters += LETTERS[checkValueType(reader, this.#onFeature)] ?? '?';
      return letters;
    };
    this.types.push(`${values()}:${values()}`);
  }

  #import(reader: BinaryReader): void {
    const at = reader.at;
    const module = reader.name();
    const name = reader.name();
    const kind = reader.u8();
    let signature = '';
    if (kind === 0) {
      const type = reader.u32();
      this.functionTypes.push(type);
      signature = this.types[type] ?? '?';
    } else if (kind === 1) this.#table(reader);
    else if (kind === 2) this.#limits(reader);
    else if (kind === 3) {
      checkValueType(reader, this.#onFeature);
      reader.u8();
    } else if (kind === 4) {
      reader.u8();
      reader.u32();
    } else reader.damaged('an unknown kind of import');
    this.imports.push({ module, name, kind, signature, at });
  }

  #table(reader: BinaryReader): Table {
    const at = reader.at;
    const type = reader.u8();
    if (type !== 0x70 && type !== 0x6f) this.#onFeature('gc', at);
    return { type, limits: this.#limits(reader) };
  }

  #limits(reader: BinaryReader): Limits {
    const at = reader.at;
    const flags = reader.u8();
    if (flags & 2) this.#onFeature('threads', at);
    if (flags & 4) this.#onFeature('memory64', at);
    if (flags > 1) this.#onFeature('unknown', at);
    const min = reader.u32();
    return { at, flags, min, max: flags & 1 ? reader.u32() : undefined };
  }

  #global(reader: BinaryReader): void {
    checkValueType(reader, this.#onFeature);
    const at = reader.at;
    if (reader.u8() > 1) this.#onFeature('threads', at);
    scanInstructions(reader, this.#onFeature, true);
  }

  #element(reader: BinaryReader): void {
    const at = reader.at;
    const flags = reader.u32();
    if (flags > 7) {
      this.#onFeature('unknown', at);
      return;
    }
    const passive = (flags & 1) !== 0;
    if (!passive && (flags & 2) !== 0) reader.u32();
    if (!passive) scanInstructions(reader, this.#onFeature, true);
    if ((flags & 3) !== 0) {
      const kind = reader.u8();
      if ((flags & 4) !== 0 && kind !== 0x70 && kind !== 0x6f) this.#onFeature('gc', reader.at - 1);
    }
    this.#each(reader, 1, () => {
      if ((flags & 4) !== 0) scanInstructions(reader, this.#onFeature, true);
      else reader.u32();
    });
  }

  #code(reader: BinaryReader): void {
    let index = this.imports.filter((i) => i.kind === 0).length;
    this.#each(reader, 2, () => {
      const size = reader.u32();
      const from = reader.at;
      reader.skip(size);
      this.#function = index++;
      const body = new BinaryReader(this.#bytes, from, from + size);
      this.#each(body, 2, () => {
        body.u32();
        checkValueType(body, this.#onFeature);
      });
      scanInstructions(body, this.#onFeature);
      if (this.#bytes[from + size - 1] !== 0x0b) body.damaged('a function without its end');
    });
    this.#function = undefined;
  }

  #data(reader: BinaryReader): void {
    const at = reader.at;
    const flags = reader.u32();
    if (flags > 2) {
      this.#onFeature('unknown', at);
      return;
    }
    if (flags === 2 && reader.u32() !== 0) this.#onFeature('multi-memory', at);
    if (flags !== 1) scanInstructions(reader, this.#onFeature, true);
    reader.skip(reader.count());
  }
}

/** Reads a module's sections; the header must have been checked. Throws AdmissionError when they are damaged, and what `judge` throws. */
export function readOutline(bytes: Uint8Array, judge: Judge): Outline {
  const sections = readSections(bytes);
  const reader = new OutlineReader(bytes, judge);
  for (const section of sections) reader.read(section);
  const { imports, memories, tables, hasStart, features, functionTypes, types } = reader;
  const exports = reader.exports.map((e) => ({
    ...e,
    signature: e.kind === 0 ? (types[functionTypes[e.index] ?? -1] ?? '?') : '',
  }));
  return { sections, imports, exports, memories, tables, functions: functionTypes.length, hasStart, features };
}
