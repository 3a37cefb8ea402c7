import { open } from 'node:fs/promises';
import { FlatbufferReader } from '../../../shared/arrow/flatbuffer.ts';
import { ChildFailure } from './failures.ts';

const FILE_MAGIC = 'ARROW1';
const HEADER_DICTIONARY_BATCH = 2;
const HEADER_RECORD_BATCH = 3;

/**
 * Walks over the messages of an Arrow file or stream without their bodies: counts the rows, and refuses compressed bodies, which
 * apache-arrow would take for plain ones. @throws ChildFailure
 */
export async function scanArrow(path: string, fileName: string): Promise<{ readonly rows: number }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (position: number, bytes: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, position);
      return buffer.subarray(0, bytesRead);
    };
    let at = (await read(0, FILE_MAGIC.length)).toString('latin1') === FILE_MAGIC ? 8 : 0;
    let rows = 0;
    while (at + 8 <= size) {
      const head = await read(at, 8);
      const marked = head.readUInt32LE(0) === 0xffffffff;
      const metaBytes = marked ? head.readInt32LE(4) : head.readInt32LE(0);
      const metaAt = at + (marked ? 8 : 4);
      if (metaBytes === 0) return { rows };
      if (metaBytes < 0 || metaAt + metaBytes > size) throw cutShort(fileName);
      const message = readMessage(await read(metaAt, metaBytes));
      if (message.compressed) {
        throw new ChildFailure({
          code: 'bad-file',
          message: `The record batches of ${fileName} are compressed, which Muster cannot read.`,
          hint: 'Save it again uncompressed (in pyarrow: compression="uncompressed"), or as parquet.',
        });
      }
      rows += message.rows;
      at = metaAt + metaBytes + message.bodyBytes;
      if (at > size) throw cutShort(fileName);
    }
    // A stream may end without its mark; apache-arrow reads it as far as it goes.
    return { rows };
  } finally {
    await file.close();
  }
}

function readMessage(bytes: Uint8Array): { readonly rows: number; readonly bodyBytes: number; readonly compressed: boolean } {
  const meta = new FlatbufferReader(bytes);
  const message = meta.root();
  const kind = meta.int8(message, 1);
  const bodyBytes = meta.int64(message, 3);
  const header = meta.target(message, 2);
  if (kind === HEADER_RECORD_BATCH) return { rows: meta.int64(header, 0), bodyBytes, compressed: meta.field(header, 3) !== 0 };
  if (kind === HEADER_DICTIONARY_BATCH) return { rows: 0, bodyBytes, compressed: meta.field(meta.target(header, 1), 3) !== 0 };
  return { rows: 0, bodyBytes, compressed: false };
}

function cutShort(fileName: string): ChildFailure {
  return new ChildFailure({
    code: 'bad-file',
    message: `${fileName} ends within a record batch.`,
    hint: 'Check that the file was copied whole.',
  });
}
