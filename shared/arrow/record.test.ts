import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../ids.ts';
import { decodeRecordHeader, encodeRecord, RECORD_PREFIX_BYTES, RecordError, recordHeaderBytes } from './record.ts';

const digest = '0f'.repeat(32) as Digest;
const bucket = (text: string, rows: number) => {
  const coded = new TextEncoder().encode(text);
  return { codec: 'raw' as const, coded, bytes: coded.length, rows, digest };
};

test('a record gives its buckets back', () => {
  const record = encodeRecord([bucket('first', 1), bucket('', 0), bucket('third', 3)]);
  const header = decodeRecordHeader(record, record.length);
  expect(header.headerBytes).toBe(recordHeaderBytes(record.subarray(0, RECORD_PREFIX_BYTES)));
  const texts = header.buckets.map((b) => new TextDecoder().decode(record.subarray(b.offset, b.offset + b.storedBytes)));
  expect(texts).toEqual(['first', '', 'third']);
  expect(header.buckets.map((b) => [b.rows, b.bytes, b.codec, b.digest])).toEqual([
    [1, 5, 'raw', digest],
    [0, 0, 'raw', digest],
    [3, 5, 'raw', digest],
  ]);
});

test('a record gives back what was counted, and tells what it cannot be', () => {
  const record = encodeRecord([bucket('first', 1)], { rows: 2.5, words: -1 });
  expect(decodeRecordHeader(record, record.length)).toMatchObject({
    buckets: [{ rows: 1 }],
    accumulators: { rows: 2.5, words: -1 },
  });
  expect(decodeRecordHeader(encodeRecord([bucket('first', 1)]))).not.toHaveProperty('accumulators');
  const long = { ['n'.repeat(65)]: 1 };
  expect(() => decodeRecordHeader(encodeRecord([], long))).toThrow(RecordError);
});

test('damage is a RecordError, never another one', () => {
  const record = encodeRecord([bucket('first', 1), bucket('second', 2)]);
  const { headerBytes } = decodeRecordHeader(record);
  for (let end = 0; end < headerBytes; end++) expect(() => decodeRecordHeader(record.subarray(0, end))).toThrow(RecordError);
  expect(() => decodeRecordHeader(record, record.length - 1)).toThrow(RecordError);
  fc.assert(
    fc.property(fc.nat(headerBytes - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = record.slice();
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      try {
        decodeRecordHeader(damaged, damaged.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }),
  );
});
