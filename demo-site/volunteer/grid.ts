/**
 * The page's side of joining. The client is loaded only when the volunteer has agreed, so that nothing of it weighs or runs before.
 * The types say what the page needs of it; its own may be richer.
 */
export interface GridTask {
  readonly slot: number;
  readonly title: string;
  readonly phase: 'fetching' | 'waiting' | 'computing' | 'stopping';
}

export interface GridSnapshot {
  readonly state: 'disconnected' | 'connecting' | 'idle' | 'working' | 'draining' | 'paused' | 'left';
  /** One sentence that says why. */
  readonly words: string;
  readonly traits: { readonly slots: number; readonly share: number };
  readonly current: readonly GridTask[];
  readonly contribution: { readonly tasks: number; readonly rows: number; readonly cpuSeconds: number };
  /** Absent once the engine is there. `totalBytes` is 0 where the server did not say. */
  readonly engine?: { readonly loadedBytes: number; readonly totalBytes: number };
  readonly storedBytes: number;
  /** Bytes of blocks given to others in this session. */
  readonly servedBytes: number;
}

export interface GridOptions {
  readonly slots: number;
  /** 0..1. */
  readonly share: number;
  readonly token?: string;
  readonly onChange: (snapshot: GridSnapshot) => void;
}

export interface GridHandle {
  pause(): void;
  finishThenPause(): void;
  resume(): void;
  leave(options: { readonly deleteBlocks: boolean }): Promise<void>;
  setSlots(slots: number): void;
  setShare(share: number): void;
}

export async function join(options: GridOptions): Promise<GridHandle> {
  const { joinGrid } = await import('../../web-worker-client/join-grid.ts');
  return joinGrid(options);
}
