/**
 * A fake engine with answers that can be computed: a block's rows follow from its fragment and the rows it read, and its digests from
 * the rows. So a task that reads a wrong slice makes a wrong block, and in the end a wrong answer.
 */
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import { digestOfBlock, sha256Hex } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { BucketInfo, TaskSpec } from '../../shared/plan/task.ts';
import { bucketOf, evaluate, type FakeRow, isCounting, KEYS, rowsOfChunk } from '../core/testing/fake-engine.ts';

/** The bytes of one bucket. `digest` is what they are, whatever anyone says that they are. */
export interface Bytes {
  readonly digest: Digest;
  readonly rows: readonly FakeRow[];
}

/** A block's bytes with what is said of them. */
export interface Copy {
  readonly blockId: BlockId;
  readonly digest: Digest;
  readonly infos: readonly BucketInfo[];
  readonly buckets: readonly Bytes[];
  /** What its guests counted. */
  readonly accumulators?: Accumulators;
}

/** Bytes of a bucket without rows. */
const STREAM_BYTES = 300;
const KNOWN_MOST = 20_000;
const digests = new Map<string, Digest>();

function digestOfText(text: string): Digest {
  const known = digests.get(text);
  if (known !== undefined) return known;
  const digest = sha256Hex(text) as Digest;
  if (digests.size >= KNOWN_MOST) digests.clear();
  digests.set(text, digest);
  return digest;
}

/** What a task does: its slices' bytes by `bucketKey`. `variant`: another order of unordered rows, other rows of indeterminate ones. */
export function runTask(
  task: TaskSpec,
  bytes: ReadonlyMap<string, Bytes>,
  options: { readonly rowBytes: number; readonly variant: number },
): Copy {
  const rows = evaluate(task, inputsOf(task, bytes));
  const kind = task.title.includes('indeterminate') ? 'indeterminate' : task.title.includes('unordered') ? 'unordered' : '';
  const variant = kind === '' ? 0 : options.variant;
  if (kind === 'indeterminate') rows.push([variant % KEYS, 100 + variant]);
  return makeCopy(task, rows, variant, options.rowBytes);
}

function makeCopy(task: TaskSpec, rows: readonly FakeRow[], variant: number, rowBytes: number): Copy {
  const { blockId } = task;
  const { partitioning } = task.output;
  const parts = Array.from({ length: partitioning.kind === 'single' ? 1 : partitioning.count }, (): FakeRow[] => []);
  for (const row of rows) parts[bucketOf(row, partitioning)]?.push(row);
  const buckets = parts.map((part): Bytes => ({ digest: digestOfText(`${variant} ${part.join(' ')}`), rows: part }));
  const infos = buckets.map(({ digest, rows: part }) => ({
    rows: part.length,
    bytes: STREAM_BYTES + part.length * rowBytes,
    digest,
  }));
  const accumulators = countedBy(task, rows);
  return { blockId, digest: digestOfBlock(infos, accumulators), infos, buckets, ...(accumulators && { accumulators }) };
}

/** As guests count that call `count`: the blocks they make, and their rows. */
function countedBy(task: TaskSpec, rows: readonly FakeRow[]): Accumulators | undefined {
  return isCounting(task) ? { blocks: 1, rows: rows.length } : undefined;
}

/** What is said of the copy is not what it is: its first bucket with rows has another digest, and so has the block. */
export function liedAbout({ blockId, infos, buckets, accumulators }: Copy): Copy {
  const at = Math.max(
    0,
    infos.findIndex(({ rows }) => rows > 0),
  );
  const said = infos.map((info, i) => (i === at ? { ...info, digest: digestOfText(`a lie about ${info.digest}`) } : info));
  return { blockId, digest: digestOfBlock(said, accumulators), infos: said, buckets, ...(accumulators && { accumulators }) };
}

export function bucketKey(blockId: string, bucket: number): string {
  return `${blockId}/${bucket}`;
}

function inputsOf(task: TaskSpec, bytes: ReadonlyMap<string, Bytes>): FakeRow[][] {
  return task.inputs.map((input) => {
    if (input.kind === 'module') return [];
    if (input.kind === 'slices') return input.slices.flatMap((slice) => [...rowsOfSlice(slice, bytes)]);
    const [column] = input.run.columns;
    return (column?.slices ?? []).flatMap(({ blockId }) => rowsOfChunk(task, blockId));
  });
}

function rowsOfSlice(slice: { readonly blockId: BlockId; readonly bucket: number }, bytes: ReadonlyMap<string, Bytes>) {
  const found = bytes.get(bucketKey(slice.blockId, slice.bucket));
  if (!found) throw new Error(`a tab ran a task without slice ${slice.bucket} of ${slice.blockId}`);
  return found.rows;
}

/** The copy with one bucket's bytes damaged; what is said of it stays. */
export function damaged(copy: Copy, bucket: number): Copy {
  const buckets = copy.buckets.map((bytes, i) => {
    if (i !== bucket) return bytes;
    const rows: FakeRow[] = [...bytes.rows, [1, 1000]];
    return { digest: digestOfText(`damaged ${rows.join(' ')}`), rows };
  });
  return { ...copy, buckets };
}

export function isDamaged({ infos, buckets }: Copy): boolean {
  return buckets.some((bytes, i) => bytes.digest !== infos[i]?.digest);
}

export function bytesOf({ infos }: Copy): number {
  return infos.reduce((sum, info) => sum + info.bytes, 0);
}
