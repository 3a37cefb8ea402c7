import { beforeAll, expect, test } from 'vitest';
import { loadHashes } from '../hash.ts';
import { rowsOf, streamOf } from './testing.ts';

beforeAll(loadHashes);

test.each([0, 1, 2, 3, 4, 5, 6, 7])('a stream is read %i bytes into what holds it, as Node gives files and frames', (offset) => {
  const rows = [
    ['längeres', [1n, null], { months: 1, days: 2, nanos: 3000n }],
    [null, null, null],
    ['', [], { months: 0, days: 0, nanos: 0n }],
  ];
  const wires = ['VARCHAR', 'BIGINT[]', 'INTERVAL'];
  const stream = streamOf(wires.map((wire, column) => ({ wire, values: rows.map((row) => row[column]) })));
  const array = new Uint8Array(offset + stream.length);
  array.set(stream, offset);
  expect(rowsOf(array.subarray(offset))).toEqual(rows);
  // A Buffer's slice() shares its bytes, and so does not mend where they begin.
  expect(rowsOf(Buffer.from(array.buffer, offset))).toEqual(rows);
});
