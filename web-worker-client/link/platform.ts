/**
 * What the link needs from where it runs. A browser's dedicated worker and a Node process each have one implementation; the
 * rest of the link is the same for both.
 */
import type { EngineAssets, SlotPlatform } from '../../shared/slots/slot-handle.ts';
import type { BlockCache } from '../blocks/block-cache.ts';

export type { EngineAssets, SpawnedSlot } from '../../shared/slots/slot-handle.ts';

export interface Socket {
  /** Queues one frame: text for a string, binary for bytes. Silently drops it when the socket is no longer open. */
  send(frame: string | Uint8Array<ArrayBuffer>): void;
  /** `code` is 1000 or 3000-4999. */
  close(code: number, reason: string): void;
  /** Bytes queued and not yet handed to the network. */
  bufferedBytes(): number;
}

/** `closed` comes exactly once, also where the socket never opened. */
export interface SocketEvents {
  opened(): void;
  text(frame: string): void;
  binary(frame: Uint8Array): void;
  closed(code: number, reason: string): void;
}

export interface EngineProgress {
  readonly loadedBytes: number;
  /** 0 where the server did not say. */
  readonly totalBytes: number;
}

export interface Platform extends SlotPlatform {
  readonly mode: 'full' | 'basic' | 'headless';
  /** Milliseconds since 1970, for the cache's `lastUsed` only. */
  wallMs(): number;
  randomBytes(count: number): Uint8Array;
  openSocket(url: string, events: SocketEvents): Socket;
  loadEngine(onProgress: (progress: EngineProgress) => void): Promise<EngineAssets>;
  openBlockCache(): Promise<BlockCache>;
  /**
   * Takes a name for as long as this worker lives; false: another tab of this profile has it. Absent where the browser can't tell:
   * then the coordinator has to.
   */
  claim?(name: string): Promise<boolean>;
}

/** Uniform in [0, 1) from the platform's random bytes. */
export function randomUnit(randomBytes: (count: number) => Uint8Array): number {
  const bytes = randomBytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) / 4294967296;
}
