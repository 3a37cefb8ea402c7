import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CoordinatorBlocks } from '../../blocks/coordinator-blocks.ts';
import { openStore, type Store } from '../../store/open.ts';
import { Catalog, type CatalogOptions } from '../catalog.ts';
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
