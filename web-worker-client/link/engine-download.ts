/** Fetches and compiles the engine once for all slots, telling how far it is. */
import type { EngineAssets, EngineProgress } from './platform.ts';

/** The engine's size unpacked, for the bar, where a compressed response hides it. */
const ABOUT_BYTES = 37_800_000;

/** Throws in words when the file can't be had or is no module. */
export async function downloadEngine(url: string, onProgress: (progress: EngineProgress) => void): Promise<EngineAssets> {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`the engine's file was not found (HTTP ${response.status})`);
  const encoded = response.headers.get('content-encoding') !== null;
  const length = Number(response.headers.get('content-length') ?? 0);
  let totalBytes = encoded || length === 0 ? ABOUT_BYTES : length;
  let loadedBytes = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        loadedBytes += chunk.byteLength;
        totalBytes = Math.max(totalBytes, loadedBytes);
        onProgress({ loadedBytes, totalBytes });
        controller.enqueue(chunk);
      },
    }),
  );
  // Compiles while it downloads.
  const wasm = new Response(counted, { headers: { 'content-type': 'application/wasm' } });
  return { engineUrl: url, engineModule: await WebAssembly.compileStreaming(wasm) };
}
