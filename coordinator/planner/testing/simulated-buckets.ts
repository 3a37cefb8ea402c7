/** Tasks of a branch that reads bucket-wise: runs of neighbouring buckets, and one bucket split as the core may split it. */
import type { Branch } from '../../../shared/plan/physical.ts';

export interface ReadBuckets {
  readonly buckets: readonly number[];
  /** Output tables of upstream tasks, in order. */
  readonly tables: readonly string[];
}

export interface BucketOptions {
  readonly runBuckets?: number;
  readonly splitBuckets?: boolean;
}

/** Per task, what it reads of each bucket-wise input; undefined for inputs that are read whole. */
export function bucketTasks(
  branch: Branch,
  count: number,
  tablesOf: (stage: number) => readonly string[],
  options: BucketOptions,
): readonly (readonly (ReadBuckets | undefined)[])[] {
  const isEach = branch.inputs.some((i) => i.kind === 'stage' && i.each);
  const { runBuckets = 5, splitBuckets = false } = isEach ? { runBuckets: 1 } : options;
  const all = branch.inputs.map((i) => (i.kind === 'stage' && i.read === 'partition' ? tablesOf(i.stage) : undefined));
  const [parted] = branch.splittable ?? [];
  const isSplit = splitBuckets && parted !== undefined && (all[parted]?.length ?? 0) > 1;
  const tasks: (readonly (ReadBuckets | undefined)[])[] = [];
  let from = 0;
  if (isSplit) {
    // A bucket in the middle, in two parts.
    const at = Math.floor(count / 2);
    for (let b = 0; b < at; b += runBuckets) tasks.push(whole(all, range(b, Math.min(at, b + runBuckets))));
    const tables = all[parted] ?? [];
    const middle = Math.ceil(tables.length / 2);
    for (const part of [tables.slice(0, middle), tables.slice(middle)])
      tasks.push(all.map((t, i) => t && { buckets: [at], tables: i === parted ? part : t }));
    from = at + 1;
  }
  for (let b = from; b < count; b += runBuckets) tasks.push(whole(all, range(b, Math.min(count, b + runBuckets))));
  return tasks;
}

function whole(
  all: readonly (readonly string[] | undefined)[],
  buckets: readonly number[],
): readonly (ReadBuckets | undefined)[] {
  return all.map((tables) => tables && { buckets, tables });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
