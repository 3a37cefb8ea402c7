import { bundledEntry } from '../../testing/bundled-entry.ts';

export const bundledCompileChild = (): Promise<URL> =>
  bundledEntry(new URL('../compile-child.ts', import.meta.url), 'compile-child');
