/**
 * What the examples have in common: each describes its jobs as plain data and loops, so that a test in Node and a lesson in a page run
 * the same. Who runs one brings its datasets and the code of its guests.
 */
import type { Cell, JobHandle } from '../client/index.ts';
import type { AuthorColumn, AuthorPlan, AuthorRelation } from '../shared/plan/author-plan.ts';

export type Language = 'AssemblyScript' | 'C' | 'Rust' | 'Go' | 'JavaScript';

/** A guest before it is compiled. */
export interface GuestSource {
  readonly language: Language;
  /** From the root of the repository: a file, or the folder of a Go program. */
  readonly source: string;
  /** batch: functions over columns; stream: a program with stdin and stdout; script: JavaScript that travels in the plan as it is. */
  readonly kind: 'batch' | 'stream' | 'script';
}

/** Data that an example reads: the demo's own, or the text of a CSV file that it makes. */
export type Input = 'flights' | 'airports' | (() => string);

export type Rows = readonly (readonly Cell[])[];

/** What an example is given to run with. */
export interface Context {
  /** For each name in `guests`: a module's digest, or a script's source. */
  readonly code: (name: string) => string;
  readonly submit: (plan: AuthorPlan) => Promise<JobHandle>;
  /** Called after each step of an example that has several jobs, with what is known then. */
  readonly onStep?: (state: unknown) => void;
}

export interface Example<Answer> {
  /** The folder's name; with the language where there are several. */
  readonly name: string;
  /** What it computes, in one line. */
  readonly title: string;
  /** By the names that its plans use. */
  readonly inputs: Readonly<Record<string, Input>>;
  readonly guests: Readonly<Record<string, GuestSource>>;
  run(context: Context): Promise<Answer>;
}

/** Relations by name, in order; the last one is the result. What is cached stays loaded in the tabs' slots: loops read it. */
export function planOf(relations: Readonly<Record<string, AuthorRelation>>, cache: readonly string[] = []): AuthorPlan {
  const names = Object.keys(relations);
  return {
    relations: Object.entries(relations).map(([name, relation]) => ({ name, relation })),
    result: names.at(-1) ?? '',
    ...(cache.length === 0 ? {} : { cache: cache.map((name) => ({ name, level: 'memory' as const })) }),
  };
}

export const sql = (text: string): AuthorRelation => ({ kind: 'sql', sql: text });

/** Few rows that are much work: in so many partitions, each of which is a task. */
export const spread = (input: string, partitions: number): AuthorRelation => ({ kind: 'repartition', input, partitions });

/** `columns('word VARCHAR', 'n BIGINT')` */
export function columns(...described: readonly string[]): AuthorColumn[] {
  return described.map((text) => {
    const [name = '', ...type] = text.split(' ');
    return { name, type: type.join(' ') };
  });
}

export async function rowsOf(plan: AuthorPlan, { submit }: Context): Promise<Rows> {
  return (await (await submit(plan)).rows()).rows;
}

/** Rows by column name, each as soon as the coordinator has it, while the job still runs. */
export async function* rowsAsTheyCome(job: JobHandle): AsyncGenerator<Readonly<Record<string, Cell>>> {
  // Not every browser lets a stream be iterated.
  const reader = (await job.result('ndjson')).body?.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const piece = await reader?.read();
      if (piece?.value === undefined) return;
      const lines = (rest + decoder.decode(piece.value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  } finally {
    // Who stops reading needs no more of it; on a body that has ended or broken off this does nothing.
    await reader?.cancel().catch(() => {});
  }
}
