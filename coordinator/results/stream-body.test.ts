import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { END_OF_STREAM, parseStream } from '../../shared/arrow/ipc.ts';
import { StreamBody } from './stream-body.ts';
import { nativeSlices } from './testing/native-slices.ts';

let stream: Uint8Array;
let schema: Uint8Array;
let body: Uint8Array;

/** One stream of three batches. */
beforeAll(async () => {
  const { slices } = await nativeSlices("SELECT range AS n, 'text ' || range AS t FROM range(300)", 100);
  const heads = slices.map((slice) => parseStream(slice).schema ?? new Uint8Array());
  schema = heads[0] ?? new Uint8Array();
  body = Buffer.concat(slices.map((slice, i) => slice.subarray(heads[i]?.length ?? 0, slice.length - END_OF_STREAM.length)));
  stream = Buffer.concat([schema, body, END_OF_STREAM]);
});

function passed(bytes: Uint8Array, cuts: readonly number[]) {
  const seen: Uint8Array[] = [];
  const filter = new StreamBody(bytes.length, (message) => seen.push(message));
  const edges = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
  const parts = edges.slice(1).flatMap((edge, i) => filter.take(bytes.subarray(edges[i], edge)));
  filter.end();
  return { schemas: seen, body: Buffer.concat(parts) };
}

test('however a stream is cut, its batches pass and its schema is checked', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 8 }), (cuts) => {
      const result = passed(stream, cuts);
      expect(Buffer.compare(result.body, body)).toBe(0);
      expect(result.schemas.map((seen) => Buffer.compare(seen, schema))).toEqual([0]);
    }),
  );
});

test('what stands behind the end does not pass; a stream needs no end', () => {
  expect(passed(Buffer.concat([stream, Buffer.from('more')]), []).body.length).toBe(body.length);
  expect(passed(stream.subarray(0, -END_OF_STREAM.length), []).body.length).toBe(body.length);
});

test('a stream that is cut short, or none at all, is refused', () => {
  expect(() => passed(stream.subarray(0, -END_OF_STREAM.length - 1), [])).toThrow('within a message');
  expect(() => passed(stream.subarray(0, schema.length + 3), [])).toThrow('within a message');
  expect(() => passed(END_OF_STREAM, [])).toThrow('no schema');
  expect(() => passed(new Uint8Array(40), [])).toThrow('continuation mark');
});
