import { bundledEntry } from '../../testing/bundled-entry.ts';

let bundled: Promise<URL> | undefined;

/** Built once a process. */
export function bundledChild(): Promise<URL> {
  bundled ??= bundledEntry(new URL('../child.ts', import.meta.url), 'planner-child');
  return bundled;
}
