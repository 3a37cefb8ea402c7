/** Rows as a guest reads them, and what it writes as rows: guest/SPEC-stream.md, S-20 to S-25 and S-40 to S-46. */
import { describe, expect, test } from 'vitest';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import type { Failure } from '../../shared/failure.ts';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { Prng } from '../../shared/prng.ts';
import { stdinPieces } from './formats-in.ts';
import { stdoutReader } from './formats-out.ts';
import type { StreamFormat } from './run-stream.ts';

type Values = Readonly<Record<string, readonly [wire: string, values: readonly unknown[]]>>;

function tableOf(...tables: readonly Values[]) {
  const columns = Object.entries(tables[0] ?? {}).map(([name, [wire]]) => ({ name, wire }));
  const streams = tables.map((table) =>
    streamOf(Object.entries(table).map(([name, [wire, values]]) => ({ name, wire, values }))),
  );
  return { columns, streams };
}

function bytesOf(format: StreamFormat, ...tables: readonly Values[]): Uint8Array {
  const pieces = [...stdinPieces(format, tableOf(...tables))];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const textOf = (format: StreamFormat, ...tables: readonly Values[]): string =>
  new TextDecoder().decode(bytesOf(format, ...tables));

function read(format: StreamFormat, output: string | Uint8Array, schema?: readonly WireColumn[], cuts: readonly number[] = []) {
  const bytes = typeof output === 'string' ? new TextEncoder().encode(output) : output;
  const reader = stdoutReader(format, schema);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    // The reader may keep nothing of what it is given.
    const piece = bytes.slice(from, cut);
    reader.write(piece);
    piece.fill(0x58);
    from = cut;
  }
  const { columns, stream } = reader.finish();
  return { columns, rows: rowsOf(stream.bytes), bytes: stream.bytes };
}

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (error instanceof GuestError) return error.failure;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('stdin', () => {
  test('S-20: one column as it is, several with tabs, over several streams', () => {
    expect(textOf('lines', { a: ['VARCHAR', ['x', 'déjà', '']] }, { a: ['VARCHAR', ['z']] })).toBe('x\ndéjà\n\nz\n');
    expect(textOf('lines', { a: ['VARCHAR', ['x', 'y']], b: ['INTEGER', [1, -2]] })).toBe('x\t1\ny\t-2\n');
    expect(textOf('lines', { a: ['VARCHAR', []] })).toBe('');
  });

  test('S-22: values of every kind as bare text', () => {
    const row: Values = {
      a: ['BIGINT', [2n ** 60n]],
      b: ['DOUBLE', [0.1]],
      c: ['DECIMAL(9,2)', ['-1.50']],
      d: ['DATE', [1]],
      e: ['TIMESTAMP', [1_500_000n]],
      f: ['BOOLEAN', [true]],
      g: ['BLOB', [Uint8Array.of(255, 0, 1, 2)]],
      h: ['VARCHAR[]', [['a\tb', null]]],
      i: ['INTEGER', [null]],
      j: ['STRUCT("x" INTEGER)', [{ x: 1 }]],
    };
    expect(textOf('tsv', row)).toBe(
      '1152921504606846976\t0.1\t-1.50\t1970-01-02\t1970-01-01T00:00:01.500000\ttrue\t/wABAg==\t["a\\tb",null]\t\t{"x":1}\n',
    );
  });

  test('S-22: a line feed within a text, or a tab before the last column, is an error that names the row', () => {
    const lines = failureOf(() => textOf('lines', { a: ['VARCHAR', ['x']] }, { a: ['VARCHAR', ['y', null, 'z\nz']] }));
    expect(lines).toMatchObject({ reason: 'author', code: 'guest-format', message: expect.stringContaining('Row 4') });
    expect(failureOf(() => textOf('tsv', { a: ['VARCHAR', ['x\ty']], b: ['VARCHAR', ['z']] })).message).toContain('a tab');
    expect(textOf('tsv', { a: ['VARCHAR', ['x']], b: ['VARCHAR', ['y\tz']] })).toBe('x\ty\tz\n');
  });

  test('S-23: JSON lines', () => {
    const table: Values = {
      'a"b': ['VARCHAR', ['x\n"', null]],
      n: ['BIGINT', [5n, -(2n ** 62n)]],
      m: ['MAP(VARCHAR, DOUBLE)', [[['k', Number.NaN]], []]],
    };
    expect(textOf('jsonl', table)).toBe(
      '{"a\\"b":"x\\n\\"","n":5,"m":[["k","NaN"]]}\n{"a\\"b":null,"n":"-4611686018427387904","m":[]}\n',
    );
  });

  test('S-24: one Arrow stream of all, under the names given', () => {
    const table = tableOf({ a: ['INTEGER', [1, 2]] }, { a: ['INTEGER', []] }, { a: ['INTEGER', [3]] });
    const pieces = [...stdinPieces('arrow', { ...table, columns: [{ name: 'name', wire: 'INTEGER' }] })];
    const { rows, columns } = read('arrow', new Uint8Array(pieces.flatMap((piece) => [...piece])));
    expect(rows).toEqual([[1], [2], [3]]);
    expect(columns).toEqual([{ name: 'name', wire: 'INTEGER' }]);
  });

  test('S-25: bytes with nothing between, and only one such column', () => {
    expect([
      ...bytesOf('raw', { a: ['BLOB', [Uint8Array.of(1, 2), null, Uint8Array.of(3)]] }, { a: ['BLOB', [Uint8Array.of(4)]] }),
    ]).toEqual([1, 2, 3, 4]);
    expect(failureOf(() => textOf('raw', { a: ['INTEGER', [1]] }))).toMatchObject({ code: 'guest-format' });
    expect(failureOf(() => textOf('raw', { a: ['BLOB', []], b: ['BLOB', []] })).message).toContain('b BLOB');
  });

  test('long input comes in pieces', () => {
    const values = Array.from({ length: 30_000 }, (_, i) => `line ${i}`);
    const pieces = [...stdinPieces('lines', tableOf({ a: ['VARCHAR', values] }))];
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(70_000);
    expect(textOf('lines', { a: ['VARCHAR', values] })).toBe(values.map((value) => `${value}\n`).join(''));
  });
});

