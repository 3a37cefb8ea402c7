/**
 * What stays loaded. A resident is one run of chunks, or the slices of a stage input that is cached; its columns lie in one table for each time that more of them were
 * asked for (groups), joined by position. Least recently used residents go when there is no room.
 */

import type { ResidentChange } from './api.ts';
import type { EngineConnection } from './engine.ts';

interface Group {
  readonly table: string;
  readonly ordinals: readonly number[];
  readonly bytes: number;
}

interface Resident {
  readonly rows: number;
  groups: Group[];
  /** Tasks that had to join groups since the last merge. */
  joins: number;
}

/** A join by position costs a few milliseconds a query, a merge about as much as ten of them. */
const JOINS_BEFORE_MERGE = 10;

export class Residents {
  readonly #connection: EngineConnection;
  readonly #limitBytes: number;
  /** In order of use, the least recently used first. */
  readonly #residents = new Map<string, Resident>();
  readonly #pinned = new Set<string>();
  readonly #changed = new Set<string>();
  #bytes = 0;

  /** `connection` stays open as long as the engine; `limitBytes` counts bytes inside the engine. */
  constructor(connection: EngineConnection, limitBytes: number) {
    this.#connection = connection;
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ordinals held of a run, in order. */
  ordinals(key: string): number[] {
    const groups = this.#residents.get(key)?.groups ?? [];
    return groups.flatMap((g) => g.ordinals).sort((a, b) => a - b);
  }

  /** Keeps a run from eviction until `unpinAll`, and counts as a use. */
  pin(key: string): void {
    this.#pinned.add(key);
    const resident = this.#residents.get(key);
    if (resident === undefined) return;
    this.#residents.delete(key);
    this.#residents.set(key, resident);
  }

  unpinAll(): void {
    this.#pinned.clear();
  }

  /** Makes room for `bytes` more by dropping runs that are not pinned; false when there can't be that much. */
  reserve(bytes: number): boolean {
    // What can never stay is no reason to drop what does.
    if (bytes > this.#limitBytes) return false;
    for (const key of [...this.#residents.keys()]) {
      if (this.#bytes + bytes <= this.#limitBytes) break;
      if (!this.#pinned.has(key)) this.drop(key);
    }
    return this.#bytes + bytes <= this.#limitBytes;
  }

  /** Takes over a loaded table with columns `c<ordinal>`, `rows` of them. */
  add(key: string, rows: number, group: Group): void {
    const resident = this.#residents.get(key) ?? { rows, groups: [], joins: 0 };
    resident.groups.push(group);
    this.#residents.set(key, resident);
    this.#bytes += group.bytes;
    this.#changed.add(key);
  }

  /** Counts a task that joins groups of a run; true when they should be merged now. */
  countJoin(key: string): boolean {
    const resident = this.#residents.get(key);
    if (resident === undefined) return false;
    resident.joins += 1;
    if (resident.joins < JOINS_BEFORE_MERGE) return false;
    resident.joins = 0;
    return true;
  }

  /** `table` now holds all columns of the run; the groups' tables go. */
  merged(key: string, table: string): void {
    const resident = this.#residents.get(key);
    if (resident === undefined) return;
    const { groups } = resident;
    const bytes = groups.reduce((sum, g) => sum + g.bytes, 0);
    resident.groups = [{ table, ordinals: groups.flatMap((g) => g.ordinals), bytes }];
    for (const group of groups) this.#connection.execute(`DROP TABLE IF EXISTS ${group.table}`);
  }

  /** Rows of a run, or undefined when nothing of it is held. POSITIONAL JOIN would pad unequal tables with NULLs silently. */
  rows(key: string): number | undefined {
    return this.#residents.get(key)?.rows;
  }

  /** The tables that hold these ordinals, each with those it has of them. */
  groupsFor(key: string, ordinals: readonly number[]): { readonly table: string; readonly ordinals: readonly number[] }[] {
    const wanted = new Set(ordinals);
    const groups = this.#residents.get(key)?.groups ?? [];
    return groups
      .map((g) => ({ table: g.table, ordinals: g.ordinals.filter((o) => wanted.has(o)) }))
      .filter((g) => g.ordinals.length > 0);
  }

  drop(key: string): void {
    const resident = this.#residents.get(key);
    if (resident === undefined) return;
    this.#residents.delete(key);
    this.#changed.add(key);
    for (const group of resident.groups) {
      this.#bytes -= group.bytes;
      this.#connection.execute(`DROP TABLE IF EXISTS ${group.table}`);
    }
  }

  /** Drops all that is not pinned; tells whether anything was. */
  dropUnpinned(): boolean {
    const keys = [...this.#residents.keys()].filter((key) => !this.#pinned.has(key));
    for (const key of keys) this.drop(key);
    return keys.length > 0;
  }

  /** Tables that hold residents: what a clean-up must leave alone. */
  tables(): ReadonlySet<string> {
    return new Set([...this.#residents.values()].flatMap((r) => r.groups.map((g) => g.table)));
  }

  /** What changed since the last call, for the link's picture of this slot. */
  takeChanges(): ResidentChange[] {
    const changes = [...this.#changed].map((residentKey) => ({ residentKey, ordinals: this.ordinals(residentKey) }));
    this.#changed.clear();
    return changes;
  }
}
