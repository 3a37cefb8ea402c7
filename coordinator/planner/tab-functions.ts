/** Functions that native DuckDB has and DuckDB-WASM lacks (JSON, ICU). tab-functions.test.ts compares both engines' own lists. */
export const MISSING_IN_TABS: ReadonlySet<string> = new Set([]);

export function missingInTabs(name: string): boolean {
  return MISSING_IN_TABS.has(name.toLowerCase());
}