describe('stdout', () => {
  test('S-40: lines', () => {
    expect(read('lines', 'a\n\nb\r\nlast')).toMatchObject({
      columns: [{ name: 'line', wire: 'VARCHAR' }],
      rows: [['a'], [''], ['b\r'], ['last']],
    });
    expect(read('lines', 'a\n').rows).toEqual([['a']]);
    expect(read('lines', '').rows).toEqual([]);
  });

  test('S-41: a key and what follows the first tab', () => {
    const { columns, rows } = read('tsv', 'k\tv\nk\n\tv\tw\n\t');
    expect(columns.map((column) => column.name)).toEqual(['key', 'value']);
    expect(rows).toEqual([
      ['k', 'v'],
      ['k', null],
      ['', 'v\tw'],
      ['', ''],
    ]);
  });

  test('S-42: JSON lines into the columns of a schema', () => {
    const schema: WireColumn[] = [
      { name: 'id', wire: 'BIGINT' },
      { name: 'tags', wire: 'VARCHAR[]' },
      { name: 'at', wire: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'd', wire: 'DECIMAL(5,2)' },
    ];
    const output =
      '{"id":"9223372036854775807","tags":["a",null],"at":"1970-01-01T01:00:00.5+01:00","d":"-1.5","other":1}\n{"d":2}\n';
    expect(read('jsonl', output, schema).rows).toEqual([
      [2n ** 63n - 1n, ['a', null], 500_000n, '-1.50'],
      [null, null, null, '2.00'],
    ]);
  });

  test('S-42: lines that do not fit are told by number and column', () => {
    const schema = [{ name: 'n', wire: 'INTEGER' }];
    const message = (output: string | Uint8Array) => failureOf(() => read('jsonl', output, schema)).message;
    expect(message('{"n":1}\n{"n":2147483648}\n')).toMatch(/^Line 2 .* wrong n: 2147483648 is no INTEGER/);
    expect(message('{"n":1}\n{n:1}')).toMatch(/^Line 2 .* is no JSON/);
    expect(message('[1]')).toMatch(/^Line 1 .* is no JSON object/);
    expect(message('{"n":"abc"}')).toContain('"abc" is no INTEGER');
    expect(message(Uint8Array.of(0x7b, 0xff))).toContain('no UTF-8');
    expect(failureOf(() => read('jsonl', '{"n":9007199254740993}', [{ name: 'n', wire: 'BIGINT' }])).message).toContain(
      'is no BIGINT',
    );
  });

  test('S-43: Arrow streams in canonical form, checked against the schema of the job', () => {
    const bytes = streamOf([{ name: 'x', wire: 'DOUBLE', values: [1.5, null] }]);
    expect(read('arrow', bytes).rows).toEqual([[1.5], [null]]);
    expect(read('arrow', bytes, [{ name: 'y', wire: 'DOUBLE' }]).columns).toEqual([{ name: 'y', wire: 'DOUBLE' }]);
    expect(failureOf(() => read('arrow', bytes, [{ name: 'y', wire: 'BIGINT' }])).message).toContain('came as DOUBLE');
    expect(failureOf(() => read('arrow', 'no arrow at all')).code).toBe('guest-format');
    expect(failureOf(() => read('arrow', bytes.slice(0, bytes.length - 100))).code).toBe('guest-format');
    expect(failureOf(() => read('arrow', '')).code).toBe('guest-format');
  });

  test('S-44: raw bytes are one row', () => {
    const { columns, rows } = read('raw', Uint8Array.of(0, 255, 10), undefined, [1]);
    expect(columns).toEqual([{ name: 'bytes', wire: 'BLOB' }]);
    expect(rows).toEqual([[Uint8Array.of(0, 255, 10)]]);
    expect(read('raw', '').rows).toEqual([]);
  });

  test('S-45: text that is no UTF-8 is refused, also where it would be with its neighbour', () => {
    const [first, second] = [0xc3, 0xa9];
    expect(read('lines', Uint8Array.of(first, second, 10)).rows).toEqual([['é']]);
    const split = failureOf(() => read('lines', Uint8Array.of(0x61, 10, first, 10, second, 10)));
    expect(split).toMatchObject({ reason: 'author', code: 'guest-format', message: expect.stringContaining('Row 2') });
    expect(failureOf(() => read('tsv', Uint8Array.of(0x61, 9, 0xff))).message).toContain('column value');
    expect(failureOf(() => read('tsv', Uint8Array.of(first, 9, second))).message).toContain('column key');
  });

  test('S-45: Arrow offsets that lie are refused', () => {
    const bytes = streamOf([{ name: 's', wire: 'VARCHAR', values: ['ab', 'cd', 'ef'] }]);
    const offsets = find(bytes, Int32Array.of(0, 2, 4, 6));
    const forged = (at: number, value: number) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setInt32(offsets + 4 * at, value, true);
      return failureOf(() => read('arrow', copy)).message;
    };
    expect(forged(1, 5)).toContain('fall at row 2');
    expect(forged(0, -4)).toContain('below zero');
    expect(forged(3, 1 << 20)).toContain('are needed');
    expect(forged(1, -1)).toContain('fall at row 1');
  });

  test('S-45, S-46: text and NaNs deep inside nested values', () => {
    const wire = 'STRUCT("t" VARCHAR, "f" FLOAT[])[]';
    const bytes = streamOf([{ name: 'n', wire, values: [[{ t: 'AAAA', f: [1.5] }], [{ t: 'BBBB', f: [Number.NaN] }]] }]);
    const nan = find(bytes, Uint32Array.of(0x7fc00000));
    const odd = bytes.slice();
    new DataView(odd.buffer).setUint32(nan, 0xffc00001, true);
    expect(read('arrow', odd).bytes).toEqual(bytes);
    odd[find(bytes, new TextEncoder().encode('BBBB'))] = 0xff;
    expect(failureOf(() => read('arrow', odd)).message).toContain('Row 2');
    const double = streamOf([{ name: 'd', wire: 'DOUBLE', values: [Number.NaN] }]);
    const negative = double.slice();
    new DataView(negative.buffer).setBigUint64(find(double, BigUint64Array.of(0x7ff8000000000000n)), 0xfff8000000000000n, true);
    expect(read('arrow', negative).bytes).toEqual(double);
  });

  test('how the output is cut changes nothing (seeded)', () => {
    const random = new Prng(20_261_123);
    const lines = Array.from({ length: 60_000 }, () => 'abcdefgh é\t'.slice(0, random.below(12)));
    const bytes = new TextEncoder().encode(lines.join('\n'));
    for (const format of ['lines', 'tsv'] as const) {
      const whole = read(format, bytes).bytes;
      for (let round = 0; round < 5; round++) {
        const cuts = Array.from({ length: 1 + random.below(40) }, () => random.below(bytes.length)).sort((a, b) => a - b);
        expect(Buffer.compare(read(format, bytes, undefined, cuts).bytes, whole)).toBe(0);
      }
    }
  });
});

/** Where the words stand in the bytes. */
function find(bytes: Uint8Array, words: Int32Array | Uint32Array | BigUint64Array | Uint8Array): number {
  const needle = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(needle);
  expect(at).toBeGreaterThan(0);
  return at;
}
