/** Reads DuckDB's type names: `DECIMAL(15,2)[]`, `STRUCT(a INTEGER, "b c" MAP(VARCHAR, DATE))`, `ENUM('x', 'y')`. */
import type { SqlType } from './types.ts';

/** Other spellings that DuckDB accepts; the right-hand side is the name it prints. */
const ALIASES: Readonly<Record<string, string>> = {
  BOOL: 'BOOLEAN',
  LOGICAL: 'BOOLEAN',
  INT1: 'TINYINT',
  INT2: 'SMALLINT',
  INT16: 'SMALLINT',
  SHORT: 'SMALLINT',
  INT: 'INTEGER',
  INT4: 'INTEGER',
  INT32: 'INTEGER',
  SIGNED: 'INTEGER',
  INT8: 'BIGINT',
  INT64: 'BIGINT',
  LONG: 'BIGINT',
  INT128: 'HUGEINT',
  UINT8: 'UTINYINT',
  UINT16: 'USMALLINT',
  UINT32: 'UINTEGER',
  UINT64: 'UBIGINT',
  UINT128: 'UHUGEINT',
  FLOAT4: 'FLOAT',
  REAL: 'FLOAT',
  FLOAT8: 'DOUBLE',
  STRING: 'VARCHAR',
  TEXT: 'VARCHAR',
  CHAR: 'VARCHAR',
  BPCHAR: 'VARCHAR',
  BYTEA: 'BLOB',
  BINARY: 'BLOB',
  VARBINARY: 'BLOB',
  BITSTRING: 'BIT',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP_US: 'TIMESTAMP',
  TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE',
  TIMETZ: 'TIME WITH TIME ZONE',
  VARINT: 'BIGNUM',
};

const DEFAULT_DECIMAL = { width: 18, scale: 3 };

export class SqlTypeParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The type, or undefined when the whole text is not the name of one. */
  parse(): SqlType | undefined {
    const type = this.#type();
    this.#spaces();
    return this.#at === this.#text.length ? type : undefined;
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  /** Skips spaces, then `token` if it comes next. */
  #take(token: string): boolean {
    this.#spaces();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    this.#spaces();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Text between two `mark`s, where a doubled mark stands for itself. */
  #quoted(mark: '"' | "'"): string | undefined {
    const found = this.#match(mark === '"' ? /"(?:[^"]|"")*"/y : /'(?:[^']|'')*'/y);
    return found?.slice(1, -1).replaceAll(mark + mark, mark);
  }

  #type(): SqlType | undefined {
    let type = this.#base();
    while (type !== undefined && this.#take('[')) {
      const size = this.#match(/\d+/y);
      if (!this.#take(']')) return undefined;
      type = size === undefined ? { id: 'list', child: type } : { id: 'array', child: type, size: Number(size) };
    }
    return type;
  }

  #base(): SqlType | undefined {
    const word = this.#quoted('"') ?? this.#match(/[A-Za-z_][A-Za-z0-9_]*/y);
    if (word === undefined) return undefined;
    const upper = word.toUpperCase();
    switch (upper) {
      case 'DECIMAL':
      case 'NUMERIC':
      case 'DEC':
        return this.#decimal();
      case 'STRUCT':
      case 'ROW':
        return this.#struct();
      case 'MAP':
        return this.#map();
      case 'ENUM':
        return this.#enum();
      case 'TIMESTAMP':
      case 'TIME':
        if (this.#match(/WITH TIME ZONE/iy) !== undefined) return { id: 'scalar', name: `${upper} WITH TIME ZONE` };
        this.#match(/WITHOUT TIME ZONE/iy);
        return { id: 'scalar', name: upper };
      default:
        return { id: 'scalar', name: ALIASES[upper] ?? upper };
    }
  }

  #decimal(): SqlType | undefined {
    if (!this.#take('(')) return { id: 'decimal', ...DEFAULT_DECIMAL };
    const width = this.#match(/\d+/y);
    const scale = this.#take(',') ? this.#match(/\d+/y) : '0';
    if (width === undefined || scale === undefined || !this.#take(')')) return undefined;
    const valid = Number(width) >= 1 && Number(width) <= 38 && Number(scale) <= Number(width);
    return valid ? { id: 'decimal', width: Number(width), scale: Number(scale) } : undefined;
  }

  #struct(): SqlType | undefined {
    if (!this.#take('(')) return undefined;
    const fields: { name: string; type: SqlType }[] = [];
    do {
      const name = this.#quoted('"') ?? this.#match(/[^\s(),"']+/y);
      const type = name === undefined ? undefined : this.#type();
      if (name === undefined || type === undefined) return undefined;
      fields.push({ name, type });
    } while (this.#take(','));
    return this.#take(')') ? { id: 'struct', fields } : undefined;
  }

  #map(): SqlType | undefined {
    if (!this.#take('(')) return undefined;
    const key = this.#type();
    if (key === undefined || !this.#take(',')) return undefined;
    const value = this.#type();
    return value !== undefined && this.#take(')') ? { id: 'map', key, value } : undefined;
  }

  #enum(): SqlType | undefined {
    if (!this.#take('(')) return undefined;
    const values: string[] = [];
    do {
      const value = this.#quoted("'");
      if (value === undefined) return undefined;
      values.push(value);
    } while (this.#take(','));
    return this.#take(')') ? { id: 'enum', values } : undefined;
  }
}
