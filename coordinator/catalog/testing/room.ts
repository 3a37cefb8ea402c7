import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { CoordinatorBlocks } from '../../blocks/coordinator-blocks.ts';
import { openStore, type Store } from '../../store/open.ts';
import { Catalog, type CatalogOptions, type IngestFileRequest, type IngestOutcome } from '../catalog.ts';
import { ingestChildForTests } from './child.ts';

export const VEGA = resolve(import.meta.dirname, '../../../node_modules/vega-datasets/data');

/** A catalogue in a folder of its own, that can be closed and opened again as a restart would. */
export class CatalogRoom {
  readonly dir: string;
  readonly #more: Partial<CatalogOptions>;
  store!: Store;
  blocks!: CoordinatorBlocks;
  catalog!: Catalog;

  private constructor(dir: string, more: Partial<CatalogOptions>) {
    this.dir = dir;
    this.#more = more;
  }

  static async open(more: Partial<CatalogOptions> = {}): Promise<CatalogRoom> {
    const room = new CatalogRoom(await mkdtemp(join(tmpdir(), 'muster-catalog-')), more);
    await room.start();
    return room;
  }

  async restart(): Promise<void> {
    await this.store.close();
    await this.start();
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  ingest(name: string, path: string, more: Partial<IngestFileRequest> = {}): Promise<IngestOutcome> {
    return this.catalog.ingest({ name, path, owner: 'admin', ...more });
  }

  /** A file in this room that native DuckDB writes; `$FILE` in the SQL stands for its path. */
  async makeFile(name: string, sql: string): Promise<string> {
    const path = join(this.dir, name);
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    await connection.run(sql.replace('$FILE', path));
    connection.closeSync();
    return path;
  }

  /** What an ingest has left half done. */
  async leftovers(): Promise<string[]> {
    const folders = ['temp', 'blocks/chunks/incoming'].map((folder) => readdir(join(this.dir, folder)));
    return (await Promise.all(folders)).flat();
  }

  private async start(): Promise<void> {
    this.store = await openStore(this.dir);
    this.blocks = await CoordinatorBlocks.open({ dir: join(this.dir, 'blocks') });
    this.catalog = await Catalog.open({
      store: this.store,
      blocks: this.blocks,
      tempDir: join(this.dir, 'temp'),
      childEntry: await ingestChildForTests(),
      ...this.#more,
    });
  }
}
