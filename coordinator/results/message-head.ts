/** What stands before the body of an Arrow IPC message. */
import { FlatbufferReader } from '../../shared/arrow/flatbuffer.ts';
import { IpcError } from '../../shared/arrow/ipc.ts';

/** A mark and the length of the metadata. */
export const PREFIX_BYTES = 8;
/** Metadata grows with columns, not with rows. */
const METADATA_MOST_BYTES = 64 * 1024 * 1024;

/** Bytes of metadata that follow a prefix; 0 at the end of a stream. @throws IpcError */
export function metadataBytes(prefix: Uint8Array, mostBytes: number): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  if (view.getUint32(0, true) !== 0xffffffff) throw new IpcError('a message does not begin with the continuation mark');
  const bytes = view.getInt32(4, true);
  if (bytes < 0 || bytes > Math.min(mostBytes, METADATA_MOST_BYTES)) throw new IpcError('the stream ends within a message');
  return bytes;
}

/** Bytes of the body that follows. @throws IpcError */
export function bodyBytes(metadata: Uint8Array, mostBytes: number): number {
  const reader = new FlatbufferReader(metadata);
  const bytes = reader.int64(reader.root(), 3);
  if (bytes < 0 || bytes > mostBytes) throw new IpcError('the stream ends within a message body');
  return bytes;
}
