import { ProtocolError, readFrame } from '../sessions/messages.ts';

const LENGTH_BYTES = 4;

/**
 * A binary frame in the fragments in which it came (Chromium cuts a piece of 1 MiB into nine): joining them would copy all of it into
 * fresh memory. Throws ProtocolError.
 */
export function readFragments(
  fragments: readonly Buffer[],
  limits: { readonly text: number; readonly binary: number },
): { readonly message: unknown; readonly payload: readonly Uint8Array[] } {
  let bytes = 0;
  for (const fragment of fragments) bytes += fragment.byteLength;
  if (bytes > limits.binary) throw new ProtocolError(`frame of ${bytes} bytes is over the limit of ${limits.binary}`);
  const [first = Buffer.alloc(0), ...rest] = fragments;
  const isHeaderWhole = first.length >= LENGTH_BYTES && first.length >= LENGTH_BYTES + first.readUInt32LE(0);
  const { message, payload } = readFrame(isHeaderWhole ? first : Buffer.concat(fragments), true, limits);
  if (!payload) throw new ProtocolError('a binary frame has a payload');
  const parts = isHeaderWhole ? [payload, ...rest] : [payload];
  const filled = parts.filter((part) => part.byteLength > 0);
  return { message, payload: filled.length > 0 ? filled : [payload] };
}
