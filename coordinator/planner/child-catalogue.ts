/** What the child process knows of datasets, and the changes that bring it to a request's view. */
import type { ChildTable } from './child-protocol.ts';

interface Known {
  readonly handle: string;
  readonly name: string;
  readonly version: string;
}

/** A dataset, or a relation that a plan names. */
export interface NamedTable {
  readonly name: string;
  /** Another one under the same name has another version. */
  readonly version: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows?: number;
}

export interface CatalogueChanges<Table extends NamedTable> {
  readonly create: readonly ChildTable[];
  readonly drop: readonly string[];
  readonly byHandle: ReadonlyMap<string, Table>;
}

export class ChildCatalogue {
  /** By lower-case name: SQL names ignore case. */
  private readonly known = new Map<string, Known>();
  private nextHandle = 1;

  /** After a restart of the child. */
  forget(): void {
    this.known.clear();
  }

  /**
   * A dataset the request doesn't name must not be visible: it may belong to somebody else. Of several tables of one name the first one
   * is visible.
   */
  changesFor<Table extends NamedTable>(tables: readonly Table[]): CatalogueChanges<Table> {
    const create: ChildTable[] = [];
    const byHandle = new Map<string, Table>();
    const wanted = new Set<string>();
    for (const d of tables) {
      const key = d.name.toLowerCase();
      if (wanted.has(key)) continue;
      wanted.add(key);
      let known = this.known.get(key);
      if (known?.version !== d.version || known.name !== d.name) {
        known = { handle: `t${this.nextHandle++}`, name: d.name, version: d.version };
        this.known.set(key, known);
        create.push({
          handle: known.handle,
          name: d.name,
          columns: d.columns.map((c) => ({ name: c.name, type: c.type })),
          ...(d.rows === undefined ? {} : { rows: d.rows }),
        });
      }
      byHandle.set(known.handle, d);
    }
    const drop: string[] = [];
    for (const [key, k] of this.known) {
      if (wanted.has(key)) continue;
      drop.push(k.name);
      this.known.delete(key);
    }
    return { create, drop, byHandle };
  }
}
