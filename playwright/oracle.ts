/** Native DuckDB over the same files: what the grid's answers are compared with. */
import { type DuckDBConnection, DuckDBInstance, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';

/** A result in the REST contract's JSON form. */
export interface JsonResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

export class Oracle {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** `files`: view name -> path of a file that DuckDB reads by its extension. */
  static async open(files: Readonly<Record<string, string>>, threads = 2): Promise<Oracle> {
    const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
    const connection = await instance.connect();
    await connection.run("set timezone='UTC'");
    for (const [name, path] of Object.entries(files)) {
      await connection.run(`create table "${name}" as from '${path.replaceAll("'", "''")}'`);
    }
    return new Oracle(connection);
  }

  async run(sql: string): Promise<JsonResult> {
    const reader = await this.#connection.runAndReadAll(sql);
    const types = reader.columnTypes();
    return {
      columns: reader.columnNames().map((name, i) => ({ name, type: String(types[i]) })),
      rows: reader.getRows().map((row) => row.map((value, i) => jsonValue(value, types[i]?.typeId ?? DuckDBTypeId.INVALID))),
    };
  }

  close(): void {
    this.#connection.closeSync();
  }
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A value as the REST contract writes it; only the types that tests compare. */
function jsonValue(value: DuckDBValue, typeId: DuckDBTypeId): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value > SAFE || value < -SAFE || typeId === DuckDBTypeId.HUGEINT ? hugeOrNumber(value) : Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeId === DuckDBTypeId.TIMESTAMP || typeId === DuckDBTypeId.TIMESTAMP_TZ) return String(value).replace(' ', 'T');
  return String(value);
}

const hugeOrNumber = (value: bigint): unknown => (value > SAFE || value < -SAFE ? String(value) : Number(value));
