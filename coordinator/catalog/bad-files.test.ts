import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CatalogRoom, VEGA } from './testing/room.ts';

let room: CatalogRoom;
beforeEach(async () => {
  room = await CatalogRoom.open();
});
afterEach(async () => {
  // Whatever happened, nothing half done is left lying about.
  expect(await room.leftovers()).toEqual([]);
  await room.close();
});

const FLIGHTS = join(VEGA, 'flights-3m.parquet');
const AIRPORTS = join(VEGA, 'airports.csv');
const ingest = (name: string, path: string, more: object = {}) => room.ingest(name, path, more);
const makeFile = (name: string, sql: string) => room.makeFile(name, sql);

describe('what cannot be read', () => {
  const write = async (name: string, content: string | Buffer) => {
    const path = join(room.dir, name);
    await writeFile(path, content);
    return path;
  };

  test('a cut and a damaged parquet file', async () => {
    const whole = await readFile(FLIGHTS);
    const cut = await write('cut.parquet', whole.subarray(0, 100_000));
    await expect(ingest('d', cut)).rejects.toMatchObject({
      code: 'bad-file',
      status: 400,
      message: expect.stringMatching(/No magic bytes.*cut\.parquet/),
      hint: expect.any(String),
    });
    const damaged = await write('damaged.parquet', Buffer.from(whole).fill(7, 3_000_000, 3_100_000));
    await expect(ingest('d', damaged)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('damaged.parquet'),
    });
    expect(room.catalog.list()).toEqual([]);
    expect(room.blocks.usage().blocks).toBe(0);
  });

  test('a CSV with a line too long, with the line', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i},x`);
    lines[3000] = '1,2,3,4';
    await expect(ingest('d', await write('late.csv', `a,b\n${lines.join('\n')}\n`))).rejects.toMatchObject({
      code: 'bad-file',
      line: 3002,
      message: expect.stringContaining('Expected Number of Columns: 2'),
      hint: expect.stringContaining('Correct the line'),
    });
    await expect(ingest('d', await write('ragged.csv', 'a,b,c\n1,2,3\n4,5\n6,7,8,9,10\n'))).rejects.toMatchObject({
      code: 'bad-file',
      line: 3,
    });
    await expect(ingest('d', await write('latin.csv', Buffer.from('a,b\nZ\xfcrich,2\n', 'latin1')))).rejects.toMatchObject({
      code: 'bad-file',
      line: 2,
    });
  });

  test('JSON that ends too soon, and a file of noise', async () => {
    await expect(ingest('d', await write('a.json', '[{"a":1},{"a":'))).rejects.toMatchObject({ code: 'bad-file' });
    await expect(ingest('d', await write('noise', Buffer.from([0, 1, 2, 3, 0, 255])))).rejects.toMatchObject({
      code: 'unknown-format',
      status: 400,
    });
    await expect(ingest('d', await write('noise.arrow', 'not arrow at all, but long enough to look'))).rejects.toMatchObject({
      status: 400,
    });
    await expect(ingest('d', AIRPORTS, { format: 'xlsx' })).rejects.toMatchObject({ code: 'unknown-format' });
    await expect(ingest('d', join(room.dir, 'none.csv'))).rejects.toMatchObject({ code: 'file-not-readable' });
    await expect(ingest('d', room.dir)).rejects.toMatchObject({ code: 'file-not-readable' });
  });

  test('types and values that cannot be kept, by column', async () => {
    const union = await makeFile('u.parquet', "COPY (SELECT 1::VARIANT AS v) TO '$FILE' (FORMAT parquet)");
    await expect(ingest('d', union)).rejects.toMatchObject({ code: 'unsupported-type', message: expect.stringContaining('"v"') });
  });

  test('names that are no identifiers', async () => {
    for (const name of ['', 'a b', '1a', 'a;b', 'x'.repeat(129), 'café']) {
      await expect(ingest(name, AIRPORTS)).rejects.toMatchObject({ code: 'dataset-name', status: 400 });
    }
    await expect(ingest('my data-set', AIRPORTS)).rejects.toMatchObject({ hint: expect.stringContaining('my_data_set') });
  });

  test('columns without a name or with the same one are told apart', async () => {
    const { record } = await ingest('d', await write('dup.csv', 'a,a,A,,\n1,2,3,4,5\n'));
    expect(new Set(record.columns.map(({ name }) => name.toLowerCase())).size).toBe(5);
  });

  test('a file with a header and no rows is a dataset of none', async () => {
    const path = await makeFile('none.parquet', "COPY (SELECT 1 AS a WHERE false) TO '$FILE' (FORMAT parquet)");
    const { record } = await ingest('d', path);
    expect([record.rows, record.chunks, record.columns.length]).toEqual([0, [], 1]);
  });
});

describe('the child', () => {
  test('a cancelled ingest ends at once and leaves nothing', async () => {
    const controller = new AbortController();
    const running = ingest('flights', FLIGHTS, {
      signal: controller.signal,
      onProgress: ({ rows }: { rows: number }) => rows > 0 && controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'ingest-cancelled' });
    expect(room.catalog.pending()).toEqual([]);
    expect(room.blocks.usage().blocks).toBe(0);
    expect((await ingest('flights', AIRPORTS)).created).toBe(true);
  });

  test('a crash fails one request', async () => {
    const crashing = join(room.dir, 'crash.mjs');
    await writeFile(
      crashing,
      "process.on('message', () => { console.error('last words'); process.kill(process.pid, 'SIGSEGV'); });",
    );
    const other = await CatalogRoom.open({ childEntry: crashing });
    await expect(other.catalog.ingest({ name: 'd', path: AIRPORTS, owner: 'admin' })).rejects.toMatchObject({
      code: 'ingest-crashed',
      status: 500,
      message: expect.stringContaining('SIGSEGV'),
    });
    await other.close();
  });

  test('too little memory is an error that says so', async () => {
    const other = await CatalogRoom.open({ memoryLimitBytes: 64 * 1024 * 1024 });
    const wide = await makeFile(
      'wide.parquet',
      "COPY (SELECT repeat('x' || range, 20000) AS t FROM range(6000)) TO '$FILE' (FORMAT parquet, ROW_GROUP_SIZE 6000)",
    );
    await expect(other.catalog.ingest({ name: 'd', path: wide, owner: 'admin' })).rejects.toMatchObject({ code: 'memory-limit' });
    await other.close();
  });

  test('no room for the chunks is a disk-full error, and the dataset is not there', async () => {
    const { CoordinatorBlocks } = await import('../blocks/coordinator-blocks.ts');
    const small = await CoordinatorBlocks.open({ dir: join(room.dir, 'small'), chunksCapBytes: 10_000 });
    const other = await CatalogRoom.open({ blocks: small });
    await expect(other.catalog.ingest({ name: 'd', path: AIRPORTS, owner: 'admin' })).rejects.toMatchObject({
      code: 'disk-full',
      status: 507,
    });
    expect([other.catalog.list(), small.usage().blocks]).toEqual([[], 0]);
    await other.close();
  });
});
