import { expect, test } from 'vitest';
import { readHead } from './result-head.ts';

const RESULT = {
  columns: [
    { name: 'a"]', type: 'VARCHAR' },
    { name: 'l', type: 'INTEGER[]' },
  ],
  rows: [
    ['x]]"\\', [1, [2]]],
    ['y', []],
    ['é', [3]],
  ],
};

function response(pieceBytes: number): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(RESULT));
  let at = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + pieceBytes));
        at += pieceBytes;
      },
    }),
  );
}

test('the first rows, however the stream is cut, and whether there are more', async () => {
  for (const pieceBytes of [1, 3, 10_000]) {
    expect(await readHead(response(pieceBytes), 2)).toEqual({ ...RESULT, rows: RESULT.rows.slice(0, 2), more: true });
    expect(await readHead(response(pieceBytes), 3)).toEqual({ ...RESULT, more: false });
    expect(await readHead(response(pieceBytes), 9)).toEqual({ ...RESULT, more: false });
    expect(await readHead(response(pieceBytes), 0)).toEqual({ columns: RESULT.columns, rows: [], more: true });
  }
});

test('a result without rows', async () => {
  const empty = new Response(JSON.stringify({ columns: [{ name: 'a', type: 'INTEGER' }], rows: [] }));
  expect(await readHead(empty, 5)).toEqual({ columns: [{ name: 'a', type: 'INTEGER' }], rows: [], more: false });
});
