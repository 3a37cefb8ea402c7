/** Binary frames: u32 header length (little endian), JSON header in UTF-8, payload. */
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export class FrameError extends Error {
  override name = 'FrameError';
}

/** One frame of `header` and the concatenation of `parts`; copies each part once. */
export function encodeFrame(header: unknown, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(JSON.stringify(header));
  let size = 4 + head.byteLength;
  for (const part of parts) size += part.byteLength;
  const frame = new Uint8Array(size);
  new DataView(frame.buffer).setUint32(0, head.byteLength, true);
  frame.set(head, 4);
  let at = 4 + head.byteLength;
  for (const part of parts) {
    frame.set(part, at);
    at += part.byteLength;
  }
  return frame;
}

/** The header (unchecked JSON) and a view of the payload. Throws FrameError on a frame that is no frame. */
export function decodeFrame(frame: Uint8Array, maxHeaderBytes: number): { header: unknown; payload: Uint8Array } {
  if (frame.byteLength < 4) throw new FrameError('a binary frame has at least 4 bytes');
  const length = new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0, true);
  if (length > maxHeaderBytes) throw new FrameError(`frame header of ${length} bytes is over the limit of ${maxHeaderBytes}`);
  if (4 + length > frame.byteLength) throw new FrameError('frame header is longer than the frame');
  try {
    const header: unknown = JSON.parse(decoder.decode(frame.subarray(4, 4 + length)));
    return { header, payload: frame.subarray(4 + length) };
  } catch (error) {
    throw new FrameError(`frame header is no JSON: ${(error as Error).message}`);
  }
}
