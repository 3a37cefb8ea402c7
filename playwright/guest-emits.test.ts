/** What hostile guests emit and call, in a real tab: nothing that they point at is believed, and no failure can be caught. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guest, wat } from '../shared/guest/testing/wat.ts';
import { CData, emitting, IMAGE_AT } from '../web-worker-client/guest/testing/c-data.ts';
import { type Answer, GuestLab } from './guest-lab.ts';

let lab: GuestLab;

beforeAll(async () => {
  lab = await GuestLab.start();
}, 60_000);

afterAll(() => lab.close());

const INTEGER = [{ name: 'x', type: 'INTEGER' }];
const TEXT = [{ name: 'who', type: 'VARCHAR' }];

describe('what is emitted', () => {
  test('pointers out of range', async () => {
    for (const [buffer, words] of [
      [2 ** 32 - 4, '12 bytes from 4294967292'],
      [262_140, '12 bytes from 262140; the memory has 262144 bytes'],
      [0, 'a null pointer'],
    ] as const) {
      const data = new CData();
      const array = data.array({ length: 3, buffers: [0, buffer] });
      const answer = await lab.hostile(emitting(data, data.root(data.schema({ format: 'i' }), array, 3)), { schema: INTEGER });
      expect(answer.code).toBe('guest-emit');
      expect(answer.detail).toContain(words);
    }
  });

  test('structs out of range', async () => {
    const data = new CData();
    const answer = await lab.hostile(emitting(data, { schema: 2 ** 31, array: IMAGE_AT }), { schema: INTEGER });
    expect(answer).toMatchObject({ code: 'guest-emit', detail: expect.stringContaining('48 bytes from 2147483648') });
  });

  test('overlapping and misaligned buffers are read as they lie', async () => {
    const data = new CData();
    const at = data.bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0], 8, 3);
    const one = data.array({ length: 2, buffers: [0, at] });
    const two = data.array({ length: 2, buffers: [0, at + 4] });
    const schema = data.schema({ format: '+s', children: [data.schema({ format: 'i' }), data.schema({ format: 'i' })] });
    const array = data.array({ length: 2, nullCount: 0, buffers: [0], children: [one, two] });
    const columns = ['x', 'y'].map((name) => ({ name, type: 'INTEGER' }));
    const answer = await lab.hostile(emitting(data, { schema, array }), { schema: columns });
    expect(answer.rows).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  const texts = (offsets: readonly number[], bytes: readonly number[]): Promise<Answer> => {
    const data = new CData();
    const length = offsets.length - 1;
    const array = data.array({ length, buffers: [0, data.values(Int32Array.from(offsets)), data.bytes(bytes)] });
    const root = data.root(data.schema({ format: 'u', name: 'who' }), array, length);
    return lab.hostile(emitting(data, root), { schema: TEXT });
  };

  test('bad UTF-8', async () => {
    const answer = await texts([0, 1, 2], [97, 0xff]);
    expect(answer).toMatchObject({ code: 'guest-emit', detail: expect.stringContaining('the string in row 1 is no UTF-8') });
  });

  test('offsets that lie', async () => {
    for (const [offsets, words] of [
      [[0, 3, 2], 'offset 2 is 2, the one before 3'],
      [[-1, 0, 2], 'offset 0 is -1'],
      [[0, 1, 1_000_000_000], '1000000000 bytes from'],
    ] as const) {
      const answer = await texts(offsets, [97, 98, 99]);
      expect(answer).toMatchObject({ code: 'guest-emit', detail: expect.stringContaining(words) });
    }
  });
});

describe('after a failure', () => {
  const FAIL = '(call $fail (i32.const 200) (i32.const 4))';
  const more = '(data (i32.const 200) "oops")';

  test('fail', async () => {
    const answer = await lab.hostile(guest({ body: `${FAIL} (i32.const 0)`, more }));
    expect(answer).toMatchObject({ code: 'guest-fail', detail: expect.stringContaining('oops') });
  });

  test('catch_all around fail, then success: not believed', async () => {
    const body = `(try (do ${FAIL}) (catch_all)) (i32.const 0)`;
    const answer = await lab.hostile(guest({ body, more }));
    expect(answer).toMatchObject({ code: 'guest-fail', detail: expect.stringContaining('oops') });
  });

  test('imports called after a failure do nothing, however often it is caught', async () => {
    const body = `(loop $again
        (try (do ${FAIL}) (catch_all))
        (try (do (call $log (i32.const 1) (i32.const 200) (i32.const 4))) (catch_all))
        (try (do (call $emit (i32.const 0) (local.get $schema) (local.get $array))) (catch_all))
        (local.set $event (i32.add (local.get $event) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $event) (i32.const 1000))))
      (call $emit (i32.const 0) (local.get $schema) (local.get $array)) (i32.const 0)`;
    const answer = await lab.hostile(guest({ body, more }));
    expect(answer).toMatchObject({ code: 'guest-fail', detail: expect.stringContaining('oops') });
    expect(answer.detail).not.toContain('logged last');
  });
});

describe('what is out of reach', () => {
  const NAMES = [
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'EventSource',
    'importScripts',
    'indexedDB',
    'caches',
    'localStorage',
    'sessionStorage',
    'navigator',
    'location',
    'document',
    'window',
    'self',
    'postMessage',
    'Worker',
    'BroadcastChannel',
    'WebAssembly',
    'process',
    'require',
  ];

  test('scripts: network, storage, DOM and the worker around them', async () => {
    const source = `
      const names = ${JSON.stringify(NAMES)};
      const root = (0, eval)('this') ?? globalThis;
      const found = names.filter((n) => n in globalThis || n in root || new Function('return typeof ' + n)() !== 'undefined');
      const imported = []; 
      import('https://example.org/x.js').then(() => imported.push('https'), () => undefined);
      export const f = ({ x }) => ({ who: [...found, ...imported].join() });`;
    const answer = await lab.survives((options) =>
      lab.guest({ kind: 'script', source, function: 'f' }, { operation: 'map', schema: TEXT, options }),
    );
    expect(answer.rows).toEqual([['']]);
  });

  test('modules of both ABIs: whatever they import from elsewhere is refused', async () => {
    for (const [module, name] of [
      ['env', 'fetch'],
      ['window', 'document'],
      ['env', 'importScripts'],
      ['wasi_snapshot_preview1', 'sock_connect'],
    ]) {
      const imports = `(import "${module}" "${name}" (func $out))`;
      const batch = await lab.upload(guest({ imports, body: '(call $out) (i32.const 0)' }));
      expect(batch).toMatchObject({ code: 'module-import', detail: expect.stringContaining(name ?? '') });
      const program = wat(`(module ${imports} (memory (export "memory") 1) (func (export "_start") (call $out)))`);
      expect(await lab.upload(program)).toMatchObject({ code: 'module-import', detail: expect.stringContaining(name ?? '') });
    }
  });
});
